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
DROP TABLE number, wide;
