-- Errors are PostgreSQL's own, and a failed query leaves nothing behind.
CREATE TABLE number (k int, i int, b bigint, f float8, r float4, n numeric);
INSERT INTO number SELECT x % 3, 1, 1, 1, 1, 1 FROM generate_series(1, 100) x;
SET weir.stream = require;

INSERT INTO number VALUES (1, 2147483647, 9223372036854775807, 1e308, 3e38, 1e1000);
SELECT sum(i + 1) FROM number;
SELECT sum(b + 1) FROM number;
SELECT sum(f * 10) FROM number;
SELECT sum(f / (i - 1)) FROM number;
SELECT sum(i), sum(b), sum(n) FROM number;
-- A sum of floats that overflows, and an average that PostgreSQL finds overflowing.
SELECT k, avg(f) FROM number GROUP BY 1 ORDER BY 1;
INSERT INTO number VALUES (1, 1, 1, 1e308, 3e38, 1);
SELECT k, sum(f) FROM number GROUP BY 1 ORDER BY 1;
SELECT k, sum(r) FROM number GROUP BY 1 ORDER BY 1;
SELECT k, stddev(f) FROM number GROUP BY 1 ORDER BY 1;
SELECT sum(i / (k - k)) FROM number;
-- Rows that a condition removes are not evaluated.
SELECT sum(i / (k - 1)) FROM number WHERE k <> 1;
SELECT sum(i / (k - 1)) FILTER (WHERE k <> 1) FROM number;
-- Of several rows that fail, the first one in the order of rows tells.
CREATE TABLE failing AS
SELECT i, CASE i WHEN 700 THEN 2147483647 ELSE i END AS a, CASE i WHEN 650 THEN 0 ELSE i END AS b,
       CASE i WHEN 600 THEN 'six' ELSE i::text END AS c, CASE i WHEN 500 THEN 0 ELSE 2.0 END::float8 AS f
FROM generate_series(1, 3000) i;
INSERT INTO failing SELECT 4000, 2147483647, 0, 'four', 0;
SELECT sum(a + 1), sum(10 / b), sum(c::int), sum(1 / f) FROM failing WHERE i <> 500;
SELECT sum(a + 1), sum(10 / b), sum(c::int), sum(1 / f) FROM failing WHERE i > 600;
SELECT sum(a + 1), sum(10 / b), sum(c::int), sum(1 / f) FROM failing WHERE i > 650;
SELECT sum(a + 1), sum(10 / b) FROM failing WHERE i > 500 AND c::int > 0;
SELECT sum(a + 1), sum(10 / b) FROM failing WHERE i > 600 AND 7 / f > 0 AND 10 / (c::int - 699) < 20;
-- Of one row, the first expression; and a plan below fails before.
SELECT sum(c::int), sum(a + 1), sum(10 / b) FROM failing WHERE i > 3000;
SELECT sum(a + 1), sum(c::int), sum(10 / b) FROM failing WHERE i > 3000;
SELECT sum(a + 1), sum(d) FROM (SELECT a, c::int AS d FROM failing WHERE i > 600 OFFSET 0) q;
SELECT sum(1 / f), sum(d) FROM (SELECT f, c::int AS d FROM failing OFFSET 0) q;
-- In order, groups before the row that fails are enough, again and again.
CREATE INDEX ON failing (i);
ANALYZE failing;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT x, (SELECT s FROM (SELECT i, sum(a + 1) AS s FROM failing WHERE i > 600 + x GROUP BY i ORDER BY i LIMIT 1) q)
FROM generate_series(1, 3) x;
RESET enable_seqscan;
RESET enable_bitmapscan;

SELECT weir.tumble(timestamp '2024-01-01', '0 s');
SELECT weir.tumble(timestamp '2024-01-01', '-1 s');
SELECT weir.tumble(timestamp '2024-01-01', '1 month 1 day');
SELECT weir.tumble(timestamp '4714-11-24 00:00:00 BC', '7 days');
SELECT weir.tumble(5::bigint, 0);
SELECT weir.tumble_end(9223372036854775807, 10);
SELECT DISTINCT weir.tumble(b - 9223372036854775807 - 2, 39) FROM number WHERE k = 0;

-- A query stopped in the middle.
CREATE TABLE wide AS SELECT x, repeat('y', 100) y FROM generate_series(1, 200000) x;
SET statement_timeout = '200ms';
SELECT count(*) FROM wide a JOIN wide b ON a.x % 1000 = b.x % 1000 GROUP BY a.x;
RESET statement_timeout;
SET weir.stream = off;
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'weir %';
SET weir.stream = require;
SELECT count(*), max(length) FROM (SELECT length(y), count(*) FROM wide GROUP BY 1) q;
DROP TABLE number, wide, failing;
