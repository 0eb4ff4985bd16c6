-- Steps spread over several processes give what one process gives.
CREATE SCHEMA lanes;
SET search_path = lanes, public;
SET client_min_messages = warning;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared
ALTER SYSTEM SET weir.min_lane_pages = 0;
SELECT pg_reload_conf();
CREATE TABLE reading (at timestamptz, k int, v int, big bigint, amount numeric, name text) PARTITION BY LIST (k);
CREATE TABLE reading_0 PARTITION OF reading FOR VALUES IN (0, 1);
CREATE TABLE reading_1 (gone int, name text, amount numeric, big bigint, v int, k int, at timestamptz);
ALTER TABLE reading_1 DROP COLUMN gone;
ALTER TABLE reading ATTACH PARTITION reading_1 FOR VALUES IN (2, 3, NULL);
CREATE TABLE reading_2 PARTITION OF reading DEFAULT;
CREATE FUNCTION add_readings(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO lanes.reading
    SELECT '2024-01-01 00:00Z'::timestamptz + g * interval '7 s', CASE WHEN g % 11 > 0 THEN g % 5 END, g % 10,
           g * 1000000007::bigint, g * 1.25, repeat('n' || g % 7, 20)
    FROM generate_series(first, last) g
$$;
\set shared :here/sql/shared/settled.sql
\i :shared
\set shared :here/sql/shared/has_failed.sql
\i :shared
SELECT add_readings(1, 500);
SELECT settled();
SELECT weir.create_query('by_window', $$SELECT weir.tumble(at, '1 minute') AS minute, k, count(*), avg(v), max(name), sum(amount)
    FROM reading GROUP BY 1, 2$$, tick => '10 ms', parallelism => 3);
SELECT weir.create_query('by_name', $$SELECT name, stddev(v), sum(big), min(at), count(*) FILTER (WHERE v > 3) AS many
    FROM reading WHERE k IS NOT NULL GROUP BY name HAVING count(*) > 10$$, tick => '10 ms', parallelism => 2);
SELECT weir.create_query('all_of_it', 'SELECT count(*), sum(v), avg(amount) FROM reading', tick => '10 ms', parallelism => 2);
SELECT weir.create_query('names', 'SELECT name FROM reading GROUP BY name, v', tick => '10 ms', parallelism => 2);
SELECT add_readings(300, 20000);
CREATE VIEW q AS SELECT result AS q FROM weir.continuous_queries;
SELECT q, weir.wait(q), differences(q) FROM q ORDER BY q::text;
DO $$BEGIN
    FOR i IN 1 .. 20 LOOP
        PERFORM add_readings(i, i * 30);
        COMMIT;
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$;
SELECT q, differences(q) FROM q ORDER BY q::text;
SELECT q, weir.wait(q), differences(q) FROM q ORDER BY q::text;
SELECT name, parallelism, split_ticks > 0 AND split_ticks <= ticks AS are_split, rows_in
FROM weir.query_metrics ORDER BY name::text;

-- Steps that find nothing, and tables that are written anew.
CREATE TABLE elsewhere AS SELECT 1;
SELECT weir.wait('by_window');
VACUUM FULL reading_0;
SELECT add_readings(1, 3000);
SELECT q, weir.wait(q), differences(q) FROM q ORDER BY q::text;

-- More or fewer processes.
SELECT weir.alter_query('by_name', parallelism => 1);
SELECT add_readings(1, 3000);
SELECT weir.wait('by_name'), differences('by_name');
SELECT weir.alter_query('by_name', parallelism => 4);
SELECT add_readings(1, 3000);
SELECT weir.wait('by_name'), differences('by_name');
SELECT weir.alter_query('by_name', $$SELECT name, stddev(v), sum(big), min(at), count(*) FILTER (WHERE v > 3) AS many
    FROM reading WHERE k IS NOT NULL GROUP BY name$$);
SELECT parallelism FROM weir.query_metrics WHERE name = 'by_name'::regclass;
SELECT differences('by_name');
SELECT weir.create_query('x', 'SELECT count(*) FROM reading', parallelism => 0);
SELECT weir.alter_query('by_name', parallelism => 17);

-- What cannot be split.
SELECT weir.create_query('rows_of_it', 'SELECT k, v FROM reading WHERE v = 3', parallelism => 2);
SELECT weir.create_query('rows_of_it', 'SELECT k, v FROM reading WHERE v = 3');
SELECT weir.alter_query('rows_of_it', parallelism => 2);
CREATE FUNCTION unsafe_too(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN v * 2; END$$;
SELECT weir.create_query('unsafe_sum', 'SELECT k, sum(unsafe_too(v)) FROM reading GROUP BY k', parallelism => 2);
ALTER FUNCTION unsafe_too(int) PARALLEL SAFE;
SELECT weir.create_query('unsafe_sum', 'SELECT k, sum(unsafe_too(v)) FROM reading GROUP BY k', parallelism => 2);
ALTER FUNCTION unsafe_too(int) PARALLEL UNSAFE;
SELECT weir.alter_query('unsafe_sum', tick => '20 ms');
SELECT add_readings(1, 3000);
SELECT weir.wait('unsafe_sum'), differences('unsafe_sum');

-- An error in any of them is the step's: nothing of it is kept.
CREATE TABLE risk (a int);
SELECT weir.create_query('risks', 'SELECT sum(10 / a), count(*) FROM risk', tick => '0 s', parallelism => 3);
INSERT INTO risk SELECT 1 FROM generate_series(1, 100000);
SELECT weir.wait('risks');
TABLE risks;
INSERT INTO risk SELECT CASE g WHEN 70000 THEN 0 ELSE 1 END FROM generate_series(1, 100000) g;
SELECT has_failed('risks'), weir.wait('risks', '500 ms');
SELECT state, last_error FROM weir.queries WHERE name = 'risks'::regclass;
SELECT format('SELECT p2 AS kept FROM weir_state.q%s', id) AS kept FROM weir.continuous_queries WHERE result = 'risks'::regclass \gset
:kept;
-- ... and nobody stays behind, once nobody tries again
SELECT weir.pause_query(q) IS NOT NULL AS paused FROM q;
DO $$BEGIN
    FOR i IN 1 .. 600 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'parallel worker');
        COMMIT;
        PERFORM pg_sleep(0.05);
    END LOOP;
END $$;
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker';

ALTER SYSTEM RESET weir.min_lane_pages;
SELECT pg_reload_conf();
DROP SCHEMA lanes CASCADE;
SELECT weir.flush() >= 0 AS flushed;
