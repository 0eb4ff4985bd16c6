-- Tables that come to a source with rows in them, leave it, and come back: each row counts once.
CREATE SCHEMA coming;
SET search_path = coming, public;
SET client_min_messages = warning;
CREATE TABLE event (day int NOT NULL, k int, v int) PARTITION BY LIST (day);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
INSERT INTO event SELECT 1, g % 3, g FROM generate_series(1, 9) g;
SELECT weir.create_query('by_key', 'SELECT k, count(*), sum(v) FROM event GROUP BY k');
SELECT weir.create_query('each', 'SELECT day, v FROM event WHERE v % 2 = 0');
-- what was counted: rows and their sum
CREATE VIEW counted AS SELECT (SELECT sum(count) FROM by_key) AS rows, (SELECT sum(sum) FROM by_key) AS sum,
    (SELECT count(*) FROM each) AS even, (SELECT sum(v) FROM each) AS sum_of_even;
CREATE VIEW expected AS SELECT count(*)::numeric AS rows, sum(v)::numeric AS sum, count(*) FILTER (WHERE v % 2 = 0) AS even,
    sum(v) FILTER (WHERE v % 2 = 0) AS sum_of_even FROM event;
-- twice, because what is counted once more would be then
CREATE FUNCTION settle() RETURNS TABLE (rows numeric, sum numeric, even bigint, sum_of_even bigint, as_expected boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM weir.wait('by_key'), weir.wait('each');
    RETURN QUERY SELECT c.*, c = e FROM counted c, expected e;
END $$;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/settled.sql
\i :shared
CREATE TABLE elsewhere (a int);
SELECT * FROM settle();

-- Rows older than the last step, some of them changed and deleted before; and what is written later.
CREATE TABLE event_2 (v int, k int, day int NOT NULL);
INSERT INTO event_2 SELECT g, g % 3, 2 FROM generate_series(1, 1000) g;
CREATE INDEX ON event_2 (k);
UPDATE event_2 SET v = v + 1000 WHERE v % 5 = 0;
DELETE FROM event_2 WHERE v % 7 = 0;
INSERT INTO elsewhere VALUES (1);
SELECT weir.wait('by_key'), weir.wait('each');
ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES IN (2);
SELECT * FROM counted EXCEPT SELECT * FROM expected;
INSERT INTO event VALUES (2, 1, 5000);
SELECT * FROM settle();
INSERT INTO event VALUES (2, 1, 5001);
SELECT * FROM settle();

-- Within one transaction, before and after; and one that is rolled back.
BEGIN;
CREATE TABLE event_3 (LIKE event);
INSERT INTO event_3 SELECT 3, g % 3, g FROM generate_series(1, 10) g;
ALTER TABLE event ATTACH PARTITION event_3 FOR VALUES IN (3);
INSERT INTO event SELECT 3, g % 3, g FROM generate_series(11, 20) g;
SELECT c = e AS as_expected FROM counted c, expected e;
COMMIT;
SELECT c = e AS as_expected FROM counted c, expected e;
SELECT * FROM settle();
CREATE TABLE event_4 (LIKE event);
INSERT INTO event_4 SELECT 4, g % 3, g FROM generate_series(1, 10) g;
BEGIN;
ALTER TABLE event ATTACH PARTITION event_4 FOR VALUES IN (4);
SELECT c = e AS as_expected FROM counted c, expected e;
ROLLBACK;
SELECT * FROM settle();
BEGIN;
ALTER TABLE event ATTACH PARTITION event_4 FOR VALUES IN (4);
ALTER TABLE event DETACH PARTITION event_4;
COMMIT;
SELECT * FROM settle();

-- What is deleted or changed after it has come stays counted as it came, also before the next step.
SELECT weir.pause_query('by_key'), weir.pause_query('each');
ALTER TABLE event ATTACH PARTITION event_4 FOR VALUES IN (4);
DELETE FROM event WHERE day = 4 AND v <= 5;
UPDATE event SET v = 1000 WHERE day = 4 AND v > 5;
INSERT INTO event VALUES (4, 0, 11);
VACUUM event_4;
CREATE TABLE before_step AS TABLE counted;
SELECT * FROM before_step;
SELECT lag_rows FROM weir.queries WHERE name = 'by_key'::regclass;
TRUNCATE event_4;
SELECT weir.resume_query('by_key'), weir.resume_query('each');
SELECT rows, sum, even, sum_of_even FROM settle();
SELECT c = b AS same FROM counted c, before_step b;

-- Away and back: only what came while it was away counts, and only what is still there.
ALTER TABLE event DETACH PARTITION event_2;
DELETE FROM event_2 WHERE v < 100;
INSERT INTO event_2 SELECT g, 2, 2 FROM generate_series(10001, 10010) g;
DELETE FROM event_2 WHERE v > 10008;
INSERT INTO elsewhere VALUES (1);
SELECT weir.wait('by_key'), weir.wait('each');
VACUUM FREEZE event_2;
ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES IN (2);
SELECT c.rows - b.rows AS rows, c.sum - b.sum AS sum, c.even - b.even AS even FROM counted c, before_step b;
INSERT INTO event VALUES (2, 2, 0);
SELECT weir.wait('by_key'), weir.wait('each');
SELECT c.rows - b.rows AS rows, c.sum - b.sum AS sum, c.even - b.even AS even FROM counted c, before_step b;
INSERT INTO event VALUES (2, 2, 0);
SELECT weir.wait('by_key'), weir.wait('each');
SELECT c.rows - b.rows AS rows, c.sum - b.sum AS sum, c.even - b.even AS even FROM counted c, before_step b;

-- Partitions of partitions, one of them empty.
CREATE TABLE event_5 (LIKE event) PARTITION BY LIST (k);
CREATE TABLE event_5_0 PARTITION OF event_5 FOR VALUES IN (0);
CREATE TABLE event_5_1 PARTITION OF event_5 FOR VALUES IN (1);
CREATE TABLE event_5_2 PARTITION OF event_5 FOR VALUES IN (2);
INSERT INTO event_5 SELECT 5, g % 2, g FROM generate_series(1, 10) g;
INSERT INTO elsewhere VALUES (1);
SELECT weir.wait('by_key'), weir.wait('each');
DROP TABLE before_step;
CREATE TABLE before_step AS TABLE counted;
ALTER TABLE event ATTACH PARTITION event_5 FOR VALUES IN (5);
SELECT c.rows - b.rows AS rows, c.sum - b.sum AS sum, c.even - b.even AS even FROM counted c, before_step b;
INSERT INTO event VALUES (5, 2, 0);
SELECT weir.wait('by_key'), weir.wait('each');
SELECT c.rows - b.rows AS rows, c.sum - b.sum AS sum, c.even - b.even AS even FROM counted c, before_step b;
ALTER TABLE event DETACH PARTITION event_5;
ALTER TABLE event ATTACH PARTITION event_5 FOR VALUES IN (5);
SELECT c.rows - b.rows AS rows, c.sum - b.sum AS sum, c.even - b.even AS even FROM counted c, before_step b;

-- Rows that were changed while the table was away might have been counted before.
ALTER TABLE event DETACH PARTITION event_5;
UPDATE event_5_1 SET v = v + 1;
ALTER TABLE event ATTACH PARTITION event_5 FOR VALUES IN (5);
DO $$ BEGIN
    PERFORM count(*) FROM by_key;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE WARNING 'it cannot be read';
END $$;
SELECT remedy FROM weir.queries WHERE name = 'by_key'::regclass;
SELECT settled();
SELECT weir.refresh_query('by_key'), weir.refresh_query('each');
SELECT * FROM settle();
-- a refreshed result has no rows of tables that are away
ALTER TABLE event DETACH PARTITION event_5;
SELECT weir.refresh_query('by_key'), weir.refresh_query('each');
ALTER TABLE event ATTACH PARTITION event_5 FOR VALUES IN (5);
SELECT * FROM settle();

-- Inheritance, and a table that is dropped while rows of it wait.
CREATE TABLE parent (v int);
CREATE TABLE child (v int);
INSERT INTO child VALUES (1), (2);
SELECT weir.create_query('of_parent', 'SELECT count(*), sum(v) FROM parent');
SELECT weir.wait('of_parent');
ALTER TABLE child INHERIT parent;
TABLE of_parent;
DROP TABLE child;
SELECT weir.wait('of_parent');
TABLE of_parent;

DROP SCHEMA coming CASCADE;
RESET search_path;
RESET client_min_messages;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
SELECT count(*) FROM weir.arrivals;
