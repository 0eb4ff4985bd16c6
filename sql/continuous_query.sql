-- The view of a continuous query equals its definition, whether rows are in the state or newer.
CREATE SCHEMA cq;
SET search_path = cq, public;
SET client_min_messages = warning;
CREATE TABLE trade (ts timestamptz, symbol text, price float8, qty int, big bigint, amount numeric, at time, ok bool);
CREATE FUNCTION add_trades(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO cq.trade
    SELECT '2024-01-01 00:00Z'::timestamptz + g * interval '7 s', CASE WHEN g % 11 > 0 THEN 'S' || g % 5 END,
           CASE WHEN g % 7 > 0 THEN g / 4.0 END, g % 10, g * 1000000007::bigint, g * 1.25,
           '00:00'::time + g * interval '1 min', g % 3 > 0
    FROM generate_series(first, last) g
$$;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared
\set shared :here/sql/shared/settled.sql
\i :shared
\set shared :here/sql/shared/has_failed.sql
\i :shared
SELECT add_trades(1, 500);
SELECT settled();

SELECT weir.create_query('minute', $$
    SELECT weir.tumble(ts, '1 minute') AS minute, symbol, count(*), count(price) AS prices, avg(price) AS mean,
           min(price), max(price), sum(qty) AS qty
    FROM trade GROUP BY 1, 2 $$);
SELECT weir.create_query('numbers', $$
    SELECT symbol, sum(big) AS sum8, avg(big) AS avg8, sum(amount), avg(amount), avg(qty) AS avg4, stddev(qty), var_pop(amount),
           stddev_samp(big), bool_and(ok), bool_or(ok), every(ok), min(at), max(symbol), sum(qty) + count(*) AS both,
           bit_or(qty), min(ts) AS first, max(amount) AS most, sum(price::float4) AS sum4,
           avg(at - '00:00') AS mean_time, regr_count(qty, qty) AS n
    FROM trade GROUP BY symbol $$);
SELECT weir.create_query('filtered', $$
    SELECT lower(symbol) AS name, qty % 3, count(*) FILTER (WHERE ok) AS good, max(price) - min(price) AS span
    FROM trade WHERE qty > 2 AND symbol IS NOT NULL GROUP BY lower(symbol), qty % 3 HAVING count(*) > 20 $$);
SELECT weir.create_query('total', 'SELECT count(*), sum(qty), avg(amount), max(price) FROM trade');
SELECT weir.create_query('projected', $$SELECT symbol || '!' AS symbol, price * qty AS value FROM trade WHERE ok$$);
SELECT weir.create_query('keys', 'SELECT symbol FROM trade GROUP BY symbol, qty');
SELECT weir.create_query('later', 'SELECT symbol, count(*) FROM trade GROUP BY symbol', backfill => false);
CREATE TABLE nothing (a int);
SELECT weir.create_query('empty', 'SELECT count(*), sum(a), avg(a) FROM nothing');
-- a result may have the name that its state has elsewhere
SELECT weir.create_query('q9', 'SELECT a FROM nothing');
SELECT weir.drop_query('q9');
CREATE FUNCTION q() RETURNS SETOF regclass LANGUAGE sql AS
    $$SELECT result FROM weir.continuous_queries WHERE result::oid <> 'cq.later'::regclass ORDER BY id$$;
SELECT q, differences(q) FROM q();
TABLE later;
TABLE empty;

-- rows in the state, rows beside it
SELECT add_trades(300, 900);
SELECT q, differences(q) FROM q();
SELECT q, weir.wait(q) FROM q();
SELECT q, differences(q) FROM q();
SELECT weir.wait('later');
SELECT * FROM later ORDER BY 1;
SELECT count(*) > 0 AS is_stepped, bool_and(state IN ('running', 'waiting')) AS runs FROM weir.queries WHERE ticks > 0;

-- what a transaction has written itself is seen by it, and vanishes with it
BEGIN;
SELECT add_trades(1, 50);
SAVEPOINT s;
SELECT add_trades(1, 50);
SELECT q, differences(q) FROM q();
ROLLBACK TO s;
SELECT count FROM total;
ROLLBACK;
SELECT count FROM total;

-- created and filled in the transaction that fills the table
BEGIN;
CREATE TABLE fresh (a int, b int);
INSERT INTO fresh SELECT g % 3, g FROM generate_series(1, 10) g;
SELECT weir.create_query('of_fresh', 'SELECT a, sum(b) FROM fresh GROUP BY a');
INSERT INTO fresh SELECT g % 3, g FROM generate_series(1, 10) g;
SELECT differences('of_fresh');
COMMIT;
SELECT differences('of_fresh'), weir.wait('of_fresh'), differences('of_fresh');

-- paused, the view stays exact
SELECT weir.pause_query('total');
SELECT state, remedy FROM weir.queries WHERE name = 'total'::regclass;
SELECT add_trades(1, 50);
SELECT differences('total');
SELECT weir.wait('total');
SELECT weir.resume_query('total');
SELECT weir.wait('total'), differences('total');

-- DELETE and UPDATE of counted rows change nothing, unless the query is built anew
SELECT weir.wait('numbers');
DELETE FROM trade WHERE qty = 3;
UPDATE trade SET qty = 4 WHERE qty = 5;
SELECT (SELECT count FROM total) - (SELECT count(*) FROM trade) > 0 AS has_deleted;
SELECT settled();
SELECT weir.refresh_query('total'), weir.refresh_query('numbers');
SELECT differences('total'), differences('numbers');

-- ... and can be forbidden
CREATE TABLE kept (a int);
SELECT weir.create_query('of_kept', 'SELECT count(*), sum(a) FROM kept', on_delete => 'error');
INSERT INTO kept VALUES (1), (2);
DELETE FROM kept WHERE a = 3;
DELETE FROM kept;
UPDATE kept SET a = 2;
TRUNCATE kept;
SELECT weir.drop_query('of_kept');
DELETE FROM kept;

-- the condition on a key reaches the index of the state
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM later WHERE symbol = 'S1'
 \g (format=unaligned tuples_only=on) | sed -E 's/ q[0-9]+/ qN/; s/Query: [0-9]+/Query: N/'
RESET enable_seqscan;

-- names follow
ALTER TABLE trade RENAME COLUMN symbol TO ticker;
ALTER TABLE trade RENAME TO trades;
ALTER VIEW later RENAME TO after;
INSERT INTO trades (ticker, qty) VALUES ('new', 1);
SELECT weir.wait('after');
SELECT * FROM after WHERE symbol = 'new';
SELECT name FROM weir.queries WHERE name = 'after'::regclass;
ALTER TABLE trades DROP COLUMN qty;

-- no step is lost with an error of the query's own, and it goes on by itself
CREATE TABLE risky (a int);
SELECT weir.create_query('of_risky', 'SELECT sum(10 / a), count(*) FROM risky', tick => '0 s');
INSERT INTO risky VALUES (1), (0);
SELECT has_failed('of_risky'), weir.wait('of_risky', '500 ms');
SELECT state, sqlstate, last_error, failures > 0 AS failed, next_retry IS NOT NULL AS again FROM weir.queries WHERE name = 'of_risky'::regclass;
TABLE of_risky;
UPDATE risky SET a = 5 WHERE a = 0;
SELECT weir.drop_query('of_risky');

-- partitions
CREATE TABLE part (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 (junk int, b int, a int);
ALTER TABLE part_2 DROP COLUMN junk;
ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (10) TO (20);
INSERT INTO part SELECT g % 20, g FROM generate_series(1, 100) g;
SELECT weir.create_query('of_part', 'SELECT a % 4, sum(b), count(*) FROM part GROUP BY 1');
INSERT INTO part SELECT g % 20, g FROM generate_series(1, 100) g;
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');
CREATE TABLE part_3 PARTITION OF part FOR VALUES FROM (20) TO (30);
INSERT INTO part SELECT g % 30, g FROM generate_series(1, 100) g;
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');

-- drop
DROP TABLE part;
SELECT weir.drop_query('of_part');
DROP TABLE part;
DROP VIEW keys;
DROP SCHEMA cq CASCADE;
RESET search_path;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
SELECT count(*) FROM weir.continuous_queries;
SELECT count(*) FROM weir.frontiers;
SELECT relname FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'weir_hold_' || (SELECT oid FROM pg_database WHERE datname = current_database());
