-- Rows that a query fails on: what is left out, what lands, and what becomes of the query.
CREATE SCHEMA cf;
SET search_path = cf, public;
SET client_min_messages = warning;
CREATE FUNCTION eventually(condition text, seconds int DEFAULT 30) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE holds boolean;
BEGIN
    FOR i IN 1 .. seconds * 20 LOOP
        EXECUTE 'SELECT ' || condition INTO holds;
        IF holds THEN RETURN true; END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
    RETURN false;
END $$;
SELECT weir.create_query('nonsense', 'SELECT 1 FROM pg_class', on_error => 'forget');

-- a partitioned source, bad rows in several places of it
CREATE TABLE part (id int, a int, note text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (1000);
CREATE TABLE part_2 (junk int, note text, a int, id int);
ALTER TABLE part_2 DROP COLUMN junk;
ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (1000) TO (10000);
SELECT weir.create_query('lettered', 'SELECT id % 2 AS k, count(*), sum(100 / a) AS s FROM part GROUP BY 1',
    tick => '0 s', on_error => 'dead_letter');
SELECT weir.create_query('skipping', 'SELECT count(*), sum(100 / a) AS s FROM part', tick => '0 s', on_error => 'skip');
INSERT INTO part SELECT g, CASE WHEN g IN (7, 8, 500, 1000, 2999) THEN 0 ELSE 1 + g % 3 END, 'row ' || g FROM generate_series(1, 2999) g;
SELECT weir.wait('lettered'), weir.wait('skipping');
SELECT *, s = (SELECT sum(100 / a) FROM part WHERE a <> 0 AND id % 2 = k) AS is_right FROM lettered ORDER BY k;
SELECT *, s = (SELECT sum(100 / a) FROM part WHERE a <> 0) AS is_right FROM skipping;
SELECT query, "row", sqlstate, message FROM weir.dead_letters ORDER BY id;
SELECT name, state IN ('running', 'waiting') AS runs, on_error, skipped FROM weir.queries ORDER BY name::text;

-- mended by hand, or still bad
UPDATE weir.dead_letters SET "row" = "row" || '{"a": 4}' WHERE "row" ->> 'id' IN ('7', '8', '2999');
DELETE FROM weir.dead_letters WHERE "row" ->> 'id' = '500';
SELECT weir.retry_dead_letters('lettered');
SELECT weir.retry_dead_letters('lettered');
SELECT "row" ->> 'id' AS id, message FROM weir.dead_letters;
SELECT k, count, s - (SELECT sum(100 / a) FROM part WHERE a <> 0 AND id % 2 = k) AS more FROM lettered ORDER BY k;

-- a definition that counts nothing anew keeps them, one that does has counted them
SELECT weir.alter_query('skipping', definition => 'SELECT count(*), sum(100 / a) AS s, max(id) AS last FROM part', backfill => false);
SELECT weir.alter_query('lettered', definition => 'SELECT id % 2 AS k, count(*), sum(100 / a) AS s, max(id) AS last FROM part GROUP BY 1', backfill => false);
SELECT query, "row" ->> 'id' AS id FROM weir.dead_letters;
SELECT count(*) FROM lettered;

-- nobody else sees them, and nobody changes anything but the row
CREATE ROLE regress_other LOGIN;
GRANT USAGE ON SCHEMA cf TO regress_other;
GRANT pg_read_all_stats TO regress_other;
SET ROLE regress_other;
SELECT count(*) FROM weir.dead_letters;
DELETE FROM weir.dead_letters;
UPDATE weir.dead_letters SET message = 'mine';
SELECT count(*) FROM weir.dead_letter_rows;
SELECT weir.retry_dead_letters('lettered');
RESET ROLE;
SELECT count(*) FROM weir.dead_letters;

-- built anew, the result is of all rows there are, and so no row waits
UPDATE part SET a = 1 WHERE a = 0;
SELECT eventually(format('pg_snapshot_xmin(pg_current_snapshot()) >= %L', pg_snapshot_xmax(pg_current_snapshot())));
SELECT weir.refresh_query('lettered');
SELECT count(*) FROM weir.dead_letters;
SELECT sum(count) = 2999 AS is_all FROM lettered;

-- every value survives the way through jsonb
CREATE TABLE kinds (ts timestamptz, f float8, n numeric, b bytea, t text, i interval, arr int[], divisor int);
SELECT weir.create_query('of_kinds', 'SELECT ts, f, n, b, t, i, arr, 1 / divisor AS d FROM kinds', tick => '0 s', on_error => 'dead_letter');
INSERT INTO kinds VALUES ('2024-03-31 01:30:00.123456+02', 'NaN', 'Infinity', '\x00ff', E'a"\\\n', '-1 mon -3 days 04:05:06.7', '{1,NULL,3}', 0),
    ('-infinity', 0.1, 1.100, '', '', '0', '{}', 0), (NULL, '-0', 1e100, NULL, NULL, NULL, NULL, 0), (NULL, 1, 2, NULL, 'good', NULL, NULL, 1);
SELECT weir.wait('of_kinds');
SELECT count(*) FROM of_kinds;
UPDATE weir.dead_letters SET "row" = jsonb_set("row", '{divisor}', '1');
SET intervalstyle = sql_standard;
SELECT weir.retry_dead_letters('of_kinds');
RESET intervalstyle;
UPDATE kinds SET divisor = 1;
SELECT count(*) FROM ((SELECT ts, f, n::text, b, t, i, arr FROM kinds EXCEPT ALL SELECT ts, f, n::text, b, t, i, arr FROM of_kinds)
    UNION ALL (SELECT ts, f, n::text, b, t, i, arr FROM of_kinds EXCEPT ALL SELECT ts, f, n::text, b, t, i, arr FROM kinds)) d;

-- a right that is missing is no fault of a row
CREATE TABLE guarded (a int);
GRANT SELECT, INSERT ON guarded TO regress_other;
GRANT CREATE ON SCHEMA cf TO regress_other;
SET ROLE regress_other;
SELECT weir.create_query('of_guarded', 'SELECT count(*), sum(a) FROM cf.guarded', tick => '0 s', on_error => 'dead_letter');
RESET ROLE;
REVOKE SELECT ON guarded FROM regress_other;
INSERT INTO guarded VALUES (1), (2);
SELECT eventually($$(SELECT failures >= 2 FROM weir.queries WHERE name = 'of_guarded'::regclass)$$);
SELECT state, sqlstate, skipped FROM weir.queries WHERE name = 'of_guarded'::regclass;
SELECT count(*) FROM weir.dead_letter_rows d JOIN weir.continuous_queries q ON q.id = d.query_id WHERE q.result = 'of_guarded'::regclass;
GRANT SELECT ON guarded TO regress_other;
SELECT weir.resume_query('of_guarded');
SELECT weir.wait('of_guarded');
TABLE of_guarded;

-- with 'stop' the query breaks, is tried by itself after a pause, and goes on once it is mended
CREATE FUNCTION share(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 10 / a; END';
CREATE TABLE risky (a int);
ALTER SYSTEM SET weir.failures_until_broken = 2;
ALTER SYSTEM SET weir.broken_pause = '2 s';
SELECT pg_reload_conf();
SELECT weir.create_query('of_risky', 'SELECT sum(cf.share(a)), count(*) FROM risky', tick => '0 s');
INSERT INTO risky VALUES (1), (0), (5);
SELECT eventually($$(SELECT state = 'broken' FROM weir.queries WHERE name = 'of_risky'::regclass)$$);
SELECT state, failures >= 2 AS failed, sqlstate, last_error, remedy, on_error FROM weir.queries WHERE name = 'of_risky'::regclass;
INSERT INTO risky VALUES (2);
CREATE OR REPLACE FUNCTION share(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 10 / nullif(a, 0); END';
SELECT eventually($$(SELECT state IN ('running', 'waiting') FROM weir.queries WHERE name = 'of_risky'::regclass)$$);
SELECT weir.wait('of_risky');
TABLE of_risky;
SELECT weir.pause_query('of_risky');
TABLE of_risky;
SELECT weir.resume_query('of_risky');

-- ... or without the row
CREATE OR REPLACE FUNCTION share(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 10 / a; END';
INSERT INTO risky VALUES (0), (10);
SELECT eventually($$(SELECT state = 'broken' FROM weir.queries WHERE name = 'of_risky'::regclass)$$);
SELECT weir.alter_query('of_risky', on_error => 'sometimes');
SELECT weir.alter_query('of_risky', on_error => 'dead_letter');
SELECT weir.wait('of_risky');
TABLE of_risky;
SELECT "row" FROM weir.dead_letters WHERE query = 'of_risky'::regclass;
ALTER SYSTEM RESET weir.failures_until_broken;
ALTER SYSTEM RESET weir.broken_pause;
SELECT pg_reload_conf();

-- dead letters go with their query
INSERT INTO part VALUES (1, 0);
SELECT weir.wait('lettered');
SELECT count(*) FROM weir.dead_letters;
SELECT weir.drop_query(q) FROM unnest('{lettered,skipping,of_kinds,of_guarded,of_risky}'::regclass[]) q;
SELECT count(*) FROM weir.dead_letter_rows;
DROP SCHEMA cf CASCADE;
DROP ROLE regress_other;
