-- How the window node goes about it, and how it lives in plans.
CREATE TABLE event (id int, k int, v int, at timestamp);
INSERT INTO event SELECT i, i % 5, i % 100, timestamp '2026-01-01' + i * interval '1 min' FROM generate_series(1, 4000) i;
VACUUM ANALYZE event;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
    RETURN NEXT regexp_replace(line, '(Memory Usage|Disk): \d+', '\1: N');
  END LOOP;
END$$;
SET weir.stream = require;

-- Rows that arrive in order are read twice and kept by nobody; others are sorted, key by key.
SELECT plan_of('SELECT sum(v) OVER (PARTITION BY k ORDER BY at, id ROWS 9 PRECEDING) FROM event');
SELECT plan_of('SELECT sum(v) OVER (PARTITION BY k ORDER BY v, id ROWS 9 PRECEDING) FROM event');
SELECT plan_of('SELECT sum(v) OVER (PARTITION BY k ORDER BY at, id ROWS BETWEEN 9 PRECEDING AND 1 FOLLOWING) FROM event');
SELECT plan_of('SELECT sum(v) OVER (PARTITION BY k ORDER BY at) FROM (SELECT * FROM event OFFSET 0) e');
SET compute_query_id = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, rank() OVER (PARTITION BY k + 1 ORDER BY at) * 2 FROM event;

EXPLAIN (COSTS OFF) SELECT lag(v) OVER (ORDER BY at DESC, id NULLS FIRST) FROM event;

-- Where memory is full before the first row was given out, PostgreSQL's own nodes run.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT count(*), sum(s) FROM (SELECT sum(v) OVER (PARTITION BY k ORDER BY v, id ROWS 9 PRECEDING) AS s FROM event) q;
SELECT plan_of('SELECT sum(v) OVER (PARTITION BY k ORDER BY v, id ROWS 9 PRECEDING) FROM event');
SELECT k, (SELECT sum(s) FROM (SELECT sum(v) OVER (PARTITION BY id % 3 ORDER BY v DESC, id ROWS 2 PRECEDING) AS s
                                 FROM event WHERE event.k = o.k) q) FROM (VALUES (1), (2), (1)) o(k);
RESET work_mem;
RESET hash_mem_multiplier;

-- Offsets are known when a scan starts.
PREPARE moving(int) AS
  SELECT sum(s) FROM (SELECT max(v) OVER (PARTITION BY k ORDER BY at ROWS $1 PRECEDING) AS s FROM event) q;
SET plan_cache_mode = force_generic_plan;
EXECUTE moving(0);
EXECUTE moving(20);
EXECUTE moving(-1);
EXECUTE moving(NULL);
RESET plan_cache_mode;
DEALLOCATE moving;
SELECT n, (SELECT sum(s) FROM (SELECT sum(v) OVER (PARTITION BY k ORDER BY at ROWS 5 PRECEDING) AS s
                                 FROM event WHERE id <= n) q) FROM (VALUES (10), (100), (10), (NULL)) o(n);

-- Cursors, and leaving early.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, row_number() OVER (PARTITION BY k ORDER BY at) FROM event ORDER BY id;
FETCH 3 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH ABSOLUTE 4000 FROM c;
COMMIT;
SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY k ORDER BY at) FROM event LIMIT 7) q;

-- Rows changed in the same transaction; an empty input.
BEGIN;
DELETE FROM event WHERE id % 2 = 0;
SELECT k, max(n) FROM (SELECT k, row_number() OVER (PARTITION BY k ORDER BY at) AS n FROM event) q GROUP BY k ORDER BY k;
ROLLBACK;
SELECT row_number() OVER (PARTITION BY k ORDER BY at) FROM event WHERE id < 0;

-- What is declined, and why.
SELECT weir.stream_reason('SELECT ' || call || ' FROM event')
  FROM unnest(ARRAY['sum(v) OVER (ORDER BY at RANGE BETWEEN interval ''1 h'' PRECEDING AND CURRENT ROW)',
                    'sum(v) OVER (ORDER BY at GROUPS 2 PRECEDING)', 'sum(v) OVER (ORDER BY at ROWS 2 PRECEDING EXCLUDE TIES)',
                    'ntile(3) OVER (ORDER BY at)', 'sum(v::numeric) OVER (ORDER BY at)', 'string_agg(v::text, '','') OVER ()',
                    'sum(v) OVER (PARTITION BY k), sum(v) OVER (PARTITION BY v)', 'sum(v) OVER (ORDER BY k::text)',
                    'sum(v) OVER (PARTITION BY ARRAY[k])', 'lag(v, k) OVER (ORDER BY at)', 'nth_value(v, 0) OVER (ORDER BY at)',
                    'sum(random()) OVER (ORDER BY at)', 'lag(100 / v) OVER (ORDER BY at)',
                    'sum(v + (SELECT 1 FROM event e WHERE e.id = event.id)) OVER (ORDER BY at)',
                    'sum(v) OVER (ORDER BY at ROWS 2 PRECEDING)']) call;
SELECT sum(v) OVER (ORDER BY at GROUPS 2 PRECEDING) FROM event;
SELECT weir.stream_reason('SELECT * FROM (SELECT row_number() OVER (ORDER BY at) AS n FROM event) q WHERE n < 3');

-- Errors are PostgreSQL's, for the rows that are asked for.
CREATE TABLE huge AS SELECT i AS id, CASE WHEN i > 50 THEN 1.7e308 ELSE 1 END::float8 AS x FROM generate_series(1, 100) i;
SELECT sum(x) OVER (ORDER BY id ROWS 2 PRECEDING) FROM huge LIMIT 2;
SELECT sum(x) OVER (ORDER BY id ROWS 2 PRECEDING) FROM huge;
SELECT avg(x) OVER (ORDER BY id ROWS 1 PRECEDING) FROM huge;
SELECT max(x) OVER (ORDER BY id ROWS 1 PRECEDING) FROM huge WHERE id > 98;
RESET weir.stream;
DROP FUNCTION plan_of;
DROP TABLE event, huge;
