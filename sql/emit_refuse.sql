-- What is no streaming query says so, with the place where that can be seen.
CREATE SCHEMA emit_refuse;
SET search_path = emit_refuse;
CREATE TABLE item (id int, kind text, at timestamptz, day date);
CREATE FUNCTION try_query(sql text) RETURNS TABLE (state text, message text, place text, detail text, hint text) LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    SELECT count(*) INTO n FROM weir.query_json(sql) j;
    message := 'taken';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;
\pset format unaligned
\pset null -
SELECT q AS query, t.state, t.message, t.detail, t.hint FROM unnest(ARRAY[
    '', '-- nothing', ';',
    'SELECT 1; SELECT 2', 'SELECT 1;', 'SELECT 1;;',
    'DELETE FROM item', 'UPDATE item SET id = 1', 'INSERT INTO item VALUES (1)', 'VALUES (1), (2)', 'TABLE item',
    'CREATE TABLE x ()', 'SET work_mem = 1', 'EXPLAIN SELECT 1', 'CALL x()', 'COPY item TO STDOUT', 'BEGIN',
    'SELECT 1 AS a INTO x', 'CREATE TABLE x AS SELECT 1',
    'WITH d AS (DELETE FROM item RETURNING 1) SELECT * FROM d',
    'SELECT id FROM item FOR UPDATE', 'SELECT $1',
    'SELECT kind FROM item GROUP BY kind ORDER BY kind EMIT CHANGES',
    'SELECT DISTINCT kind FROM item EMIT CHANGES',
    'SELECT kind FROM item UNION SELECT kind FROM item EMIT CHANGES',
    'SELECT count(*), row_number() OVER () FROM item EMIT CHANGES',
    'SELECT array_agg(id) FROM item EMIT CHANGES',
    'SELECT count(DISTINCT id) FROM item EMIT CHANGES',
    'SELECT kind, count(*) FROM item GROUP BY ROLLUP (kind) EMIT CHANGES',
    'SELECT id FROM item EMIT FINAL',
    'SELECT kind, count(*) FROM item GROUP BY kind EMIT FINAL',
    'SELECT weir.tumble(day, ''1 day''), count(*) FROM item GROUP BY 1 EMIT FINAL',
    'SELECT weir.tumble(at, ''1 month''), count(*) FROM item GROUP BY 1 EMIT FINAL',
    'SELECT weir.tumble(at, ''1 day''), count(*) FROM item GROUP BY 1 EMIT FINAL',
    'SELECT id FROM item EMIT CHANGES', 'SELECT id FROM item LIMIT 3 EMIT CHANGES;']) q, try_query(q) t;
\pset format aligned
\pset null ''

-- Malformed clauses, with their positions.
SELECT * FROM weir.query('SELECT id FROM item GROUP BY id EMIT CHANGE') AS q(id int);
SELECT * FROM weir.query('SELECT id FROM item GROUP BY id EMIT CHANGES LIMIT 3') AS q(id int);
SELECT * FROM weir.query('SELECT id FROM (SELECT id FROM item GROUP BY id EMIT FINAL) i') AS q(id int);
SELECT * FROM weir.query('SELECT id FROM item GROUP BY id EMIT') AS q(id int);
SELECT * FROM weir.query('SELECT id FROM item GROUP BY id EMIT CHANGES EMIT FINAL') AS q(id int);
SELECT * FROM weir.query('SELECT nothing FROM item EMIT CHANGES') AS q(id int);
SELECT * FROM weir.query('SELECT ''unfinished FROM item EMIT CHANGES') AS q(id int);
SELECT * FROM weir.query('EMIT CHANGES') AS q(id int);
-- "emit" is a name like any other elsewhere, and nothing in strings, comments and quotes.
SELECT * FROM weir.query('SELECT 1 emit') AS q(a int);
SELECT * FROM weir.query('WITH emit AS (SELECT 5 AS x) SELECT changes.x FROM emit changes') AS q(a int);
SELECT * FROM weir.query('WITH emit AS (SELECT 5 AS final) SELECT emit.final FROM emit') AS q(a int);
SELECT * FROM weir.query('WITH t AS (SELECT 5 AS emit) SELECT emit changes FROM t') AS q(a int);
SELECT * FROM weir.query('SELECT ''emit changes'' /* emit final */ -- emit changes') AS q(a text);
SELECT * FROM weir.query('SELECT 1 AS "emit changes"') AS q(a int);
SELECT * FROM weir.query('SELECT $$ EMIT CHANGES$$') AS q(a text);
SELECT * FROM weir.query('SELECT count(*) FROM item WHERE false /* c */ emit /* c */ Changes -- done
;') AS q(a bigint);

-- Arguments.
SELECT * FROM weir.query(NULL) AS q(a int);
SELECT * FROM weir.query('SELECT 1', emit => 'sometimes') AS q(a int);
SELECT * FROM weir.query('SELECT count(*) FROM item EMIT CHANGES', emit => 'final') AS q(a bigint);
SELECT * FROM weir.query('SELECT count(*) FROM item', emit => 'changes') AS q(a bigint);
SELECT * FROM weir.query('SELECT 1', lateness => '1 s') AS q(a int);
SELECT * FROM weir.query('SELECT count(*) FROM item', 'changes', '1 month') AS q(a bigint);
SELECT * FROM weir.query('SELECT count(*) FROM item', 'changes', '-1 s') AS q(a bigint);
SELECT * FROM weir.query('SELECT count(*) FROM item', 'changes', late => 'never') AS q(a bigint);
SELECT * FROM weir.query('SELECT weir.tumble(id::bigint, 10), count(*) FROM item GROUP BY 1', 'final', '1 s') AS q(w bigint, n bigint);
-- Columns.
SELECT * FROM weir.query('SELECT 1');
SELECT * FROM weir.query('SELECT id, kind FROM item') AS q(id int);
SELECT * FROM weir.query('SELECT id, kind AS "Kind" FROM item') AS q(id int, kind varchar);
SELECT * FROM weir.query('SELECT 1::numeric(10, 2)') AS q(a numeric(10, 3));
SELECT * FROM weir.query('SELECT 1.25::numeric(10, 2)') AS q(a numeric);
SELECT weir.query('SELECT 1') + 1;
-- Errors of the running query come as they are, and leave nothing behind.
SELECT * FROM weir.query('SELECT 1 / (3 - g) FROM generate_series(1, 5) g') AS q(a int);
BEGIN;
SAVEPOINT before;
SELECT * FROM weir.query('SELECT count(*) FROM generate_series(1, 5) g WHERE 1 / (3 - g) > 0 EMIT CHANGES') AS q(a bigint);
ROLLBACK TO before;
SELECT * FROM weir.query('SELECT count(*) FROM generate_series(1, 2) g EMIT CHANGES') AS q(a bigint);
COMMIT;
