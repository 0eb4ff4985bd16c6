-- A query that follows its table: what is deleted or updated is taken back.
CREATE SCHEMA cr;
SET search_path = cr, public;
SET client_min_messages = warning;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared
CREATE FUNCTION q() RETURNS SETOF regclass LANGUAGE sql AS 'SELECT result FROM weir.continuous_queries ORDER BY id';
-- The differences of all results: with what is new beside the state, and once it is in the state.
CREATE FUNCTION all_differences() RETURNS numeric LANGUAGE sql AS 'SELECT sum(differences(q)) FROM q()';
CREATE FUNCTION pending() RETURNS text LANGUAGE plpgsql AS $$
DECLARE n int; total int := 0; r record;
BEGIN
    FOR r IN SELECT id FROM weir.continuous_queries LOOP
        EXECUTE format('SELECT count(*) FROM weir_state.q%s_gone', r.id) INTO n;
        total := total + n;
    END LOOP;
    RETURN CASE WHEN total > 0 THEN 'some' ELSE 'none' END;
END $$;
CREATE TABLE trade (id serial PRIMARY KEY, ts timestamptz, symbol text, qty int, price float8, amount numeric, ok bool);
CREATE INDEX ON trade (symbol);
CREATE FUNCTION add_trades(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO cr.trade (ts, symbol, qty, price, amount, ok)
    SELECT '2024-01-01 00:00Z'::timestamptz + g * interval '7 s', CASE WHEN g % 11 > 0 THEN 'S' || g % 5 END,
           g % 10, g / 4.0, g * 1.25, g % 3 > 0
    FROM generate_series(first, last) g
$$;
SELECT weir.create_query('bad', 'SELECT count(*) FROM trade', on_delete => 'retract', backfill => false);
SELECT weir.create_query('bad', 'SELECT count(*) FROM trade', on_delete => 'retract', on_error => 'skip');
CREATE TABLE shapes (p point);
SELECT weir.create_query('bad', 'SELECT p FROM shapes', on_delete => 'retract');
SELECT weir.create_query('bad', 'SELECT a.id FROM trade a JOIN shapes b ON a.id = b.p[0]', on_delete => 'retract');
SELECT weir.create_query('bad', 'SELECT id, sum(qty) OVER (PARTITION BY symbol ORDER BY ts ROWS 2 PRECEDING) FROM trade', on_delete => 'retract');
SELECT weir.create_query('bad', 'SELECT id, sum(qty) OVER (PARTITION BY symbol ORDER BY ts ROWS 2 PRECEDING) FROM trade', on_error => 'skip');

SELECT add_trades(1, 400);
SELECT weir.create_query('by_symbol', 'SELECT symbol, count(*), sum(qty), avg(amount), min(price), max(price), stddev(qty), bool_or(ok) FROM trade GROUP BY symbol', on_delete => 'retract');
SELECT weir.create_query('by_minute', $$SELECT weir.tumble(ts, '1 minute') AS minute, symbol, sum(price), max(amount) FROM trade WHERE ok GROUP BY 1, 2 HAVING count(*) > 1$$, on_delete => 'retract');
SELECT weir.create_query('total', 'SELECT count(*), sum(qty), max(price) FROM trade', on_delete => 'retract');
SELECT weir.create_query('rows_of', $$SELECT symbol, qty * 2 AS double FROM trade WHERE qty > 3$$, on_delete => 'retract');
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
SELECT all_differences(), pending();


SELECT weir.create_query('bad', 'SELECT symbol, count(*) FROM rows_of GROUP BY symbol');
SELECT weir.alter_query('total', on_delete => 'ignore');
SELECT weir.alter_query('total', on_error => 'skip');
SELECT weir.alter_query('total', tick => '500 ms', on_delete => 'retract');

-- in the state; in the rows beside it; in both
DELETE FROM trade WHERE id % 7 = 0;
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
SELECT all_differences(), pending();
SELECT add_trades(1, 100);
UPDATE trade SET qty = qty + 1, symbol = CASE WHEN id % 5 = 0 THEN NULL WHEN id % 5 = 1 THEN 'new' ELSE symbol END WHERE id % 3 = 0;
DELETE FROM trade WHERE symbol IS NULL AND qty = 4;
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
SELECT all_differences(), pending();

-- a group that goes altogether
DELETE FROM trade WHERE symbol = 'S1';
SELECT count(*) FROM by_symbol WHERE symbol = 'S1';
SELECT weir.wait('by_symbol');
SELECT count(*) FROM by_symbol WHERE symbol = 'S1';

-- in one transaction, with savepoints
BEGIN;
SELECT add_trades(401, 450);
DELETE FROM trade WHERE id > 500;
SAVEPOINT a;
UPDATE trade SET symbol = 'gone again';
SELECT all_differences();
ROLLBACK TO a;
SELECT all_differences();
INSERT INTO trade (id, symbol, qty) VALUES (1, 'S9', 9) ON CONFLICT (id) DO UPDATE SET qty = 77, symbol = 'S9';
MERGE INTO trade t USING (VALUES (2), (3)) v(id) ON t.id = v.id WHEN MATCHED AND v.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET qty = 5;
SELECT all_differences();
COMMIT;
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
SELECT all_differences(), pending();
BEGIN;
DELETE FROM trade WHERE id < 50;
ROLLBACK;
SELECT all_differences();

-- only what was touched is computed anew: the rest of the state is not written
SELECT format('CREATE VIEW cr.versions AS SELECT k1 AS symbol, xmin::text AS writer FROM weir_state.q%s', id) AS make
FROM weir.continuous_queries WHERE result = 'by_symbol'::regclass \gset
:make;
CREATE TABLE before AS SELECT * FROM versions;
DELETE FROM trade WHERE id = (SELECT min(id) FROM trade WHERE symbol = 'S2');
SELECT weir.wait('by_symbol');
SELECT v.symbol FROM versions v JOIN before b ON v.symbol IS NOT DISTINCT FROM b.symbol AND v.writer <> b.writer;
DROP VIEW versions;

-- TRUNCATE, also taken back, and rows of the same transaction
BEGIN;
TRUNCATE trade;
SELECT all_differences();
SELECT add_trades(1, 20);
SELECT all_differences();
ROLLBACK;
SELECT all_differences();
BEGIN;
TRUNCATE trade;
SELECT add_trades(1, 300);
COMMIT;
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
SELECT all_differences(), pending();
TRUNCATE trade;
SELECT all_differences();
SELECT add_trades(1, 200);
SELECT q, weir.wait(q) FROM q();
SELECT all_differences(), count FROM total;

-- files that change
VACUUM FULL trade;
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
DELETE FROM trade WHERE qty = 3;
CLUSTER trade USING trade_pkey;
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
ALTER TABLE trade ADD COLUMN extra float DEFAULT random();
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
DELETE FROM trade WHERE qty = 4;
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
SELECT all_differences(), pending();
BEGIN;
TRUNCATE trade;
COPY trade (id, symbol, qty, ok) FROM stdin WITH (FREEZE, DELIMITER ',');
1,S1,4,t
2,S2,5,f
\.
SELECT all_differences();
COMMIT;
SELECT all_differences();
SELECT q, weir.wait(q) FROM q();
SELECT all_differences(), pending();

-- what a subscription changes
SET session_replication_role = replica;
UPDATE trade SET qty = 8;
RESET session_replication_role;
SELECT all_differences();

-- built anew, and through a foreign key
SELECT weir.refresh_query('by_symbol');
SELECT all_differences();
CREATE TABLE account (id int PRIMARY KEY);
CREATE TABLE booking (account int REFERENCES account ON DELETE CASCADE ON UPDATE CASCADE, amount int);
INSERT INTO account SELECT generate_series(1, 10);
INSERT INTO booking SELECT 1 + g % 10, g FROM generate_series(1, 100) g;
SELECT weir.create_query('balance', 'SELECT account, sum(amount) FROM booking GROUP BY account', on_delete => 'retract');
SELECT weir.wait('balance');
DELETE FROM account WHERE id = 3;
UPDATE account SET id = 33 WHERE id = 4;
SELECT differences('balance'), weir.wait('balance'), differences('balance');

SELECT weir.alter_query('balance', definition => 'SELECT account, sum(amount), max(amount) AS most FROM booking GROUP BY account');
SELECT differences('balance');
DELETE FROM booking WHERE amount > 90;
SELECT differences('balance'), weir.wait('balance'), differences('balance');
DELETE FROM booking WHERE amount > 80;
SELECT differences('balance'), most FROM balance ORDER BY most DESC LIMIT 1;

-- a row that the query fails on can be mended in the table
CREATE TABLE risky (a int, b int);
SELECT weir.create_query('of_risky', 'SELECT 100 / a AS k, count(*) FROM risky GROUP BY 1', on_delete => 'retract', tick => '0 s');
INSERT INTO risky VALUES (1, 1), (0, 2), (5, 3);
SELECT weir.wait('of_risky', '1 s');
TABLE of_risky;
UPDATE risky SET a = 2 WHERE a = 0;
SELECT * FROM of_risky ORDER BY k;
SELECT weir.resume_query('of_risky');
SELECT weir.wait('of_risky');
SELECT differences('of_risky'), state IN ('running', 'waiting') AS runs FROM weir.queries WHERE name = 'of_risky'::regclass;

-- partitions: rows move, whole partitions come and go
CREATE TABLE part (a int, b int, v text) PARTITION BY RANGE (a);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 (junk int, v text, b int, a int);
ALTER TABLE part_2 DROP COLUMN junk;
ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (10) TO (20);
INSERT INTO part SELECT g % 20, g, 'v' || g % 3 FROM generate_series(1, 200) g;
SELECT weir.create_query('of_part', 'SELECT a % 4, v, sum(b), count(*), max(b) FROM part GROUP BY 1, 2', on_delete => 'retract');
SELECT weir.wait('of_part'), differences('of_part');
UPDATE part SET a = a + 10 WHERE a IN (2, 3);
UPDATE part SET a = a - 10 WHERE a = 15;
DELETE FROM part_2 WHERE b % 10 = 9;
UPDATE part_1 SET v = NULL WHERE b % 10 = 8;
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');
-- a new partition has nothing computed anew
SELECT format('CREATE VIEW cr.versions AS SELECT k1, k2, xmin::text AS writer FROM weir_state.q%s', id) AS make
FROM weir.continuous_queries WHERE result = 'of_part'::regclass \gset
:make;
CREATE TABLE before_part AS SELECT * FROM versions;
CREATE TABLE part_3 PARTITION OF part FOR VALUES FROM (20) TO (30);
INSERT INTO part VALUES (21, 1, 'v1'), (0, 1, 'v1');
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');
SELECT v.k1, v.k2 FROM versions v JOIN before_part b USING (k1, k2) WHERE v.writer <> b.writer ORDER BY 1, 2;
DROP VIEW versions;
INSERT INTO part SELECT g % 30, g, 'v' || g % 3 FROM generate_series(1, 60) g;
DELETE FROM part_3 WHERE b = 25;
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');
DELETE FROM part_3 WHERE b = 26;
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');
ALTER TABLE part DETACH PARTITION part_1;
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');
DELETE FROM part_1 WHERE b % 2 = 0;
ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM (0) TO (10);
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');
TRUNCATE part_2;
DROP TABLE part_3;
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');
DELETE FROM part WHERE b % 5 = 0;
SELECT differences('of_part'), weir.wait('of_part'), differences('of_part');

-- the owner of a query need not own the table, nor the one who changes it the query
CREATE ROLE regress_owner LOGIN;
CREATE ROLE regress_writer;
CREATE ROLE regress_reader;
GRANT USAGE, CREATE ON SCHEMA cr TO regress_owner;
GRANT USAGE ON SCHEMA cr TO regress_writer, regress_reader;
CREATE TABLE shared (a int, b int);
GRANT SELECT ON shared TO regress_owner;
GRANT ALL ON shared TO regress_writer;
SET ROLE regress_owner;
CREATE FUNCTION whoami(a int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN current_user; END';
CREATE FUNCTION same(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN a; END';
SELECT weir.create_query('of_shared', 'SELECT cr.same(a) AS a, sum(b), count(*) FROM cr.shared GROUP BY 1', on_delete => 'retract');
RESET ROLE;
GRANT TRIGGER ON shared TO regress_owner;
SET ROLE regress_owner;
SELECT weir.create_query('of_shared', 'SELECT cr.same(a) AS a, sum(b), count(*) FROM cr.shared GROUP BY 1', on_delete => 'retract');
SELECT weir.create_query('of_me', 'SELECT cr.whoami(a) AS me, sum(b) FROM cr.shared GROUP BY 1', on_delete => 'retract');
GRANT SELECT ON of_shared TO regress_reader;
SET ROLE regress_writer;
INSERT INTO shared SELECT g % 3, g FROM generate_series(1, 30) g;
RESET ROLE;
SELECT weir.wait('of_shared'), weir.wait('of_me');
SELECT weir.pause_query('of_me');
SET ROLE regress_writer;
DELETE FROM shared WHERE b > 20;
UPDATE shared SET a = NULL WHERE a = 1;
SET ROLE regress_reader;
SELECT a, sum, count FROM of_shared ORDER BY a;
RESET ROLE;
SELECT weir.wait('of_shared');
TABLE of_shared ORDER BY a;
-- functions ran as the owner, in the step and in the trigger
SELECT id AS me FROM weir.continuous_queries WHERE result = 'of_me'::regclass \gset
SELECT format('SELECT k1 FROM weir_state.q%1$s UNION SELECT k1 FROM weir_state.q%1$s_gone', :me) AS keys \gset
:keys;
SET ROLE regress_owner;
SELECT weir.drop_query('of_shared'), weir.drop_query('of_me');
RESET ROLE;
DELETE FROM shared;
DROP TABLE shared;

-- INSERT has no trigger; nobody else can write the log; everything goes with the query
SELECT tgname ~ '^weir_retract_[0-9]+$' AS is_ours, tgtype & 4 > 0 AS on_insert, tgenabled FROM pg_trigger WHERE tgrelid = 'booking'::regclass AND NOT tgisinternal;
SELECT id AS balance FROM weir.continuous_queries WHERE result = 'balance'::regclass \gset
CREATE TABLE strange (a int);
SELECT format('CREATE TRIGGER t AFTER DELETE ON strange FOR EACH ROW EXECUTE FUNCTION weir.log_change(%s)', :balance) AS make \gset
:make;
INSERT INTO strange VALUES (1);
DO $$ BEGIN DELETE FROM strange; EXCEPTION WHEN wrong_object_type THEN RAISE NOTICE 'refused'; END $$;
SELECT count(*) FROM strange;
DROP VIEW of_part;
SELECT weir.drop_query(q) FROM q() q WHERE q::text <> 'of_part' AND EXISTS (SELECT FROM pg_class WHERE oid = q);
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'weir\_retract%';
SELECT relname FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
DROP SCHEMA cr CASCADE;
DROP ROLE regress_owner, regress_writer, regress_reader;
