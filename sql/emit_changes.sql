-- EMIT CHANGES gives, for every row of the input, the result of its group so far. The oracle is the running
-- aggregate over the rows in the order of their arrival.
CREATE SCHEMA emit_changes;
SET search_path = emit_changes;
SET timezone = 'UTC';
SET extra_float_digits = 3;
CREATE TABLE trade (id int, symbol text, desk int, price float8, qty int, amount numeric(12, 2), big bigint, ok bool, at timestamptz);
INSERT INTO trade
SELECT i, CASE WHEN i % 11 = 0 THEN NULL ELSE 'S' || i * 7919 % 13 END, i % 3,
       CASE WHEN i % 17 = 0 THEN NULL WHEN i % 101 = 0 THEN 'NaN' ELSE i % 977 * 0.1 END, i % 100,
       CASE WHEN i % 19 = 0 THEN NULL ELSE i % 991 / 7.0 END, i::bigint * 1000000007, i % 5 > 0,
       timestamptz '2024-01-01Z' + i * interval '700 ms'
  FROM generate_series(1, 5000) i;
ANALYZE trade;

-- In order of arrival, the changed group only.
SELECT * FROM weir.query('SELECT desk, count(*), sum(qty), avg(price) FROM trade WHERE id < 8 GROUP BY desk EMIT CHANGES') AS q(desk int, n bigint, s bigint, a float8);
-- Without keys; LIMIT inside and outside stops the input.
SELECT * FROM weir.query('SELECT count(*), max(qty) FROM trade EMIT CHANGES') AS q(n bigint, m int) LIMIT 3;
SELECT * FROM weir.query('SELECT count(*) + 10, min(symbol COLLATE "C") FROM trade LIMIT 3 EMIT CHANGES') AS q(n bigint, m text);
-- HAVING and expressions over aggregates.
SELECT * FROM weir.query('SELECT desk, ''n='' || count(*) FROM trade WHERE id < 20 GROUP BY desk HAVING sum(qty) > 30 AND count(*) < 6 EMIT CHANGES') AS q(desk int, n text);
-- A plain query's rows are its changes.
SELECT * FROM weir.query('SELECT id FROM trade WHERE id < 3 EMIT CHANGES') AS q(id int);
-- No rows, no changes.
SELECT * FROM weir.query('SELECT count(*) FROM trade WHERE id < 0 EMIT CHANGES') AS q(n bigint);

