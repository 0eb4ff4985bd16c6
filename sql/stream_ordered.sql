-- Input in the order of a group key: groups of closed windows leave, and are freed, while the input goes on.
CREATE TABLE reading (id bigint, at timestamptz, sensor int, name text, value float8);
INSERT INTO reading SELECT i, timestamptz '2024-01-01Z' + (i * 7919 % 20000) * interval '1 s', i % 7, repeat('n', i % 30), i
  FROM generate_series(1, 20000) i;
INSERT INTO reading SELECT NULL, NULL, i % 3, 'null', i FROM generate_series(1, 10) i;
INSERT INTO reading VALUES (0, 'infinity', 1, 'end', 1), (1, '-infinity', 1, 'start', 1);
CREATE INDEX reading_at ON reading (at);
CREATE INDEX reading_id ON reading (id DESC);
-- The flush worker has nothing to do for a while, so that nobody's snapshot keeps VACUUM from its work.
SELECT weir.flush() >= 0 AS flushed;
VACUUM ANALYZE reading;
SET timezone = 'UTC';
SET compute_query_id = regress;
SET weir.stream = require;

-- The planner reads the index when few rows are wanted, and knows the order that groups leave in.
EXPLAIN (COSTS OFF) SELECT weir.tumble(at, '1 min') w, sensor, count(*) FROM reading GROUP BY 1, 2 ORDER BY 1 LIMIT 3;
EXPLAIN (COSTS OFF) SELECT weir.tumble(at, '1 min') w, sensor, count(*) FROM reading GROUP BY 1, 2 ORDER BY 1 DESC LIMIT 3;
EXPLAIN (COSTS OFF) SELECT date_bin('1 min', at, '2000-01-01Z') w, count(*) FROM reading WHERE at > '2024-01-01 05:00Z' GROUP BY 1 ORDER BY 1 LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id / 100, count(*) FROM reading GROUP BY 1 ORDER BY 1 DESC LIMIT 3;
SELECT weir.tumble(at, '1 min') w, count(*), sum(value) FROM reading GROUP BY 1 ORDER BY 1 LIMIT 3;
SELECT weir.tumble(at, '1 min') w, count(*), sum(value) FROM reading GROUP BY 1 ORDER BY 1 DESC LIMIT 3;
SELECT weir.tumble(at, '1 min') w, count(*), sum(value) FROM reading GROUP BY 1 ORDER BY 1 DESC NULLS LAST LIMIT 3;
SELECT id / 100, count(*), sum(value) FROM reading GROUP BY 1 ORDER BY 1 DESC NULLS LAST LIMIT 3;

-- Where the order is of other rows than those of the input, there is none.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT weir.tumble(at, '1 min'), count(*) FROM reading WHERE at IN ('2024-01-01 01:00Z', '2024-01-01 00:00Z') GROUP BY 1;
EXPLAIN (COSTS OFF) SELECT sensor, count(*) FROM reading WHERE at > '2024-01-01 05:00Z' GROUP BY 1;
EXPLAIN (COSTS OFF) SELECT weir.tumble(at, '1 month'), count(*) FROM reading WHERE at > '2024-01-01 05:00Z' GROUP BY 1;
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET enable_sort;

