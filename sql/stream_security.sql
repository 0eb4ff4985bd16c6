-- Row security and barriers: a condition that might tell a row's content runs after those that hide it.
CREATE TABLE account (id int, owner name, amount int, note text);
INSERT INTO account SELECT i, CASE WHEN i % 2 = 0 THEN 'weir_reader' ELSE 'somebody' END, i, 'note ' || i
  FROM generate_series(1, 3000) i;
CREATE ROLE weir_reader;
GRANT SELECT ON account TO weir_reader;
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account USING (owner = current_user);
CREATE FUNCTION telltale(note text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    IF note IN ('note 1', 'note 3') THEN RAISE NOTICE 'saw %', note; END IF;
    RETURN true;
END $$;
SET ROLE weir_reader;
SET weir.stream = require;
SELECT count(*), sum(amount), min(id) FROM account;
SELECT count(*) FROM account WHERE telltale(note);
SELECT count(*) FROM account WHERE telltale(note) AND amount > 10;
SELECT owner, sum(amount) FROM account GROUP BY 1;
RESET ROLE;
SELECT owner, count(*) FROM account GROUP BY 1 ORDER BY 1;
CREATE VIEW evens WITH (security_barrier) AS SELECT * FROM account WHERE id % 2 = 0;
SELECT count(*) FROM evens WHERE telltale(note);
REVOKE SELECT ON account FROM weir_reader;
SET ROLE weir_reader;
SELECT count(*) FROM account;
RESET ROLE;
DROP TABLE account CASCADE;
DROP FUNCTION telltale(text);
DROP ROLE weir_reader;
