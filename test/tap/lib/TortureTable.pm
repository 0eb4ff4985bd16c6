# What the torture is about: a partitioned table, the ledger of its rows, and those who write them.
package TortureTable;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw($torture_schema @torture_writers %torture_guest);

# A partitioned table, one of whose partitions has other attribute numbers; long values out of line;
# and the ledger, which nobody updates or deletes from. Both hold when the row's transaction began.
our $torture_schema = <<'SQL';
CREATE TABLE src (part int, k int, v bigint, u int, pad text, at timestamptz DEFAULT now(), UNIQUE (part, u)) PARTITION BY LIST (part);
CREATE TABLE src_0 PARTITION OF src FOR VALUES IN (0);
CREATE TABLE src_1 (dropped text, pad text, k int, at timestamptz DEFAULT now(), part int, u int, v bigint);
ALTER TABLE src_1 DROP COLUMN dropped;
ALTER TABLE src ATTACH PARTITION src_1 FOR VALUES IN (1);
CREATE TABLE src_2 PARTITION OF src FOR VALUES IN (2) WITH (fillfactor = 70);
CREATE TABLE src_3 PARTITION OF src FOR VALUES IN (3);
ALTER TABLE src_0 ALTER pad SET STORAGE EXTERNAL;
ALTER TABLE src_1 ALTER pad SET STORAGE EXTERNAL;
CREATE INDEX src_k ON src (k);
CREATE TABLE ledger (k int, v bigint, h bigint, at timestamptz DEFAULT now());
CREATE SEQUENCE guest_v;
CREATE TABLE guest_new (k int, v bigint, h bigint);
CREATE TABLE guest_seen (at timestamptz);
CREATE FUNCTION long_pad() RETURNS text LANGUAGE sql VOLATILE AS
  $$SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 100)$$;
CREATE FUNCTION add_rows(n int, at int DEFAULT NULL) RETURNS void LANGUAGE sql VOLATILE AS $$
  WITH added AS (
    INSERT INTO src (part, k, v, pad)
    SELECT coalesce(at, (random() * 3)::int), (random() * 19)::int, (random() * 1000000)::bigint,
           CASE WHEN random() < 0.02 THEN long_pad() END
    FROM generate_series(1, n)
    RETURNING k, v, hashtext(pad) AS h)
  INSERT INTO ledger SELECT * FROM added $$;
-- Leaves the other partitions, and their parent, to whoever wants them for himself.
CREATE FUNCTION add_to_last(n int) RETURNS void LANGUAGE sql VOLATILE AS $$
  WITH added AS (
    INSERT INTO src_3 (part, k, v) SELECT 3, (random() * 19)::int, (random() * 1000000)::bigint
    FROM generate_series(1, n) RETURNING k, v, hashtext(pad))
  INSERT INTO ledger SELECT * FROM added $$;
-- Insertions that find another's value are taken back.
CREATE FUNCTION add_unless_there(n int) RETURNS void LANGUAGE sql VOLATILE AS $$
  WITH added AS (
    INSERT INTO src (part, k, v, u)
    SELECT (random() * 3)::int, (random() * 19)::int, (random() * 1000000)::bigint, (random() * 2000)::int
    FROM generate_series(1, n)
    ON CONFLICT DO NOTHING RETURNING k, v, hashtext(pad))
  INSERT INTO ledger SELECT * FROM added $$;
CREATE FUNCTION add_in_blocks(n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. n LOOP
    BEGIN
      PERFORM add_rows(1);
      IF random() < 0.3 THEN RAISE EXCEPTION 'not this one'; END IF;
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END $$;
CREATE FUNCTION some_rows(n int) RETURNS TABLE (t oid, c tid) LANGUAGE sql VOLATILE AS
  $$SELECT tableoid, ctid FROM src WHERE k = (random() * 19)::int LIMIT n FOR UPDATE SKIP LOCKED$$;
CREATE FUNCTION last_rows(n int) RETURNS TABLE (t oid, c tid) LANGUAGE sql VOLATILE AS
  $$SELECT tableoid, ctid FROM src WHERE k = (random() * 19)::int ORDER BY ctid DESC LIMIT n FOR UPDATE SKIP LOCKED$$;
SQL

# Weight and text of each kind of transaction.
our @torture_writers = (
    [ 10, 'single', 'SELECT add_rows(1);' ],
    [ 4, 'many', "\\set n random(2, 200)\nSELECT add_rows(:n);" ],
    [ 3, 'savepoints',
        "BEGIN;\nSELECT add_rows(2);\nSAVEPOINT a;\nSELECT add_rows(3);\nROLLBACK TO a;\nSELECT add_rows(1);\nSAVEPOINT b;\nSELECT add_rows(2);\nRELEASE b;\nCOMMIT;"
    ],
    [ 2, 'blocks', "\\set n random(1, 90)\nSELECT add_in_blocks(:n);" ],
    [ 2, 'rollback', "BEGIN;\nSELECT add_rows(20);\nROLLBACK;" ],
    [ 3, 'conflicts', 'SELECT add_unless_there(5);' ],
    [ 4, 'update', "UPDATE src SET v = v + 1 WHERE (tableoid, ctid) IN (SELECT t, c FROM some_rows(20));" ],
    [ 4, 'delete', "DELETE FROM src WHERE (tableoid, ctid) IN (SELECT t, c FROM last_rows(60));" ],
    [ 2, 'insert_and_delete',
        "BEGIN;\nSELECT add_rows(5);\nDELETE FROM src WHERE (tableoid, ctid) IN (SELECT t, c FROM last_rows(40));\nCOMMIT;"
    ],
    [ 1, 'insert_and_update',
        "BEGIN;\nSELECT add_rows(5);\nUPDATE src SET v = v + 1 WHERE (tableoid, ctid) IN (SELECT t, c FROM some_rows(200));\nSELECT add_rows(1);\nCOMMIT;"
    ],
    [ 1, 'copy', "BEGIN;\nCOPY src (part, k, v) FROM '%s/rows';\nCOPY ledger (k, v) FROM '%s/ledger';\nCOMMIT;" ],
    [ 1, 'prepared',
        "\\set n random(1, 2000000000)\nBEGIN;\nSELECT add_rows(3);\nPREPARE TRANSACTION 'p:n:client_id';\n\\sleep 400 ms\nCOMMIT PREPARED 'p:n:client_id';" ],
);

# A table that others fill becomes a partition, leaves, and comes back; its rows are in the ledger once it has come,
# and not again when it comes back.
our %torture_guest = (
    fresh => "UPDATE guest SET v = nextval('guest_v') WHERE k < 5; DELETE FROM guest WHERE k = 6",
    seen => <<'SQL',
WITH added AS (INSERT INTO guest (part, k, v) SELECT 5, g % 20, nextval('guest_v') FROM generate_series(1, 40) g RETURNING k, v, hashtext(pad))
  INSERT INTO guest_new SELECT * FROM added;
WITH gone AS (DELETE FROM guest WHERE v % 7 = 0 RETURNING v) DELETE FROM guest_new n USING gone WHERE n.v = gone.v
SQL
    attach => <<'SQL',
BEGIN;
ALTER TABLE src ATTACH PARTITION guest FOR VALUES IN (5);
INSERT INTO ledger SELECT k, v, hashtext(pad) FROM guest WHERE NOT EXISTS (SELECT FROM guest_seen);
INSERT INTO ledger SELECT * FROM guest_new;
DELETE FROM guest_new;
INSERT INTO guest_seen VALUES (now());
SELECT add_rows(2, 5);
COMMIT
SQL
);

1;
