-- Rows that leave with TRUNCATE or their partition are counted first; what was counted stays.
CREATE SCHEMA leaving;
SET search_path = leaving, public;
SET client_min_messages = warning;
CREATE TABLE event (day int, n int) PARTITION BY LIST (day);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
CREATE TABLE event_2 PARTITION OF event FOR VALUES IN (2);
CREATE TABLE event_3 PARTITION OF event FOR VALUES IN (3);
CREATE TABLE event_4 PARTITION OF event FOR VALUES IN (4);
-- A step would come in an hour, unless somebody asks for it.
SELECT weir.create_query('days', 'SELECT day, count(*), sum(n) FROM event GROUP BY day', tick => '1 hour');
SELECT weir.wait('days');
CREATE FUNCTION add(days int[]) RETURNS void LANGUAGE sql AS
    'INSERT INTO leaving.event SELECT day, g FROM unnest($1) day, generate_series(1, 10) g';

SELECT add('{1, 2, 3, 4}');
TRUNCATE event_1;
TABLE days ORDER BY 1;
SELECT add('{1, 2, 3, 4}');
DROP TABLE event_2;
TABLE days ORDER BY 1;
SELECT add('{1, 3, 4}');
ALTER TABLE event DETACH PARTITION event_3;
TABLE days ORDER BY 1;
SELECT add('{1, 4}');
ALTER TABLE event DETACH PARTITION event_4 CONCURRENTLY;
TABLE days ORDER BY 1;
SELECT add('{1}');
TRUNCATE event;
TABLE days ORDER BY 1;

-- What has left is nobody's business any more.
INSERT INTO event_3 VALUES (3, 100);
BEGIN;
ALTER TABLE event_3 ALTER n TYPE bigint;
TRUNCATE event_3;
ROLLBACK;
SELECT relation::regclass FROM weir.frontier_files WHERE relation IN ('event_3'::regclass, 'event_4'::regclass);

-- What comes back with rows that were counted is as it was when it is built anew.
ALTER TABLE event ATTACH PARTITION event_3 FOR VALUES IN (3);
SELECT weir.refresh_query('days');
TABLE days ORDER BY 1;
CREATE TABLE event_5 PARTITION OF event FOR VALUES IN (5);
CREATE TABLE event_6 (LIKE event);
ALTER TABLE event ATTACH PARTITION event_6 FOR VALUES IN (6);
SELECT add('{5, 6}');
TABLE days ORDER BY 1;

-- A query that takes no steps keeps its rows where they are.
SELECT weir.pause_query('days');
SELECT add('{5}');
TRUNCATE event_5;
DROP TABLE event_5;
ALTER TABLE event DETACH PARTITION event_5;
SELECT weir.resume_query('days');
TABLE days ORDER BY 1;

-- In a transaction that has written there can be no step; rows of its own were nobody else's.
BEGIN;
SELECT add('{6}');
TRUNCATE event_5;
ROLLBACK;
BEGIN;
TRUNCATE event_5;
SELECT add('{5}');
TRUNCATE event_5;
SELECT add('{5}');
COMMIT;
TABLE days ORDER BY 1;
SELECT weir.wait('days');
TABLE days ORDER BY 1;

-- CASCADE finds what it takes along.
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent);
SELECT weir.create_query('children', 'SELECT count(*) FROM child', tick => '1 hour');
SELECT weir.wait('children');
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1), (1);
TRUNCATE parent CASCADE;
SELECT weir.wait('children');
TRUNCATE parent CASCADE;
TABLE children;

-- Tables that inherit.
CREATE TABLE base (n int);
SELECT weir.create_query('bases', 'SELECT count(*), sum(n) FROM base', tick => '1 hour');
CREATE TABLE more (x text) INHERITS (base);
INSERT INTO more VALUES (1);
ALTER TABLE more NO INHERIT base;
TABLE bases;
INSERT INTO more VALUES (2);
ALTER TABLE more INHERIT base;
DROP TABLE more;
TABLE bases;

-- Nobody keeps the owner of a table from emptying it.
CREATE ROLE regress_weir_guest LOGIN;
CREATE TABLE room (n int);
GRANT SELECT ON room TO regress_weir_guest;
GRANT USAGE, CREATE ON SCHEMA leaving TO regress_weir_guest;
SET ROLE regress_weir_guest;
SELECT weir.create_query('rooms', 'SELECT count(*) FROM room');
SELECT weir.pause_query('rooms');
RESET ROLE;
INSERT INTO room VALUES (1);
TRUNCATE room;
REVOKE SELECT ON room FROM regress_weir_guest;
TRUNCATE room;
SELECT count(*) FROM room;
-- ... and who may not empty it locks nothing
SET ROLE regress_weir_guest;
TRUNCATE room;
DROP TABLE event_6;
RESET ROLE;

-- on_delete => 'error' refuses by itself; the table of a query goes only with it.
CREATE TABLE kept (n int);
SELECT weir.create_query('of_kept', 'SELECT count(*) FROM kept', on_delete => 'error');
INSERT INTO kept VALUES (1);
TRUNCATE kept;
DROP TABLE kept;
DROP TABLE kept CASCADE;

DROP SCHEMA leaving CASCADE;
RESET search_path;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
DROP OWNED BY regress_weir_guest;
DROP ROLE regress_weir_guest;
