-- The scan for new rows: what is new to whom, where it looks, and what it refuses.
CREATE SCHEMA delta;
SET search_path = delta;
CREATE FUNCTION test_watch(query int, source oid, fill text) RETURNS xid8 LANGUAGE c AS '$libdir/pg_weir', 'weir_test_watch';
CREATE FUNCTION test_tick(query int, statement text) RETURNS text LANGUAGE c AS '$libdir/pg_weir', 'weir_test_tick';
CREATE FUNCTION test_drop(query int) RETURNS void LANGUAGE c AS '$libdir/pg_weir', 'weir_test_drop';
CREATE TABLE reading (gone int, k int, v int);
ALTER TABLE reading DROP COLUMN gone;
ALTER TABLE reading ADD COLUMN note text DEFAULT 'none';
INSERT INTO reading VALUES (1, 10), (2, 20);
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/settled.sql
\i :shared
SELECT settled();
CREATE TABLE consumed (k int, v int, note text);

-- rows that are there come from a snapshot of the frontier, later ones are new
SELECT test_watch(-1, 'reading'::regclass, 'INSERT INTO consumed SELECT * FROM reading') IS NOT NULL AS watched;
TABLE consumed;
SELECT * FROM reading r WHERE weir.delta(r.tableoid, -1);
INSERT INTO reading VALUES (3, 30);
UPDATE reading SET v = 99 WHERE k = 3;
UPDATE reading SET v = 11 WHERE k = 1;
INSERT INTO reading VALUES (4, 40);
DELETE FROM reading WHERE k = 4;
SELECT * FROM reading r WHERE weir.delta(r.tableoid, -1) ORDER BY k;

-- conditions, expressions and joins on top
SELECT k + 1 AS next, upper(note) FROM reading r WHERE weir.delta(r.tableoid, -1) AND v > 30;
SELECT r.k, c.v FROM reading r LEFT JOIN consumed c ON c.k = r.k - 2 WHERE weir.delta(r.tableoid, -1) ORDER BY 1;
SELECT count(*), sum(v) FROM reading r WHERE weir.delta(r.tableoid, -1);
SELECT tableoid::regclass, ctid IS NOT NULL AS has_place, r FROM reading r WHERE weir.delta(r.tableoid, -1) AND k = 3;
SELECT o.k, (SELECT count(*) FROM reading r WHERE weir.delta(r.tableoid, -1) AND r.k >= o.k) FROM generate_series(3, 5) o (k);
SET weir.stream = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM reading r WHERE weir.delta(r.tableoid, -1) AND v > 30;

RESET weir.stream;

-- one's own rows are new as well, but for those taken back and those not there yet
BEGIN;
INSERT INTO reading VALUES (5, 50);
SAVEPOINT s;
INSERT INTO reading VALUES (6, 60);
ROLLBACK TO s;
DECLARE c SCROLL CURSOR FOR SELECT k FROM reading r WHERE weir.delta(r.tableoid, -1) ORDER BY k;
INSERT INTO reading VALUES (7, 70);
FETCH ALL FROM c;
FETCH BACKWARD 1 FROM c;
ROLLBACK;

-- a tick consumes what its horizon covers, once
CREATE FUNCTION tick() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM test_tick(-1, 'INSERT INTO consumed SELECT * FROM reading r WHERE weir.delta(r.tableoid, -1)');
END $$;
-- Other sessions' transactions may hold it back for a moment.
DO $$
BEGIN
    FOR i IN 1 .. 600 LOOP
        PERFORM tick();
        EXIT WHEN NOT EXISTS (SELECT FROM reading r WHERE weir.delta(r.tableoid, -1));
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT * FROM consumed ORDER BY k;
SELECT * FROM reading r WHERE weir.delta(r.tableoid, -1);

-- the copies that ALTER TABLE makes are not new, those of VACUUM FULL neither
ALTER TABLE reading ADD COLUMN chance float DEFAULT random();
VACUUM FULL reading;
SELECT count(*) FROM reading r WHERE weir.delta(r.tableoid, -1);
INSERT INTO reading VALUES (8, 80);
SELECT k, v, note FROM reading r WHERE weir.delta(r.tableoid, -1);
BEGIN;
ALTER TABLE reading ADD COLUMN more float DEFAULT random();
ROLLBACK;

-- refusals
SELECT weir.delta(r.tableoid, -1) FROM reading r;
SELECT * FROM reading r WHERE weir.delta(r.tableoid, k);
SELECT * FROM reading r WHERE weir.delta(r.tableoid, -2);
DELETE FROM reading r WHERE weir.delta(r.tableoid, -1);
SELECT * FROM reading r WHERE weir.delta(r.tableoid, -1) FOR UPDATE;
SELECT * FROM reading r TABLESAMPLE SYSTEM (50) WHERE weir.delta(r.tableoid, -1);
CREATE TEMP TABLE temporary (k int);
SELECT * FROM temporary r WHERE weir.delta(r.tableoid, -1);
CREATE UNLOGGED TABLE unlogged (k int);
SELECT test_watch(-3, 'unlogged'::regclass, NULL);
CREATE VIEW looked AS SELECT * FROM reading;
SELECT test_watch(-3, 'looked'::regclass, NULL);
SELECT test_watch(-3, 'pg_class'::regclass, NULL);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT test_tick(-1, 'SELECT 1');
ROLLBACK;
BEGIN;
INSERT INTO consumed VALUES (0, 0);
SELECT test_tick(-1, 'SELECT 1');
ROLLBACK;
SET ROLE pg_read_all_stats;
SELECT * FROM weir.frontiers;
RESET ROLE;

-- the hold is gone with the last query, whose frontier goes with it
SELECT test_drop(-1);
SELECT * FROM reading r WHERE weir.delta(r.tableoid, -1);
SELECT count(*) FROM weir.frontiers WHERE query_id < 0;
SELECT count(*) FROM weir.frontier_files WHERE query_id < 0;
SET client_min_messages = warning;
DROP SCHEMA delta CASCADE;