-- Sorts, subqueries, joins and merges hand their order on.
SET enable_hashjoin = off;
CREATE TABLE sensor AS SELECT g AS sensor, 's' || g AS label FROM generate_series(0, 5) g;
CREATE TABLE part (LIKE reading) PARTITION BY HASH (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_2 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX ON part (at);
INSERT INTO part SELECT * FROM reading WHERE isfinite(at);
ANALYZE sensor, part;
CREATE TABLE query (number serial, text text);
INSERT INTO query (text) VALUES
    ('SELECT weir.tumble(at, ''1 min'') w, sensor, count(*), sum(value), max(name COLLATE "C") FROM (SELECT * FROM reading ORDER BY at OFFSET 0) r GROUP BY 1, 2'),
    ('SELECT weir.tumble(at, ''1 min'') w, name, count(*) FROM (SELECT * FROM reading ORDER BY at DESC OFFSET 0) r GROUP BY 1, 2'),
    ('SELECT id / 1000, name, count(*) FROM (SELECT * FROM reading ORDER BY id NULLS FIRST OFFSET 0) r GROUP BY 1, 2'),
    ('SELECT at, count(*) FROM (SELECT * FROM reading ORDER BY at LIMIT 500) r GROUP BY 1'),
    ('SELECT id, name, count(*) FROM (SELECT * FROM reading ORDER BY id OFFSET 0) r GROUP BY 1, 2'),
    ('SELECT weir.tumble(at, ''1 hour'') w, label, count(*) FROM (SELECT * FROM reading ORDER BY at OFFSET 0) r LEFT JOIN sensor s ON s.sensor < r.sensor GROUP BY 1, 2'),
    ('SELECT weir.tumble(at, ''1 hour'') w, count(*), sum(id) FILTER (WHERE sensor = 3) FROM (SELECT * FROM part ORDER BY at OFFSET 0) r GROUP BY 1'),
    ('SELECT weir.tumble(at, ''10 days'') w, count(*), sum(id) FROM (SELECT * FROM reading ORDER BY at OFFSET 0) r GROUP BY 1 HAVING count(*) > 1');
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared
CREATE FUNCTION pg_temp.ordered(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan::text LIKE '%"Ordered By"%';
END $$;
SELECT number, pg_temp.ordered(text) FROM query ORDER BY 1;
SELECT number, pg_temp.run(text, 'require') = pg_temp.run(text, 'off') AS same FROM query ORDER BY 1;

-- A window that does not fit memory spills, and the next one starts afresh.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT number, pg_temp.run(text, 'require') = pg_temp.run(text, 'off') AS same FROM query ORDER BY 1;
SELECT pg_temp.run(q, 'require') = pg_temp.run(q, 'off') AS same
FROM (VALUES ('SELECT id / 6000, id, name, count(*), sum(value) FROM (SELECT * FROM reading ORDER BY id OFFSET 0) r GROUP BY 1, 2, 3')) v(q);
RESET work_mem;
RESET hash_mem_multiplier;

-- Rescans begin with the first window, also when the last scan was left early.
SET enable_material = off;
SELECT g, x.* FROM generate_series(1, 3) g,
    LATERAL (SELECT weir.tumble(at, '1 hour') w, count(*) FROM (SELECT * FROM reading ORDER BY at OFFSET 0) r WHERE sensor = g GROUP BY 1 LIMIT 2) x
ORDER BY 1, 2;
SELECT g, x.n FROM generate_series(1, 2) g
    JOIN (SELECT id / 5000 k, count(*) n FROM (SELECT * FROM reading ORDER BY id OFFSET 0) r GROUP BY 1) x ON x.k = g ORDER BY 1;
RESET enable_material;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id / 5000, count(*) FROM (SELECT * FROM reading ORDER BY id OFFSET 0) r GROUP BY 1;
FETCH 2 FROM c;
FETCH LAST FROM c;
FETCH FIRST FROM c;
COMMIT;

-- Memory does not grow with the number of windows, and the first of them cost only their own rows.
CREATE FUNCTION pg_temp.facts(query text, OUT peak_kb int, OUT rows_read int) LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
        peak_kb := coalesce(peak_kb, substring(line FROM 'Peak Memory Usage: (\d+)')::int);
        rows_read := coalesce(rows_read, substring(line FROM 'Index Scan using .* \(actual rows=(\d+)')::int);
    END LOOP;
END $$;
CREATE TABLE long_stream AS SELECT i AS id, i % 10 AS sensor FROM generate_series(1, 300000) i;
CREATE INDEX ON long_stream (id);
VACUUM ANALYZE long_stream;
SET enable_seqscan = off;
SET enable_sort = off;
SET force_parallel_mode = off;
SELECT few.peak_kb > 0 AND many.peak_kb < few.peak_kb * 1.5 AS memory_is_flat, many.rows_read = 300000 AS reads_all
FROM pg_temp.facts('SELECT id / 100, sensor, count(*) FROM long_stream WHERE id < 5000 GROUP BY 1, 2 ORDER BY 1') few,
     pg_temp.facts('SELECT id / 100, sensor, count(*) FROM long_stream GROUP BY 1, 2 ORDER BY 1') many;
SELECT rows_read < 5000 AS leaves_early FROM pg_temp.facts('SELECT id / 100, sensor, count(*) FROM long_stream GROUP BY 1, 2 ORDER BY 1 LIMIT 5');

-- Runs are given out in order, also where hardly any group fits memory.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT ARRAY(SELECT id FROM long_stream WHERE id <= 5000 GROUP BY id ORDER BY id) = ARRAY(SELECT generate_series(1, 5000)) AS in_order;
RESET work_mem;
RESET hash_mem_multiplier;

-- An index is no way to read what a condition excludes altogether, or a sample.
SELECT id FROM long_stream WHERE id < NULL GROUP BY 1 ORDER BY 1;
SELECT count(*) < 250000 AS is_a_sample FROM (SELECT id FROM long_stream TABLESAMPLE bernoulli (50) REPEATABLE (1) GROUP BY 1) s;
DROP TABLE reading, sensor, part, query, long_stream;
