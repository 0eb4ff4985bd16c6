-- Statements that fail are records too, with the error's code.
SELECT weir.reset();
CREATE TABLE stock (id int PRIMARY KEY, amount int CHECK (amount >= 0));
INSERT INTO stock VALUES (1, 10), (2, 0);
CREATE TABLE shelf (stock_id int REFERENCES stock);
CREATE TABLE basket (stock_id int REFERENCES stock DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'WE001'; END $$;
CREATE TABLE guarded (id int);
CREATE TRIGGER guard AFTER INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION fail_when_planned(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'too early' USING ERRCODE = 'WE002'; END $$;

SET weir.tenant = 'failures';
\set VERBOSITY terse
-- while it runs
SELECT 10 / amount FROM stock WHERE id = 2;
INSERT INTO stock VALUES (1, 1);
UPDATE stock SET amount = amount - 5 WHERE id = 2;
INSERT INTO guarded VALUES (1);
SELECT count(*) FROM stock, pg_sleep(0.01) WHERE amount / (id - 1) > 0;
-- in a trigger after the rows, as foreign keys are checked
INSERT INTO shelf VALUES (99);
-- before it runs
SELECT fail_when_planned(1);
SET ROLE pg_monitor;
SELECT * FROM stock;
RESET ROLE;
-- cancelled
SET statement_timeout = '300ms';
SELECT pg_sleep(10);
RESET statement_timeout;
-- utility commands
CREATE TABLE stock ();
DROP TABLE no_such_table;
COPY stock FROM stdin (DELIMITER ',');
3,-1
\.
VACUUM (FULL, PARALLEL 2) stock;
-- in an aborted transaction nothing runs, so there is nothing to record
BEGIN;
SELECT 1 / (amount - amount) FROM stock WHERE id = 1;
SELECT 'nobody runs this';
ROLLBACK;
-- an error that is caught inside a function belongs to no statement of the client
DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
-- a constraint that is checked when the transaction commits fails the COMMIT
BEGIN;
INSERT INTO basket VALUES (99);
COMMIT;
-- not captured: statements that the parser or the analysis refuses, they have no query identifier
SELEC 1;
SELECT no_such_column FROM stock;
SET weir.tenant = '';
\set VERBOSITY default

SELECT weir.flush() >= 0 AS flushed;
SELECT query_type, table_name, field_name, calls, rows, sqlstate, query
FROM weir.query_stats LEFT JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id = 'failures' AND query_type NOT IN ('SET', 'RESET') ORDER BY id;

-- The time until the error counts, and errors are told apart from successes of the same query.
SELECT duration_ms >= 290 AS waited FROM weir.query_stats WHERE tenant_id = 'failures' AND sqlstate = '57014';
SELECT 10 / amount FROM stock WHERE id = 1;
SELECT weir.flush() >= 0 AS flushed;
SELECT calls, errors, rows FROM weir.statements WHERE query LIKE 'SELECT $1 / amount FROM stock%';
SELECT errors FROM weir.tenant_stats WHERE tenant_id = 'failures';

DROP TABLE shelf, basket, stock, guarded;
DROP FUNCTION refuse, fail_when_planned;