-- differs(streamed, oracle): how many rows only one of both gives.
CREATE FUNCTION differs(streamed text, oracle text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint; m bigint;
BEGIN
    EXECUTE format('CREATE TEMP TABLE ours AS SELECT * FROM weir.query_json(%L) AS j', streamed);
    EXECUTE format('CREATE TEMP TABLE theirs AS SELECT to_jsonb(o) AS j FROM (%s) o', oracle);
    SELECT count(*) INTO n FROM ((TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) d;
    SELECT count(*) INTO m FROM theirs;
    DROP TABLE ours, theirs;
    IF m = 0 THEN RAISE EXCEPTION 'nothing was compared'; END IF;
    RETURN n;
END $$;
SELECT differs('SELECT symbol, count(*), count(price), sum(price), avg(price), min(price), max(price) FROM trade GROUP BY symbol EMIT CHANGES',
    'SELECT symbol, count(*) OVER w, count(price) OVER w, sum(price) OVER w, avg(price) OVER w, min(price) OVER w, max(price) OVER w
       FROM trade WINDOW w AS (PARTITION BY symbol ORDER BY id ROWS UNBOUNDED PRECEDING)');
SELECT differs('SELECT symbol, desk, sum(qty), avg(qty), sum(big), avg(big), sum(amount), avg(amount), bool_and(ok), bit_xor(qty) FROM trade GROUP BY symbol, desk EMIT CHANGES',
    'SELECT symbol, desk, sum(qty) OVER w, avg(qty) OVER w, sum(big) OVER w, avg(big) OVER w, sum(amount) OVER w, avg(amount) OVER w, bool_and(ok) OVER w, bit_xor(qty) OVER w
       FROM trade WINDOW w AS (PARTITION BY symbol, desk ORDER BY id ROWS UNBOUNDED PRECEDING)');
SELECT differs('SELECT desk, stddev(price) AS s, var_pop(qty) AS v, min(symbol COLLATE "C") AS a, max(symbol COLLATE "C") AS b, count(*) FILTER (WHERE qty > 50) AS c, sum(price * qty) AS d
       FROM trade WHERE price < 90 GROUP BY desk EMIT CHANGES',
    'SELECT desk, stddev(price) OVER w AS s, var_pop(qty) OVER w AS v, min(symbol COLLATE "C") OVER w AS a, max(symbol COLLATE "C") OVER w AS b, count(*) FILTER (WHERE qty > 50) OVER w AS c, sum(price * qty) OVER w AS d
       FROM trade WHERE price < 90 WINDOW w AS (PARTITION BY desk ORDER BY id ROWS UNBOUNDED PRECEDING)');
SELECT differs('SELECT weir.tumble(at, ''1 minute'') AS m, symbol, count(*), avg(price) FROM trade GROUP BY 1, 2 HAVING count(*) > 2 EMIT CHANGES',
    'SELECT * FROM (SELECT weir.tumble(at, ''1 minute'') AS m, symbol, count(*) OVER w, avg(price) OVER w
       FROM trade WINDOW w AS (PARTITION BY weir.tumble(at, ''1 minute''), symbol ORDER BY id ROWS UNBOUNDED PRECEDING)) o WHERE count > 2');
-- Below: a join, a subquery, a CTE.
CREATE TABLE desk (desk int, region text);
INSERT INTO desk VALUES (0, 'west'), (1, 'east'), (2, 'east');
ANALYZE desk;
SELECT differs('SELECT region, count(*), sum(qty) FROM trade JOIN desk USING (desk) GROUP BY region EMIT CHANGES',
    'SELECT region, count(*) OVER w, sum(qty) OVER w FROM trade JOIN desk USING (desk) WINDOW w AS (PARTITION BY region ORDER BY id ROWS UNBOUNDED PRECEDING)');
SELECT differs('WITH t AS MATERIALIZED (SELECT * FROM trade WHERE ok) SELECT desk, sum(n) AS s FROM (SELECT desk, qty + 1 AS n FROM t OFFSET 10) i GROUP BY desk EMIT CHANGES',
    'SELECT desk, sum(n) OVER (PARTITION BY desk ORDER BY id ROWS UNBOUNDED PRECEDING) AS s FROM (SELECT id, desk, qty + 1 AS n FROM trade WHERE ok ORDER BY id OFFSET 10) i');
-- Partitions arrive one after the other.
CREATE TABLE parted (LIKE trade) PARTITION BY RANGE (id);
CREATE TABLE parted_1 (gone int, ok bool, at timestamptz, big bigint, id int, symbol text, desk int, price float8, qty int, amount numeric(12, 2));
ALTER TABLE parted_1 DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES FROM (0) TO (2000);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (2000) TO (10000);
INSERT INTO parted SELECT * FROM trade;
SELECT differs('SELECT weir.tumble(at, ''10 minutes'') AS m, symbol, count(*), sum(amount) FROM parted GROUP BY 1, 2 EMIT CHANGES',
    'SELECT weir.tumble(at, ''10 minutes'') AS m, symbol, count(*) OVER w, sum(amount) OVER w
       FROM parted WINDOW w AS (PARTITION BY weir.tumble(at, ''10 minutes''), symbol ORDER BY id ROWS UNBOUNDED PRECEDING)');
-- When memory is full, rows of further groups come later; nothing is lost.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT differs('SELECT id % 3000 AS k, count(*), sum(qty), max(symbol COLLATE "C") FROM trade GROUP BY 1 EMIT CHANGES',
    'SELECT id % 3000 AS k, count(*) OVER w, sum(qty) OVER w, max(symbol COLLATE "C") OVER w FROM trade WINDOW w AS (PARTITION BY id % 3000 ORDER BY id ROWS UNBOUNDED PRECEDING)');
RESET work_mem;
RESET hash_mem_multiplier;
-- With a lateness, windows that are closed are forgotten: on ordered input the same rows come.
SELECT count(*) FROM (
    (SELECT * FROM weir.query('SELECT weir.tumble(at, ''1 minute''), symbol, count(*), sum(qty) FROM trade GROUP BY 1, 2 EMIT CHANGES', lateness => '0 s') AS q(m timestamptz, s text, n bigint, q bigint)
     EXCEPT ALL
     SELECT * FROM weir.query('SELECT weir.tumble(at, ''1 minute''), symbol, count(*), sum(qty) FROM trade GROUP BY 1, 2 EMIT CHANGES') AS q(m timestamptz, s text, n bigint, q bigint))) d;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
SELECT count(*) FROM weir.query('SELECT weir.tumble(at, ''1 hour''), count(*) FROM trade GROUP BY 1 EMIT CHANGES', lateness => '0 s') AS q(m timestamptz, n bigint)
 \g (format=unaligned tuples_only=on) | grep -v Memory
-- Errors of the aggregates are those of PostgreSQL, when their row is reached.
SELECT * FROM weir.query('SELECT sum(x) FROM (VALUES (1e308::float8), (1), (1e308)) v(x) EMIT CHANGES') AS q(s float8);
SELECT * FROM weir.query('SELECT avg(x) FROM (VALUES (1::float8), (1e308), (-1e308)) v(x) EMIT CHANGES') AS q(s float8);
SELECT * FROM weir.query('SELECT sum(x) FROM (VALUES (1e308::float8), (1), (1e308)) v(x) EMIT CHANGES') AS q(s float8) LIMIT 2;
