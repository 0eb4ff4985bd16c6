-- weir.query runs one SELECT from its text: rows leave as they come, in the plan of the statement around it.
CREATE SCHEMA emit_query;
SET search_path = emit_query;
CREATE TABLE reading (id int, sensor text, value int, weight float8, at timestamptz);
INSERT INTO reading SELECT i, 's' || i % 3, i, i * 0.1, timestamptz '2024-01-01Z' + i * interval '20 s'
  FROM generate_series(1, 12) i;
SET timezone = 'UTC';

SELECT * FROM weir.query('SELECT id, sensor FROM reading WHERE id < 4') AS q(id int, sensor text);
-- Conditions, columns and the whole row.
SELECT q, id FROM weir.query('SELECT id, sensor FROM reading ORDER BY id DESC') AS q(id int, sensor text) WHERE id > 9;
SELECT count(*) FROM weir.query('SELECT id FROM reading') AS q(id int);
SELECT sum(a.id + b.id) FROM weir.query('SELECT id FROM reading') AS a(id int) JOIN weir.query('SELECT id FROM reading') AS b(id int) USING (id);
-- One object a row, in the select list and in FROM.
SELECT weir.query_json('SELECT id, sensor FROM reading WHERE id < 3');
SELECT weir.query_json('SELECT id FROM reading') LIMIT 2;
SELECT j ->> 'sensor' AS sensor FROM weir.query_json('SELECT id, sensor FROM reading') AS j WHERE j ->> 'id' = '5';
-- Other places give the same rows, collected first.
SELECT weir.query('SELECT id, sensor FROM reading WHERE id < 3');
SELECT * FROM ROWS FROM (weir.query('SELECT id FROM reading WHERE id < 3') AS (id int), generate_series(1, 3)) AS r;

-- The plan of the inner query is part of the plan.
EXPLAIN (COSTS OFF) SELECT * FROM weir.query('SELECT sensor FROM reading WHERE id < 4') AS q(sensor text) WHERE sensor > 'a';
EXPLAIN (COSTS OFF) SELECT * FROM weir.query('SELECT sensor, count(*) FROM reading GROUP BY 1 EMIT CHANGES') AS q(sensor text, n bigint);
EXPLAIN (COSTS OFF, FORMAT JSON) SELECT * FROM weir.query('SELECT id FROM reading') AS q(id int);
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
SELECT * FROM weir.query('SELECT id FROM reading') AS q(id int) LIMIT 2;
EXPLAIN (COSTS OFF) SELECT g, id FROM generate_series(1, 2) g, weir.query('SELECT ' || g) AS q(id int);

-- The text may be a parameter, or come from another row.
SELECT g, id FROM generate_series(1, 3) g, weir.query('SELECT ' || g || ' UNION ALL SELECT 7') AS q(id int);
SELECT g, (SELECT max(id) FROM weir.query('SELECT id FROM reading WHERE id < ' || g) AS q(id int)) FROM generate_series(3, 5) g;
PREPARE by_text(text) AS SELECT * FROM weir.query($1) AS q(id int);
EXECUTE by_text('SELECT 1');
EXPLAIN (COSTS OFF) EXECUTE by_text('SELECT 1');
SET plan_cache_mode = force_generic_plan;
EXECUTE by_text('SELECT 2');
EXECUTE by_text('SELECT id FROM reading WHERE id < 3');
EXPLAIN (COSTS OFF) EXECUTE by_text('SELECT id FROM reading');
RESET plan_cache_mode;
DO $$
DECLARE row record; total int := 0; query text := 'SELECT id FROM reading';
BEGIN
    FOR row IN SELECT * FROM weir.query(query || ' WHERE id > 10') AS q(id int) LOOP total := total + row.id; END LOOP;
    RAISE NOTICE 'total %', total;
END $$;
-- Within itself.
SELECT * FROM weir.query($$SELECT id + 1 FROM weir.query('SELECT id FROM reading WHERE id < 3') AS i(id int)$$) AS q(id int);

-- Rescans, cursors both ways, rows kept after the transaction.
SELECT a.g, q.id FROM generate_series(1, 2) a(g) LEFT JOIN LATERAL (SELECT * FROM weir.query('SELECT id FROM reading') AS q(id int) WHERE id > a.g LIMIT 2) q ON true;
BEGIN;
DECLARE back SCROLL CURSOR FOR SELECT * FROM weir.query('SELECT id FROM reading') AS q(id int);
FETCH 3 back;
FETCH BACKWARD 2 back;
FETCH LAST back;
DECLARE part CURSOR FOR SELECT * FROM weir.query('SELECT id FROM reading') AS q(id int);
FETCH 2 part;
CLOSE part;
DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM weir.query('SELECT id FROM reading WHERE id < 3') AS q(id int);
COMMIT;
FETCH ALL kept;
CLOSE kept;
-- Where rows are written from, and where a row may be looked at again.
CREATE TEMP TABLE copy AS SELECT * FROM weir.query('SELECT id, value FROM reading WHERE id < 4') AS q(id int, value int);
UPDATE copy SET value = q.value + 100 FROM weir.query('SELECT id, value FROM reading') AS q(id int, value int) WHERE q.id = copy.id RETURNING *;
SELECT q.id FROM copy, weir.query('SELECT id FROM reading') AS q(id int) WHERE q.id = copy.id AND q.id = 2 FOR UPDATE OF copy;
-- It sees what its statement sees.
BEGIN ISOLATION LEVEL REPEATABLE READ;
DELETE FROM reading WHERE id = 12;
SELECT count(*) FROM weir.query('SELECT id FROM reading') AS q(id int);
ROLLBACK;
