-- EXPLAIN in its four formats, with and without ANALYZE.
CREATE TABLE reading AS SELECT i id, i % 3 sensor, i::float8 value, timestamptz '2024-01-01Z' + i * interval '1 s' AS at
  FROM generate_series(1, 3000) i;
VACUUM ANALYZE reading;
SET weir.stream = require;
SET compute_query_id = regress;
SET timezone = 'UTC';

EXPLAIN (COSTS OFF) SELECT sensor, count(*), avg(value) FROM reading GROUP BY 1;
EXPLAIN (COSTS OFF, VERBOSE) SELECT sensor, count(*) + 1 FROM reading r WHERE id > 5 GROUP BY 1 HAVING sum(value) > 1;
EXPLAIN (COSTS OFF) SELECT weir.tumble(at, '1 min'), max(value) FROM reading GROUP BY 1;
EXPLAIN (COSTS OFF) SELECT DISTINCT sensor FROM reading;
EXPLAIN (COSTS OFF) SELECT count(*) FROM reading;

-- Sizes of memory differ between builds, and what else runs decides which pages everybody sees.
CREATE FUNCTION pg_temp.explain(options text, query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (%s) %s', options, query) LOOP
        RETURN NEXT regexp_replace(line, '((Memory[ -]Usage|Pages Read Directly|Pages Checked By Row)\D*)\d+', '\1N', 'g');
    END LOOP;
END $$;
SELECT pg_temp.explain('ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF',
                       'SELECT sensor, count(*) FROM reading WHERE id > 1000 GROUP BY 1 HAVING min(id) > 1001');
SELECT pg_temp.explain('ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF',
                       'SELECT a.sensor, count(*) FROM reading a JOIN reading b USING (id) GROUP BY 1');
SELECT pg_temp.explain('ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON',
                       'SELECT sensor, count(*) FROM reading GROUP BY 1');
SELECT pg_temp.explain('ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT YAML',
                       'SELECT sensor, count(*) FROM reading GROUP BY 1');
SELECT pg_temp.explain('COSTS OFF, FORMAT XML', 'SELECT sensor, count(*) FROM reading GROUP BY 1');
DROP TABLE reading;
