-- Tables of :rows rows, ten million unless said otherwise. keys and money hold what the others lack: a million
-- distinct keys in random order, and numerics.
CREATE TABLE market_data AS
SELECT i AS id, (i % 100)::bigint AS trader_id, 'SYM' || (i % 50) AS symbol, (100 + (i % 500) * 0.1)::float8 AS price,
       (i % 1000)::bigint AS quantity, timestamptz '2024-01-15 12:00Z' + i * interval '1 s' AS trade_time
  FROM generate_series(0::bigint, :rows - 1) i;
CREATE TABLE trades AS
SELECT i AS id, 'SYM' || ((i * 7919) % 100) AS symbol, 100 + (i % 977) * 0.1::float8 AS price, (i % 100)::int AS qty,
       timestamptz '2026-01-01Z' + i * interval '10 ms' AS ts
  FROM generate_series(1::bigint, :rows) i;
CREATE TABLE keys AS
SELECT (hashint8(i) & 1048575)::int AS k, (i % 100)::int AS v FROM generate_series(1::bigint, :rows) i;
CREATE TABLE money AS
SELECT (i % 100)::int AS account, ((i % 99991) / 100.0)::numeric(12, 2) AS amount FROM generate_series(1::bigint, :rows) i;
CREATE TABLE parts (LIKE trades) PARTITION BY HASH (id);
SELECT format('CREATE TABLE parts_%s PARTITION OF parts FOR VALUES WITH (MODULUS 16, REMAINDER %s)', r, r)
  FROM generate_series(0, 15) r \gexec
INSERT INTO parts SELECT * FROM trades;
-- A tenth of the rows: PostgreSQL adds up every frame of theirs anew.
CREATE TABLE market_rows AS
SELECT i AS id, 'SYM' || (i % 10) AS symbol, (100 + (i % 100) * 0.5)::float8 AS price, (i % 1000)::int AS qty,
       timestamptz '2024-01-15 12:00Z' + i * interval '1 s' AS ts
  FROM generate_series(0::bigint, :rows / 10 - 1) i;
-- A tenth of the rows: keys and values of all kinds of types.
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE kinds AS
SELECT i AS id, jsonb_build_object('n', i % 50, 's', 'abc' || i % 50) AS body, ARRAY[i % 50, i % 7] AS list,
       ARRAY[i, i % 7] AS ids, md5((i % 1000)::text) AS name, md5(i::text) COLLATE any_case AS loose,
       (i % 10000)::numeric / 7 AS ratio, (i % 5000) * interval '7 minutes' AS span, (i % 100)::int AS k
  FROM generate_series(0::bigint, :rows / 10 - 1) i;
CREATE INDEX ON trades (ts);
CREATE TABLE small AS SELECT g FROM generate_series(0, 99) g;
VACUUM (FREEZE, ANALYZE);
