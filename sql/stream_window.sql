-- Window functions by key, without a sort; and the same rows as without them.
CREATE TABLE tick (id bigint, symbol text, venue int, price float8, size int, at timestamptz);
INSERT INTO tick
SELECT i, CASE WHEN i % 41 = 0 THEN NULL ELSE 'S' || i % 7 END, i % 3,
       CASE WHEN i % 13 = 0 THEN NULL ELSE (i * 7919 % 1000) * 0.1 END,
       CASE WHEN i % 17 = 0 THEN NULL ELSE (i * 31 % 100)::int END,
       timestamptz '2026-01-01 00:00Z' + i * interval '1 s'
  FROM generate_series(1, 5000) i;
VACUUM ANALYZE tick;
-- The same rows in another order, and with ties.
CREATE TABLE shuffled AS SELECT * FROM tick ORDER BY hashint8(id);
CREATE TABLE tied AS SELECT id, symbol, size, size % 4 AS level, -size % 3 AS other FROM tick ORDER BY id;

-- Counts the rows that only one of both ways gives, for each function, window and table.
CREATE FUNCTION differences(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN
  SET LOCAL extra_float_digits = 3;
  SET LOCAL weir.stream = require;
  EXECUTE format('CREATE TEMP TABLE streamed AS SELECT q::text AS line FROM (%s) q', query);
  SET LOCAL weir.stream = off;
  EXECUTE format('CREATE TEMP TABLE stock AS SELECT q::text AS line FROM (%s) q', query);
  SELECT count(*) INTO found FROM ((TABLE streamed EXCEPT ALL TABLE stock) UNION ALL
                                   (TABLE stock EXCEPT ALL TABLE streamed)) d;
  IF (SELECT count(*) FROM streamed) <> 5000 THEN found := -1; END IF;
  DROP TABLE streamed, stock;
  RETURN found;
END$$;

SELECT call, source, sum(differences(format('SELECT id, symbol, %s OVER (PARTITION BY symbol, venue ORDER BY at, id %s) FROM %s',
                                            call, frame, source))) AS differ
  FROM unnest(ARRAY['count(*)', 'count(price)', 'sum(size)', 'sum(id)', 'avg(size)', 'avg(id)', 'sum(price)', 'avg(price)',
                    'sum(price::float4)', 'avg(price::float4)', 'min(price)', 'max(price)', 'min(size)', 'max(at)',
                    'stddev(price)', 'var_pop(size)', 'bool_and(size > 3)', 'sum(size) FILTER (WHERE venue = 1)',
                    'count(*) FILTER (WHERE price > 50)', 'first_value(price)', 'last_value(symbol)',
                    'nth_value(size, 3)']) WITH ORDINALITY c(call, n),
       unnest(ARRAY['tick', 'shuffled']) source,
       unnest(ARRAY['ROWS BETWEEN 9 PRECEDING AND CURRENT ROW', 'ROWS BETWEEN 3 PRECEDING AND 4 FOLLOWING',
                    'ROWS UNBOUNDED PRECEDING', 'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
                    'ROWS BETWEEN 7 PRECEDING AND 2 PRECEDING', '']) frame
 WHERE call !~ 'size [>]|venue|price >|::' OR frame !~ '2 PRECEDING'
 GROUP BY call, n, source ORDER BY n, source DESC;

SELECT call, source, differences(format('SELECT id, %s OVER (PARTITION BY symbol ORDER BY at DESC NULLS FIRST, id) FROM %s',
                                        call, source)) AS differ
  FROM unnest(ARRAY['row_number()', 'rank()', 'dense_rank()', 'lag(price)', 'lag(symbol, 3)', 'lead(size, 2)',
                    'lag(size, 2, size)', 'lag(size, 0)', 'lead(at, -1)']) WITH ORDINALITY c(call, n),
       unnest(ARRAY['tick', 'shuffled']) source
 ORDER BY n, source DESC;

-- Peers: ranks, and frames that end with them.
SELECT call, differences(format('SELECT id, %s OVER (PARTITION BY symbol ORDER BY %s) FROM tied', call, keys)) AS differ
  FROM unnest(ARRAY['rank()', 'dense_rank()', 'sum(size)', 'count(*)', 'max(size)']) call,
       unnest(ARRAY['level', 'level DESC NULLS LAST, other', 'level NULLS FIRST']) keys
 ORDER BY 1;
SELECT differences('SELECT id, sum(size) OVER (PARTITION BY symbol), count(size) OVER (PARTITION BY symbol ORDER BY level) FROM tied');

-- Several windows over one order; expressions over functions; conditions that moved into the window.
SELECT differences($$SELECT id, avg(price) OVER (w ROWS 9 PRECEDING), max(price) OVER (w ROWS 2 PRECEDING) - price,
                            row_number() OVER w, sum(size) OVER (PARTITION BY symbol ORDER BY at)
                       FROM tick WINDOW w AS (PARTITION BY symbol ORDER BY at, id)$$);
SET weir.stream = require;
SELECT * FROM (SELECT symbol, id, row_number() OVER (PARTITION BY symbol ORDER BY at DESC) AS n FROM tick) q
 WHERE n <= 2 ORDER BY symbol, n;
SELECT symbol, price - lag(price) OVER (PARTITION BY symbol ORDER BY at) AS step FROM tick ORDER BY id LIMIT 10;

-- Rows leave in whatever order; whoever asks for one gets it.
EXPLAIN (COSTS OFF) SELECT id, sum(size) OVER (PARTITION BY symbol ORDER BY at ROWS 3 PRECEDING) FROM tick ORDER BY symbol, at;
SELECT count(*) FROM (SELECT symbol, at, lag(at) OVER (ROWS 1 PRECEDING) AS before
                        FROM (SELECT symbol, at, sum(size) OVER (PARTITION BY symbol ORDER BY at ROWS 3 PRECEDING)
                                FROM shuffled ORDER BY at) q) r WHERE before > at;
RESET weir.stream;
DROP FUNCTION differences;
DROP TABLE tick, shuffled, tied;
