-- Joins to small tables while the pages of a large one are read: the same rows as PostgreSQL's, whatever the inner
-- table holds. Every query runs both ways, and says where its rows came from.
CREATE TABLE fact (id int, d int, e bigint, day date, v int, f float8, t text);
INSERT INTO fact SELECT i, CASE WHEN i % 13 > 0 THEN i % 50 END, i % 7, date '2026-01-01' + i % 9, i % 100, i * 0.25, 't' || i % 5
  FROM generate_series(1, 20000) i;
INSERT INTO fact SELECT i, i % 50, NULL, NULL, NULL, NULL, NULL FROM generate_series(1, 100) i;
CREATE TABLE dim (d int, name text, long_name text, price numeric, weight float8, big bigint);
INSERT INTO dim SELECT i, 'n' || i % 6, repeat('long', i), i / 3.0, i * 1.5, i FROM generate_series(0, 39) i;
UPDATE dim SET name = NULL, long_name = NULL, price = NULL WHERE d % 10 = 0;
INSERT INTO dim VALUES (NULL, 'nobody'), (NULL, 'nobody else'), (-1, 'unused');
CREATE TABLE other (e bigint, label text);
INSERT INTO other SELECT i, 'label ' || i / 2 FROM generate_series(0, 4) i;
CREATE TABLE twice AS SELECT * FROM dim UNION ALL SELECT * FROM dim WHERE d = 7;
CREATE TABLE empty (LIKE dim);
CREATE TABLE wide AS SELECT i AS d, repeat('w', 300) AS name FROM generate_series(0, 4000) i;
CREATE TABLE days AS SELECT date '2026-01-01' + i AS day, i % 3 AS week FROM generate_series(0, 5) i;
VACUUM ANALYZE fact, dim, other, twice, empty, wide, days;
SET enable_mergejoin = off;
SET enable_nestloop = off;
CREATE FUNCTION pg_temp.rows_of(query text, mode text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE line text; result text[] := '{}';
BEGIN
  PERFORM set_config('weir.stream', mode, true);
  FOR line IN EXECUTE 'SELECT q::text FROM (' || query || ') q' LOOP result := result || line; END LOOP;
  RETURN ARRAY(SELECT l FROM unnest(result) l ORDER BY l COLLATE "C");
END$$;
CREATE FUNCTION pg_temp.input_of(query text) RETURNS text LANGUAGE plpgsql SET force_parallel_mode = off AS $$
DECLARE plan jsonb;
BEGIN
  PERFORM set_config('weir.stream', 'require', true);
  EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
  RETURN jsonb_path_query_first(plan, '$.**.Input') #>> '{}';
END$$;
CREATE TABLE asked (n serial, query text);
INSERT INTO asked (query) VALUES
  ('SELECT name, count(*), sum(v), avg(f) FROM fact JOIN dim USING (d) GROUP BY 1'),
  ('SELECT long_name, count(*), count(name), sum(price), min(weight), max(big) FROM fact JOIN dim USING (d) GROUP BY 1'),
  ('SELECT price, count(*), stddev(f) FROM fact JOIN dim USING (d) WHERE v < 50 AND dim.big > 3 GROUP BY 1'),
  ('SELECT count(*) FROM fact JOIN dim USING (d)'),
  ('SELECT t, sum(weight), sum(v + 1), min(name COLLATE "C") FROM fact JOIN dim USING (d) GROUP BY 1'),
  ('SELECT name, label, count(*), sum(f) FROM fact JOIN dim USING (d) JOIN other USING (e) GROUP BY 1, 2'),
  ('SELECT week, name, label, count(*) FROM fact JOIN dim USING (d) JOIN other USING (e) JOIN days USING (day) GROUP BY 1, 2, 3'),
  ('SELECT name, count(*) FROM fact JOIN dim ON fact.e = dim.d GROUP BY 1'),
  ('SELECT name, count(*) FROM fact JOIN dim ON fact.v = dim.big GROUP BY 1'),
  ('SELECT length(t), name, count(*) FROM fact JOIN dim USING (d) GROUP BY 1, 2'),
  ('SELECT name, count(*) FILTER (WHERE v > 10), sum(CASE WHEN v > 3 THEN f END) FROM fact JOIN dim USING (d) GROUP BY 1'),
  ('SELECT DISTINCT name, t FROM fact JOIN dim USING (d)'),
  ('SELECT name, count(*) FROM fact JOIN twice USING (d) GROUP BY 1'),
  ('SELECT name, count(*) FROM fact JOIN twice USING (d) JOIN other USING (e) GROUP BY 1'),
  ('SELECT name, count(*) FROM fact JOIN empty USING (d) GROUP BY 1'),
  ('SELECT count(*), sum(v) FROM fact JOIN empty USING (d)'),
  ('SELECT name, count(*) FROM fact LEFT JOIN dim USING (d) GROUP BY 1'),
  ('SELECT name, sum(v * weight) FROM fact JOIN dim USING (d) GROUP BY 1'),
  ('SELECT name, count(*) FROM fact JOIN dim ON fact.d = dim.d AND fact.v > dim.big GROUP BY 1'),
  ('SELECT name, count(*) FROM fact JOIN dim USING (d) WHERE t LIKE ''%3'' GROUP BY 1'),
  ('SELECT a.v, count(*), sum(b.f) FROM fact a JOIN fact b USING (id) GROUP BY 1'),
  ('SELECT name, sum(f * 1e300) FROM fact JOIN dim USING (d) WHERE f < 1e6 GROUP BY 1');
SELECT n, pg_temp.input_of(query) AS input, pg_temp.rows_of(query, 'require') = pg_temp.rows_of(query, 'off') AS same
  FROM asked ORDER BY n;

-- A table that takes too much memory is the server's to join.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT pg_temp.input_of(q) AS input, pg_temp.rows_of(q, 'require') = pg_temp.rows_of(q, 'off') AS same
  FROM (VALUES ('SELECT name, count(*), sum(v) FROM fact JOIN wide USING (d) GROUP BY 1')) v(q);
RESET work_mem;
RESET hash_mem_multiplier;

-- The nodes of the join show what they did.
SET weir.stream = require;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql SET force_parallel_mode = off AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
    RETURN NEXT regexp_replace(line, 'Memory Usage: \d+', 'Memory Usage: N');
  END LOOP;
END$$;
SELECT pg_temp.plan_of('SELECT label, count(*) FROM fact JOIN dim USING (d) JOIN other USING (e) WHERE v < 50 GROUP BY 1');

-- Rows that meet nobody raise no error.
SELECT name, sum(100 / (v - 99)) FROM fact JOIN dim ON fact.v = dim.d WHERE name = 'n1' GROUP BY 1;
SELECT name, sum(100 / (v - 31)) FROM fact JOIN dim ON fact.v = dim.d WHERE name = 'n1' GROUP BY 1;

-- Rescans, with parameters on either side and with none; generic plans; an inner table that changes meanwhile.
SELECT g, x.* FROM generate_series(1, 3) g,
  LATERAL (SELECT name, count(*), sum(v) FROM fact JOIN dim USING (d) WHERE dim.big < g GROUP BY 1) x ORDER BY 1, 2;
SELECT g, x.* FROM generate_series(1, 2) g,
  LATERAL (SELECT name, sum(v * g) FROM fact JOIN dim USING (d) JOIN other USING (e) WHERE v < g + 2 GROUP BY 1) x ORDER BY 1, 2;
SELECT g, x.* FROM generate_series(1, 3) g,
  LATERAL (SELECT count(*), sum(v) FROM fact JOIN (SELECT * FROM twice WHERE big < g * 3) i USING (d)) x ORDER BY 1;
SELECT g, x.* FROM generate_series(1, 2) g,
  LATERAL (SELECT week, count(*) FROM fact JOIN dim USING (d) JOIN days USING (day) WHERE fact.e < g AND days.week < g GROUP BY 1) x ORDER BY 1, 2;
SET plan_cache_mode = force_generic_plan;
PREPARE by_size(bigint, int) AS SELECT name, count(*) FROM fact JOIN dim USING (d) WHERE big < $1 AND v < $2 GROUP BY 1 ORDER BY 1 LIMIT 3;
EXECUTE by_size(5, 10);
EXECUTE by_size(2, 50);
EXECUTE by_size(NULL, 50);
BEGIN;
DELETE FROM dim WHERE d < 3;
EXECUTE by_size(5, 10);
ROLLBACK;
INSERT INTO dim SELECT * FROM dim WHERE d = 4;
EXECUTE by_size(5, 10);
DELETE FROM dim WHERE d = 4;
RESET plan_cache_mode;

-- Row security of either table; partitions joined to partitions; workers; a running result.
CREATE ROLE regress_joiner;
ALTER TABLE dim ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON dim USING (big < 2);
GRANT SELECT ON fact, dim TO regress_joiner;
SET ROLE regress_joiner;
SELECT name, count(*) FROM fact JOIN dim USING (d) GROUP BY 1 ORDER BY 1;
RESET ROLE;
DROP POLICY few ON dim;
ALTER TABLE dim DISABLE ROW LEVEL SECURITY;
DROP OWNED BY regress_joiner;
DROP ROLE regress_joiner;
CREATE TABLE sale (id int, v int) PARTITION BY RANGE (id);
CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM (0) TO (500);
CREATE TABLE sale_2 (v int, gone text, id int);
ALTER TABLE sale_2 DROP COLUMN gone;
ALTER TABLE sale ATTACH PARTITION sale_2 FOR VALUES FROM (500) TO (1000);
CREATE TABLE item (id int, name text) PARTITION BY RANGE (id);
CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM (0) TO (500);
CREATE TABLE item_2 PARTITION OF item FOR VALUES FROM (500) TO (1000);
INSERT INTO sale SELECT i % 1000, i FROM generate_series(1, 9999) i;
INSERT INTO item SELECT i, 'item ' || i % 3 FROM generate_series(0, 999, 2) i;
ANALYZE sale, item;
SET enable_partitionwise_join = on;
SELECT name, count(*), sum(v) FROM sale JOIN item USING (id) GROUP BY 1 ORDER BY 1;
SELECT pg_temp.input_of('SELECT name, count(*), sum(v) FROM sale JOIN item USING (id) GROUP BY 1');
RESET enable_partitionwise_join;
SET weir.stream = require;
SELECT name, count(*), sum(v) FROM sale JOIN item USING (id) GROUP BY 1 ORDER BY 1;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET enable_parallel_hash = off;
SELECT name, label, count(*), sum(v) FROM fact JOIN dim USING (d) JOIN other USING (e) WHERE name < 'n3' GROUP BY 1, 2 ORDER BY 1, 2;
RESET max_parallel_workers_per_gather;
SELECT * FROM weir.query('SELECT name, count(*), sum(v) FROM fact JOIN dim USING (d) WHERE id < 5 GROUP BY 1 EMIT CHANGES') AS c(name text, n bigint, s bigint);
BEGIN;
DECLARE back SCROLL CURSOR FOR SELECT name, count(*) FROM fact JOIN dim USING (d) WHERE d < 3 GROUP BY 1;
FETCH 2 FROM back;
FETCH BACKWARD 1 FROM back;
FETCH ALL FROM back;
COMMIT;
