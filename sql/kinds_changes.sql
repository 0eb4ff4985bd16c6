-- Continuous queries over results that change, and over the logs of their changes.
CREATE SCHEMA kd;
SET search_path = kd, public;
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE TABLE trade (id int, at timestamptz, symbol text, price numeric, qty int);
CREATE FUNCTION add_trades(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kd.trade SELECT g, '2024-01-01Z'::timestamptz + g * interval '7 s', nullif('S' || g % 5, 'S3'), g % 37, g % 10
    FROM generate_series(first, last) g
$$;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared
CREATE FUNCTION q() RETURNS TABLE (name regclass, differences bigint) LANGUAGE sql AS $$
    SELECT result, kd.differences(result::text, format('TABLE weir_state.q%s_definition', id))
    FROM weir.continuous_queries WHERE result::text <> 'by_minute' ORDER BY id
$$;
CREATE FUNCTION caught_up() RETURNS boolean LANGUAGE sql AS
    $$SELECT bool_and(weir.wait(result)) FROM (SELECT result FROM weir.continuous_queries WHERE NOT paused ORDER BY id) x$$;
SELECT add_trades(1, 1000);
SELECT weir.create_query('by_minute', $$
    SELECT weir.tumble(at, '1 minute') AS minute, symbol, count(*) AS n, avg(price) AS mean, max(price) AS high,
           sum(qty) AS pieces, stddev(price) AS spread
    FROM trade GROUP BY 1, 2 HAVING count(*) > 1 EMIT CHANGES $$, tick => '0 s');
SELECT weir.create_query('kept', 'SELECT symbol, qty, count(*), min(price) AS low FROM trade GROUP BY symbol, qty',
                         tick => '0 s', on_delete => 'retract');
SELECT weir.create_query('kept_rows', 'SELECT id, symbol FROM trade WHERE qty > 4', tick => '0 s', on_delete => 'retract');

-- over groups: aggregates that can be subtracted and such that cannot, rows, all in one, and further on
SELECT weir.create_query('by_symbol', 'SELECT symbol, count(*), sum(n) AS n, max(mean) AS mean, min(high) AS low, sum(pieces) AS pieces
    FROM by_minute m WHERE n < 1000 GROUP BY symbol EMIT CHANGES', tick => '0 s', on_delete => 'retract');
SELECT weir.create_query('by_size', 'SELECT n, count(*) FROM by_minute GROUP BY n HAVING count(*) > 1', tick => '0 s', on_delete => 'retract');
SELECT weir.create_query('highs', 'SELECT minute, symbol, high * 2 AS twice FROM by_minute WHERE high > 30', tick => '0 s', on_delete => 'retract');
SELECT weir.create_query('all_kept', 'SELECT count(*), sum(k.count) AS n, max(low) AS low FROM kept AS k', tick => '0 s', on_delete => 'retract');
SELECT weir.create_query('per_symbol', 'SELECT s, count(*), min(i), max(i) FROM kept_rows AS r(i, s) GROUP BY s', tick => '0 s', on_delete => 'retract');
SELECT weir.create_query('further', 'SELECT count(*), sum(n) AS n, min(low) FROM by_symbol', tick => '0 s', on_delete => 'retract');
SELECT weir.create_query('furthest', 'SELECT n % 2 = 0 AS even, count(*) FROM further GROUP BY 1', tick => '0 s', on_delete => 'retract');
-- over changes: each is a row, once
SELECT weir.create_query('changes_of', $$
    SELECT coalesce(new, old) ->> 'symbol' AS symbol, count(*), count(old) AS gone_or_changed, max(position)
    FROM weir.changes('by_minute') GROUP BY 1 $$, tick => '0 s');
SELECT weir.create_query('revisions', $$
    SELECT position, new ->> 'n' AS n, lag(c.position) OVER (PARTITION BY new ->> 'symbol', new ->> 'minute' ORDER BY position ROWS 1 PRECEDING) AS before
    FROM weir.changes(query => 'by_minute') AS c $$, tick => '0 s');
SELECT weir.create_query('further_changes', $$SELECT count(*), sum((c.n ->> 'n')::int) FROM weir.changes('by_symbol') c(p, at, o, n) WHERE p > 1$$, tick => '0 s');
SELECT caught_up();
SELECT * FROM q();
CREATE FUNCTION as_upstream() RETURNS TABLE (name text, differences bigint) LANGUAGE sql AS $$
    SELECT name, kd.differences(name, definition) FROM (VALUES
        ('kd.by_symbol', 'SELECT symbol, count(*), sum(n), max(mean), min(high), sum(pieces) FROM kd.by_minute GROUP BY symbol'),
        ('kd.by_size', 'SELECT n, count(*) FROM kd.by_minute GROUP BY n HAVING count(*) > 1'),
        ('kd.highs', 'SELECT minute, symbol, high * 2 FROM kd.by_minute WHERE high > 30'),
        ('kd.all_kept', 'SELECT count(*), sum(count), max(low) FROM kd.kept'),
        ('kd.per_symbol', 'SELECT symbol, count(*), min(id), max(id) FROM kd.kept_rows GROUP BY symbol'),
        ('kd.further', 'SELECT count(*), sum(n), min(low) FROM kd.by_symbol'),
        ('kd.furthest', 'SELECT n % 2 = 0, count(*) FROM kd.further GROUP BY 1'),
        ('kd.changes_of', $q$SELECT coalesce(new, old) ->> 'symbol', count(*), count(old), max(position) FROM weir.changes('kd.by_minute', 0, 100000) GROUP BY 1$q$),
        ('kd.further_changes', $q$SELECT count(*), sum((new ->> 'n')::int) FROM weir.changes('kd.by_symbol', 1, 100000)$q$)) v(name, definition)
$$;
SELECT * FROM as_upstream();
SELECT add_trades(500, 1500);
UPDATE trade SET price = 0, symbol = 'S1' WHERE id % 3 = 0;
DELETE FROM trade WHERE id % 7 = 0 OR price > 30;
SELECT caught_up();
SELECT sum(differences) FROM q();
SELECT sum(differences) FROM as_upstream();
-- many small steps, each in the middle of another's
DO $$ BEGIN
    FOR i IN 1 .. 40 LOOP
        PERFORM kd.add_trades(1500 + i * 10, 1509 + i * 10);
        UPDATE kd.trade SET qty = qty + 1 WHERE id % 41 = i;
        COMMIT;
        IF (SELECT sum(differences) FROM kd.q()) <> 0 THEN RAISE EXCEPTION 'they differ in round %', i; END IF;
        COMMIT;
    END LOOP;
END $$;
SELECT caught_up();
SELECT sum(differences) FROM as_upstream();
-- a new index on the state is what finds groups of groups
SELECT state_table AS minutes FROM weir.queries WHERE name = 'by_minute'::regclass \gset
SELECT state_table AS symbols FROM weir.queries WHERE name = 'by_symbol'::regclass \gset
CREATE INDEX ON :minutes (k2);

-- while one is paused, those above say what its state says; rebuilt, it is followed
SELECT weir.pause_query('kept');
TRUNCATE trade;
SELECT add_trades(1, 100);
SELECT differences FROM q() WHERE name = 'all_kept'::regclass;
SELECT weir.wait('all_kept');
SELECT weir.resume_query('kept');
SELECT weir.refresh_query('kept'), weir.refresh_query('by_minute');
SELECT weir.refresh_query('by_symbol');
SELECT caught_up();
SELECT sum(differences) FROM q();
SELECT sum(differences) FROM as_upstream();
VACUUM FULL :minutes;
SELECT sum(differences) FROM q();
-- a query below goes last, and cannot become another
\set VERBOSITY terse
SELECT weir.drop_query('by_symbol');
\set VERBOSITY default
SELECT weir.alter_query('kept', 'SELECT symbol, qty, count(*), min(price) AS low FROM trade WHERE qty > 1 GROUP BY symbol, qty');
-- a query above can
SELECT weir.alter_query('all_kept', 'SELECT count(*), sum(count) AS n, max(low) AS low FROM kept WHERE qty > 2');
SELECT weir.wait('all_kept');
SELECT differences('all_kept', 'SELECT count(*), sum(count), max(low) FROM kept WHERE qty > 2');

-- Changes that are not kept any more have been counted, or are all the same.
CREATE TABLE tick (k int);
SELECT weir.create_query('counted', 'SELECT k, count(*) FROM tick GROUP BY k EMIT CHANGES', tick => '0 s', retention => '1 s');
SELECT weir.create_query('counts', $$SELECT count(*), max(position) AS last FROM weir.changes('counted')$$, tick => '0 s');
SELECT weir.pause_query('counts');
SELECT 'weir_state.q' || id || '_changes' AS log FROM weir.continuous_queries WHERE result = 'counted'::regclass \gset
INSERT INTO tick SELECT g % 100 FROM generate_series(1, 1000) g;
SELECT weir.wait('counted');
CREATE FUNCTION log_is_empty() RETURNS boolean LANGUAGE sql AS 'SELECT NOT EXISTS (SELECT FROM weir.changes(''kd.counted''))';
DO $$ BEGIN
    FOR i IN 1 .. 100 LOOP
        EXIT WHEN kd.log_is_empty();
        PERFORM pg_sleep(0.1);
        COMMIT;
    END LOOP;
END $$;
SELECT log_is_empty();
VACUUM :log;
SELECT count, last FROM counts;
SELECT weir.resume_query('counts');
SELECT weir.wait('counts');
SELECT count, last FROM counts;

-- What is refused, and why.
SELECT weir.create_query('r', 'SELECT count(*) FROM by_minute');
SELECT weir.create_query('r', 'SELECT symbol FROM kept_rows');
SELECT weir.create_query('r', 'SELECT symbol, max(spread) FROM by_minute GROUP BY symbol', on_delete => 'retract');
SELECT weir.create_query('r', 'SELECT m, count(*) FROM by_minute m GROUP BY m', on_delete => 'retract');
SELECT weir.create_query('r', 'SELECT count(*) FROM by_minute JOIN trade USING (symbol)', on_delete => 'retract');
SELECT weir.create_query('r', 'SELECT count(*) FROM kept_rows JOIN trade USING (id)', on_delete => 'retract');
SELECT weir.create_query('r', 'SELECT symbol FROM by_minute ORDER BY 1', on_delete => 'retract');
SELECT weir.create_query('spreads', 'SELECT symbol FROM trade GROUP BY symbol HAVING stddev(price) > 1');
SELECT weir.create_query('r', 'SELECT count(*) FROM spreads', on_delete => 'retract');
SELECT weir.create_query('closed', $$SELECT weir.tumble(at, '1 minute') AS minute, count(*) FROM trade GROUP BY 1 EMIT FINAL$$);
SELECT weir.create_query('r', 'SELECT count(*) FROM closed', on_delete => 'retract');
SELECT weir.create_query('r', $$SELECT count(*) FROM weir.changes('kept')$$);
SELECT weir.create_query('r', $$SELECT count(*) FROM weir.changes('trade')$$);
SELECT weir.create_query('r', $$SELECT count(*) FROM weir.changes('by_minute', 10)$$);
SELECT weir.create_query('r', $$SELECT count(*) FROM weir.changes((SELECT 1)::oid)$$);
SELECT weir.create_query('r', $$SELECT count(*) FROM weir.changes('by_minute') WITH ORDINALITY$$);
SELECT weir.create_query('r', $$SELECT count(*) FROM trade, weir.changes('by_minute')$$);
-- closed windows as changes: each row once
SELECT weir.create_query('closings', $$SELECT sum((new ->> 'count')::int) AS n FROM weir.changes('closed')$$);
SELECT weir.wait('closings');
SELECT n = (SELECT sum(count) FROM closed) AS is_same FROM closings;

-- whose rows those are
CREATE ROLE regress_weir_kim LOGIN;
GRANT CREATE, USAGE ON SCHEMA kd TO regress_weir_kim;
GRANT SELECT ON by_minute TO regress_weir_kim;
CREATE FUNCTION try(query text, on_delete text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    RETURN weir.create_query('kims', query, on_delete => on_delete);
EXCEPTION WHEN insufficient_privilege THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN regexp_replace(SQLERRM, '\d+', 'N') || '; ' || regexp_replace(hint, '\d+', 'N');
END $$;
GRANT SELECT ON :minutes TO regress_weir_kim;
SET ROLE regress_weir_kim;
SELECT try('SELECT symbol, count(*) FROM by_minute GROUP BY symbol', 'retract');
SELECT try($$SELECT count(*) FROM weir.changes('by_minute')$$, 'ignore');
RESET ROLE;
GRANT TRIGGER ON :minutes TO regress_weir_kim;
SET ROLE regress_weir_kim;
SELECT try('SELECT symbol, count(*) FROM by_minute GROUP BY symbol', 'retract');
SELECT differences('kims', 'SELECT symbol, count(*) FROM by_minute GROUP BY symbol');
RESET ROLE;
SELECT add_trades(100, 300);
SELECT weir.wait('kims');
SELECT differences('kims', 'SELECT symbol, count(*) FROM by_minute GROUP BY symbol');
SELECT weir.drop_query('kims');
-- all at once
DROP VIEW by_minute, kept, kept_rows, counted, spreads, closed CASCADE;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
SELECT count(*) FROM weir.continuous_queries;
SELECT relname FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
DROP SCHEMA kd CASCADE;
RESET search_path;
DROP ROLE regress_weir_kim;
