-- Workers aggregate, PostgreSQL combines: every transition state travels.
CREATE TABLE reading (id bigint, sensor int, name text, price numeric, level float8, small int2, at timestamptz, is_on boolean);
INSERT INTO reading SELECT i, nullif(i % 9, 0), 'n' || i % 4, i / 8.0, i % 16, i % 7, timestamptz '2024-01-01Z' + i * interval '1 s', i % 3 = 0
  FROM generate_series(1, 20000) i;
INSERT INTO reading VALUES (NULL, 1, NULL, 'NaN', 0, NULL, NULL, NULL), (1, 2, 'x', 1e300, 0, 1, NULL, true);
VACUUM ANALYZE reading;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET weir.stream = require;
EXPLAIN (COSTS OFF) SELECT sensor, sum(price) FROM reading GROUP BY 1;
EXPLAIN (COSTS OFF) SELECT sum(price) FROM reading;

CREATE TEMP TABLE query (number serial, text text);
-- The floats are small integers, so that the order of addition does not show.
INSERT INTO query (text) SELECT format('SELECT sensor, %s FROM reading GROUP BY 1', list) FROM unnest(ARRAY[
    'count(*), count(id), sum(id), sum(small), sum(sensor), sum(price), sum(level)',
    'avg(id), avg(small), avg(sensor), avg(price), avg(level)',
    'min(id), max(id), min(at), max(at), min(level), max(level), min(name COLLATE "C"), max(name COLLATE "C")',
    'stddev(small), var_pop(sensor), variance(small), stddev_pop(sensor)',
    'bool_and(is_on), bool_or(is_on), bit_and(id), bit_or(small), bit_xor(sensor)',
    'count(*) FILTER (WHERE is_on), sum(id * 2), sum(level + 1)']) list;
INSERT INTO query (text) SELECT replace(replace(text, 'SELECT sensor, ', 'SELECT '), ' GROUP BY 1', '') FROM query;
INSERT INTO query (text) VALUES ('SELECT sensor, name, count(*) FROM reading WHERE id > 100 GROUP BY 1, 2 HAVING sum(small) > 10'),
    ('SELECT count(*), sum(id), avg(price), avg(level), stddev(small), max(name COLLATE "C") FROM reading WHERE id < 0');
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared
SELECT number, text FROM query WHERE pg_temp.run(text, 'require') IS DISTINCT FROM pg_temp.run(text, 'off') ORDER BY 1;
SET parallel_leader_participation = off;
SELECT number, text FROM query WHERE pg_temp.run(text, 'require') IS DISTINCT FROM pg_temp.run(text, 'off') ORDER BY 1;
RESET parallel_leader_participation;
SET force_parallel_mode = regress;
SET max_parallel_workers_per_gather = 0;
SELECT number, text FROM query WHERE pg_temp.run(text, 'require') IS DISTINCT FROM pg_temp.run(text, 'off') ORDER BY 1;
RESET force_parallel_mode;
RESET max_parallel_workers_per_gather;

-- EXPLAIN counts what workers did: every page once, and the groups of each.
CREATE FUNCTION pg_temp.fact(query text, name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
    RETURN substring(plan::text FROM '"' || name || '": (\d+)')::bigint;
END $$;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT pg_temp.fact(q, 'Pages Read Directly') + pg_temp.fact(q, 'Pages Checked By Row') = pg_relation_size('reading') / 8192 AS all_pages,
       pg_temp.fact(q, 'Groups') BETWEEN 9 AND 18 AS groups, pg_temp.fact(q, 'Peak Memory Usage') > 0 AS memory
FROM (VALUES ('SELECT sensor, count(*) FROM reading GROUP BY 1')) v(q);
SET work_mem = '64kB';
SELECT pg_temp.fact('SELECT id, count(*) FROM reading GROUP BY 1', 'Disk Usage') > 0 AS spills;
RESET work_mem;
RESET parallel_leader_participation;

-- Parameters reach the workers; so does a rescan.
SET max_parallel_workers_per_gather = 2;
PREPARE above(int) AS SELECT count(*), sum(id * $1) FROM reading WHERE id > $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE above(10);
EXECUTE above(19990);
SELECT count(*), sum(id) FROM reading WHERE id > (SELECT max(id) - 10 FROM reading);
SET enable_material = off;
SELECT g, (SELECT sum(id) FROM reading WHERE sensor = g) FROM generate_series(1, 2) g;
SELECT g, x.n FROM generate_series(1, 2) g LEFT JOIN (SELECT sensor, count(*) n FROM reading GROUP BY 1) x ON x.sensor = g ORDER BY 1;
DROP TABLE reading;
