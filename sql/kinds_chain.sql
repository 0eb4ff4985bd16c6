-- Continuous queries over the results of others, which only add rows.
CREATE SCHEMA kc;
SET search_path = kc, public;
SET client_min_messages = warning;
CREATE TABLE trade (id int, symbol text, price numeric, qty int);
CREATE FUNCTION add_trades(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kc.trade SELECT g, 'S' || g % 5, g / 4.0, g % 10 FROM generate_series(first, last) g
$$;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared
\set shared :here/sql/shared/settled.sql
\i :shared
SELECT add_trades(1, 100);
SELECT settled();
SELECT weir.create_query('big', 'SELECT symbol, price * qty AS value, id FROM trade WHERE qty > 4');
SELECT weir.create_query('totals', 'SELECT symbol, count(*), sum(value) AS total, max(b.id) AS last FROM big b GROUP BY symbol', tick => '0 s');
SELECT weir.create_query('huge', 'SELECT symbol AS name, value FROM big WHERE value > 50');
SELECT weir.create_query('huge_count', 'SELECT count(*), avg(v) FROM huge AS h(n, v)');
CREATE TABLE name_of (symbol text, name text);
INSERT INTO name_of SELECT 'S' || g, 'name ' || g FROM generate_series(0, 3) g;
SELECT weir.create_query('named', 'SELECT name, count(*) FROM big LEFT JOIN name_of USING (symbol) GROUP BY name');
CREATE FUNCTION q() RETURNS SETOF regclass LANGUAGE sql AS 'SELECT result FROM weir.continuous_queries ORDER BY id';
SELECT q, differences(q) FROM q();
SELECT count(*), sum(total) FROM totals;
SELECT add_trades(101, 1000);
SELECT weir.wait('huge_count'), weir.wait('totals'), weir.wait('named');
SELECT q, differences(q) FROM q();
-- as if they read the table itself
SELECT count(*) FROM (TABLE totals EXCEPT SELECT symbol, count(*), sum(price * qty), max(id) FROM trade WHERE qty > 4 GROUP BY symbol) t;
SELECT h.count - t.count AS count, h.avg - t.avg AS avg FROM huge_count h, (SELECT count(*), avg(price * qty) FROM trade WHERE qty > 4 AND price * qty > 50) t;
-- many small steps: each row once
SELECT weir.drop_query('huge_count');
DO $$ BEGIN
    FOR i IN 1 .. 60 LOOP
        PERFORM kc.add_trades(1000 + i * 10, 1009 + i * 10);
        COMMIT;
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$;
SELECT weir.wait('totals');
SELECT sum(count) - (SELECT count(*) FROM trade WHERE qty > 4) AS missed FROM totals;

-- rows go on by themselves, and do not wait until somebody looks
SELECT set_config('kc.totals', (SELECT state_table::text FROM weir.queries WHERE name = 'totals'::regclass), false) <> '' AS is_set;
CREATE FUNCTION is_passed_on() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    stored bigint;
BEGIN
    EXECUTE format('SELECT sum(p1) FROM %s', current_setting('kc.totals')) INTO stored;
    RETURN stored = (SELECT count(*) FROM kc.trade WHERE qty > 4);
END $$;
-- nobody else writes
SET weir.capture = off;
SELECT weir.flush() >= 0 AS is_flushed;
SELECT weir.wait('big');
SELECT add_trades(2001, 2100);
DO $$ BEGIN
    FOR i IN 1 .. 70 LOOP
        EXIT WHEN kc.is_passed_on();
        PERFORM pg_sleep(0.1);
        COMMIT;
    END LOOP;
END $$;
SELECT is_passed_on();
RESET weir.capture;

-- what is above goes last
SELECT weir.drop_query('big');
DROP VIEW big;
SELECT weir.refresh_query('big');
DROP TABLE trade;
-- groups change, and are no stream
SELECT weir.create_query('r', 'SELECT count(*) FROM totals');
SELECT weir.create_query('r', 'SELECT count(*) FROM trade JOIN big USING (id)');
-- whose rows those are
CREATE ROLE regress_weir_kim LOGIN;
GRANT CREATE, USAGE ON SCHEMA kc TO regress_weir_kim;
GRANT SELECT ON big TO regress_weir_kim;
SET ROLE regress_weir_kim;
DO $$
DECLARE
    hint text;
BEGIN
    PERFORM weir.create_query('kims', 'SELECT count(*) FROM big');
EXCEPTION WHEN insufficient_privilege THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RAISE WARNING '% %', regexp_replace(SQLERRM, '\d+', 'N'), regexp_replace(hint, '\d+', 'N');
END $$;
RESET ROLE;
SELECT state_table FROM weir.queries WHERE name = 'big'::regclass \gset
SELECT set_config('kc.state', :'state_table', false) <> '' AS is_set;
DO $$ BEGIN EXECUTE format('GRANT SELECT ON %s TO regress_weir_kim', current_setting('kc.state')); END $$;
SET ROLE regress_weir_kim;
SELECT weir.create_query('kims', 'SELECT count(*) FROM big');
SELECT count = (SELECT count(*) FROM big) AS is_same FROM kims;
RESET ROLE;
SELECT add_trades(1, 10);
SELECT weir.wait('kims');
SELECT count = (SELECT count(*) FROM big) AS is_same FROM kims;
SELECT weir.drop_query('kims'), weir.drop_query('totals'), weir.drop_query('named'), weir.drop_query('huge');
SELECT weir.refresh_query('big');
SELECT differences('big');
-- all at once
SELECT weir.create_query('of_big', 'SELECT count(*) FROM big');
DROP VIEW big CASCADE;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
SELECT count(*) FROM weir.continuous_queries;
SELECT relname FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
DROP SCHEMA kc CASCADE;
RESET search_path;
DROP ROLE regress_weir_kim;
