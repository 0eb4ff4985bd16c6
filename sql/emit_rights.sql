-- A streaming query has the rights of who calls it: tables, columns, row security, and the function itself.
CREATE SCHEMA emit_rights;
SET search_path = emit_rights;
CREATE TABLE ledger (id int, owner name, amount int);
INSERT INTO ledger SELECT i, CASE WHEN i % 2 = 0 THEN 'weir_streamer' ELSE 'somebody' END, i FROM generate_series(1, 6) i;
CREATE TABLE hidden (id int);
INSERT INTO hidden VALUES (1);
CREATE ROLE weir_streamer;
GRANT USAGE ON SCHEMA emit_rights TO weir_streamer;
GRANT SELECT (id, owner) ON ledger TO weir_streamer;
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON ledger USING (owner = current_user);
SET ROLE weir_streamer;
SELECT * FROM weir.query('SELECT id FROM ledger') AS q(id int);
SELECT * FROM weir.query('SELECT owner, count(*) FROM ledger GROUP BY 1 EMIT CHANGES') AS q(owner name, n bigint);
SELECT * FROM weir.query('SELECT amount FROM ledger') AS q(amount int);
SELECT * FROM weir.query('SELECT id FROM hidden') AS q(id int);
SELECT weir.query_json('SELECT id FROM hidden');
RESET ROLE;
-- A function that runs as its owner lends the owner's rights, and no more.
CREATE FUNCTION sum_of_hidden() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
$$ SELECT sum(id) FROM weir.query('SELECT id FROM hidden') AS q(id int) $$;
-- A view does not.
CREATE VIEW hidden_rows AS SELECT * FROM weir.query('SELECT id FROM hidden') AS q(id int);
GRANT SELECT ON hidden_rows TO weir_streamer;
SET ROLE weir_streamer;
SELECT sum_of_hidden();
SELECT * FROM hidden_rows;
RESET ROLE;
SELECT * FROM hidden_rows;
-- The right to execute is asked for by the plan, too, also by one made earlier.
PREPARE early AS SELECT * FROM weir.query('SELECT 1') AS q(a int);
EXECUTE early;
REVOKE EXECUTE ON FUNCTION weir.query(text, text, interval, text) FROM PUBLIC;
SET ROLE weir_streamer;
EXECUTE early;
SELECT * FROM weir.query('SELECT 1') AS q(a int);
SELECT weir.query('SELECT 1');
RESET ROLE;
GRANT EXECUTE ON FUNCTION weir.query(text, text, interval, text) TO PUBLIC;
-- A query that may only read stays one.
SET default_transaction_read_only = on;
SELECT * FROM weir.query('SELECT id FROM hidden') AS q(id int);
SELECT * FROM weir.query($$SELECT nextval('nothing')$$) AS q(n bigint);
RESET default_transaction_read_only;
DROP FUNCTION sum_of_hidden();
DROP VIEW hidden_rows;
DROP TABLE ledger, hidden;
DROP SCHEMA emit_rights CASCADE;
DROP ROLE weir_streamer;
