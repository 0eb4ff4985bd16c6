-- The tables of the five scenarios, :rows rows each.
DROP TABLE IF EXISTS orders, market_data, market_rows;
CREATE TABLE orders AS
SELECT i AS order_id, (i % 1000)::bigint AS customer_id, '2024-01-15'::text AS order_date, (150 + (i % 100))::float8 AS total_amount
  FROM generate_series(0::bigint, :rows - 1) i;
CREATE TABLE market_data AS
SELECT i AS id, (i % 100)::bigint AS trader_id, 'SYM' || (i % 50) AS symbol, (100 + (i % 500) * 0.1)::float8 AS price,
       (i % 1000)::bigint AS quantity, timestamptz '2024-01-15 12:00Z' + i * interval '1 s' AS trade_time
  FROM generate_series(0::bigint, :rows - 1) i;
CREATE TABLE market_rows AS
SELECT i AS id, 'SYM' || (i % 10) AS symbol, (100 + (i % 100) * 0.5)::float8 AS price,
       timestamptz '2024-01-15 12:00Z' + i * interval '1 s' AS ts
  FROM generate_series(0::bigint, :rows - 1) i;
VACUUM (FREEZE, ANALYZE) orders, market_data, market_rows;
