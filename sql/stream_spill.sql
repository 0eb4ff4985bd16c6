-- Floats that ask for care, where only rows hold them that find no room in memory at first.
CREATE TABLE late_float AS
  SELECT i AS id, CASE WHEN i > 4000 THEN '-Infinity' WHEN i > 3000 THEN 1e200 ELSE i END::float8 AS x FROM generate_series(1, 5000) i;
VACUUM ANALYZE late_float;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET weir.stream = require;
SELECT count(*), count(s), sum(n), min(s), max(s) FROM (SELECT id, count(*) AS n, sum(x) AS s FROM late_float GROUP BY 1) q;
SELECT count(*), count(s), sum(n) FROM (SELECT id % 4500 AS k, count(*) AS n, avg(x) AS s FROM late_float WHERE id <= 4000 GROUP BY 1) q;
SELECT count(*) FROM (SELECT id % 900 AS k, sum(x * 1e108) AS s FROM late_float WHERE id <= 4000 GROUP BY 1) q;
DROP TABLE late_float;
