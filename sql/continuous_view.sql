-- Reading a live view: groups that no newer row changes pass through, the others are merged.
CREATE SCHEMA live;
SET search_path = live, public;
SET client_min_messages = warning;
CREATE COLLATION casual (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE event (k int, name text COLLATE casual, n int, big bigint, amount numeric, f float8, ok bool);
CREATE FUNCTION add(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.event
    SELECT CASE WHEN g % 50 > 0 THEN g % 50 END, CASE WHEN g % 3 > 0 THEN repeat('a', g % 4) || CASE g % 2 WHEN 0 THEN 'B' ELSE 'b' END END,
           g, g * 10, g / 4.0, g / 8.0, g % 5 > 0
    FROM generate_series(first, last) g $$;
SELECT add(1, 1000);
SELECT weir.create_query('by_key', 'SELECT k, count(*), sum(n), avg(f) AS mean, min(n), max(big), bool_and(ok), sum(amount) AS amount FROM event GROUP BY k');
SELECT weir.create_query('by_name', 'SELECT name, k, sum(big), avg(n) AS mean FROM event GROUP BY name, k');
SELECT weir.create_query('by_spread', 'SELECT k, stddev(n), count(*) FROM event GROUP BY k');
SELECT weir.wait('by_key'), weir.wait('by_name'), weir.wait('by_spread');
SELECT weir.pause_query('by_key'), weir.pause_query('by_name'), weir.pause_query('by_spread');
-- the state of by_key, and its definition, under names that do not depend on its number
DO $$
DECLARE
    id int := (SELECT q.id FROM weir.continuous_queries q WHERE result = 'by_key'::regclass);
BEGIN
    EXECUTE format('ANALYZE weir_state.q%s', id);
    EXECUTE format('CREATE VIEW expected AS TABLE weir_state.q%s_definition', id);
END $$;

\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared
-- How a query is run, and how many groups went through and how many pieces were merged.
CREATE FUNCTION how(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
        IF line ~ 'WeirLive|Unchanged|Merged Pieces' THEN
            RETURN NEXT line;
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        -- which node aggregates depends on what is known of the table
        CONTINUE WHEN line ~ 'Aggregate|Group Key';
        RETURN NEXT regexp_replace(regexp_replace(line, '\yq\d+', 'q', 'g'), '(Query:) \d+', '\1');
    END LOOP;
END $$;

-- Nothing is pending.
SELECT how('SELECT * FROM by_key');
SELECT differences('by_key'), differences('by_name'), differences('by_spread');
SELECT plan('SELECT k, count FROM by_key');
SELECT plan('SELECT * FROM by_key WHERE k = 7');

-- A few groups have changed, the one without a key among them, and there is one more.
SELECT add(1, 3);
SELECT add(50, 50);
INSERT INTO event VALUES (1000, 'x', 1, 1, 1, 1, true);
SELECT how('SELECT * FROM by_key');
SELECT how('SELECT count(*), sum(sum) FROM by_name');
SELECT lag_rows FROM weir.queries WHERE name = 'by_key'::regclass;
SELECT differences('by_key'), differences('by_name'), differences('by_spread');
SELECT * FROM by_key WHERE k IS NULL OR k = 1000 OR k < 3 ORDER BY k;

-- What a state of its own needs goes the usual way.
SELECT how('SELECT * FROM by_spread');

-- Conditions on results, and expressions over them.
SELECT how('SELECT k FROM by_key WHERE count > 20');
SELECT count(*) FROM by_key WHERE count > 20;
SELECT count(*) FROM expected WHERE count > 20;
SELECT how('SELECT * FROM by_key WHERE mean > 60 AND k > 3 AND (max > 100 OR bool_and)');
SELECT (SELECT count(*) FROM (SELECT * FROM by_key WHERE mean > 60 AND k > 3 AND (max > 100 OR bool_and) EXCEPT ALL
                              SELECT * FROM expected WHERE mean > 60 AND k > 3 AND (max > 100 OR bool_and)) a) AS more,
       (SELECT count(*) FROM (SELECT * FROM expected WHERE mean > 60 AND k > 3 AND (max > 100 OR bool_and) EXCEPT ALL
                              SELECT * FROM by_key WHERE mean > 60 AND k > 3 AND (max > 100 OR bool_and)) a) AS less;
SELECT i, (SELECT count(*) FROM by_key WHERE count > 19 + i) FROM generate_series(0, 2) i;
SELECT i, (SELECT count(*) FROM expected WHERE count > 19 + i) FROM generate_series(0, 2) i;
SELECT weir.create_query('by_expression', $$
    SELECT upper(name) || '!' AS shout, sum(n) * 2 + k % 2 AS twice, avg(n) / count(*) AS share, 7 AS seven
    FROM event GROUP BY name, k % 2, k % 3 HAVING count(*) > 10 AND min(n) < 900 $$);
SELECT weir.wait('by_expression'), weir.pause_query('by_expression');
SELECT differences('by_expression');
SELECT add(20, 25);
SELECT how('SELECT shout, seven FROM by_expression WHERE twice > 0');
SELECT how('SELECT shout FROM by_expression WHERE shout < ''B''');
SELECT differences('by_expression'), differences('by_key');
SET weir.stream = off;
SELECT how('SELECT * FROM by_key');
SELECT differences('by_key'), differences('by_name');
RESET weir.stream;

-- Again and again: with parameters, in a loop, with a limit, by a cursor.
SELECT i, (SELECT sum(count) FROM by_key WHERE k % 10 = i) FROM generate_series(0, 3) i;
SELECT i, (SELECT sum(count) FROM expected WHERE k % 10 = i) FROM generate_series(0, 3) i;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
SELECT count(*), sum(count) FROM generate_series(1, 3) i, by_key b WHERE b.k > i;
SELECT count(*), sum(count) FROM generate_series(1, 3) i, expected b WHERE b.k > i;
SELECT count(*), sum(count) FROM generate_series(1, 3) i, LATERAL (SELECT * FROM by_key WHERE k % 3 = i - 1) b;
SELECT count(*), sum(count) FROM generate_series(1, 3) i, LATERAL (SELECT * FROM expected WHERE k % 3 = i - 1) b;
SELECT i, (SELECT count(*) FROM (SELECT FROM by_key WHERE k >= i LIMIT 40) x) FROM generate_series(0, 3) i;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_memoize;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT * FROM by_key;
MOVE 49 FROM c;
MOVE BACKWARD ALL FROM c;
MOVE ALL FROM c;
COMMIT;
PREPARE one(int) AS SELECT k, count, sum FROM by_key WHERE k = $1;
EXECUTE one(2);
SET plan_cache_mode = force_generic_plan;
EXECUTE one(2);
EXECUTE one(1000);
RESET plan_cache_mode;

-- Many groups have changed: all are merged, in as little memory as there is.
CREATE TABLE many (k bigint, n int);
INSERT INTO many SELECT g, 1 FROM generate_series(1, 20000) g;
SELECT weir.create_query('of_many', 'SELECT k, count(*), sum(n) FROM many GROUP BY k');
SELECT weir.wait('of_many'), weir.pause_query('of_many');
INSERT INTO many SELECT g, 2 FROM generate_series(15001, 25000) g;
SET work_mem = '64kB';
SELECT how('SELECT * FROM of_many');
SELECT differences('of_many');
SELECT i, (SELECT sum(count) FROM of_many WHERE k > i) FROM generate_series(0, 1) i;
RESET work_mem;

-- Only where no group can be there twice.
BEGIN;
DO $$ BEGIN
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT one_lane', state_table) FROM weir.queries WHERE name = 'of_many'::regclass;
END $$;
SELECT how('SELECT * FROM of_many');
ROLLBACK;
SELECT how('SELECT * FROM of_many WHERE k <= 10');

DROP SCHEMA live CASCADE;
RESET search_path;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
