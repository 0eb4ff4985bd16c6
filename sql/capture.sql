-- Which statements become records: all that clients send, each once, whatever way they take.
SELECT weir.reset();
SET weir.tenant = 'capture';
CREATE TABLE item (id int PRIMARY KEY, name text);
CREATE TABLE change (id int, name text);

-- Each command with its tag and its rows.
INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 100) i;
SELECT count(*) FROM (SELECT * FROM item OFFSET 10) s;
SELECT id FROM item WHERE id > 95 ORDER BY id;
UPDATE item SET name = 'new' WHERE id <= 7;
DELETE FROM item WHERE id > 90;
INSERT INTO change VALUES (1, 'one'), (2, 'two'), (200, 'more');
MERGE INTO item USING change ON item.id = change.id
    WHEN MATCHED THEN UPDATE SET name = change.name
    WHEN NOT MATCHED THEN INSERT VALUES (change.id, change.name);
WITH gone AS (DELETE FROM change WHERE id = 200 RETURNING *) INSERT INTO item SELECT id + 1, name FROM gone;
INSERT INTO item VALUES (1, 'again') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id;
COPY change TO '/dev/null';
COPY change FROM stdin (DELIMITER ',');
3,three
4,four
\.
COPY (SELECT * FROM item WHERE id < 3) TO '/dev/null';
TRUNCATE change;
CREATE TABLE copy_of_item AS SELECT * FROM item WHERE id < 10;
SELECT * INTO other_copy FROM item WHERE id < 5;
EXPLAIN (COSTS OFF) SELECT * FROM change;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM change;
VACUUM change;
BEGIN;
SAVEPOINT here;
ROLLBACK TO here;
COMMIT;
LISTEN channel;
RESET work_mem;
SHOW work_mem;
DROP TABLE copy_of_item, other_copy;
SELECT; SELECT 1 AS two_in_one_line;

SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT query_type, calls, rows, sqlstate, toplevel, query
FROM weir.query_stats LEFT JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id = 'capture' ORDER BY id;

-- Every record is whole: it ended now, took some time, and was planned once if it is a plan.
SELECT count(*) AS records,
       count(*) FILTER (WHERE created_at NOT BETWEEN now() - interval '5 min' AND now()) AS not_now,
       count(*) FILTER (WHERE NOT duration_ms >= 0 OR duration_ms > 300000) AS odd_duration,
       count(*) FILTER (WHERE queryid IS NULL OR userid <> 'postgres'::regrole) AS no_identity,
       count(*) FILTER (WHERE num_nonnulls(min_ms, max_ms, m2_ms, plan_min_ms, plan_m2_ms) > 0) AS spread
FROM weir.query_stats WHERE tenant_id = 'capture';
SELECT query_type, plans, plan_ms > 0 AS planned, shared_blks_hit > 0 AS blocks, wal_records > 0 AS wal
FROM weir.query_stats
WHERE tenant_id = 'capture' AND query_type IN ('INSERT', 'UPDATE', 'DELETE', 'MERGE') ORDER BY id;

-- Prepared statements: planned when they are planned, recorded when they run. PREPARE, EXECUTE and
-- DEALLOCATE themselves are no records.
SET plan_cache_mode = force_generic_plan;
SET weir.tenant = 'prepared';
PREPARE by_id(int) AS SELECT name FROM item WHERE id = $1;
EXECUTE by_id(1);
EXECUTE by_id(2);
EXECUTE by_id(1000);
DEALLOCATE by_id;
SET weir.tenant = '';
RESET plan_cache_mode;
SELECT weir.flush() >= 0 AS flushed;
SELECT query_type, table_name, field_name, calls, rows, plans, query
FROM weir.query_stats LEFT JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id = 'prepared' AND query_type <> 'SET' ORDER BY id;

-- Of a cursor, what the client sends is recorded: each FETCH with its rows and its share of the time.
SET weir.tenant = 'cursor';
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM item ORDER BY id;
FETCH 3 FROM c;
MOVE 2 IN c;
FETCH BACKWARD 1 FROM c;
CLOSE c;
DECLARE never_fetched CURSOR FOR SELECT id FROM item;
DECLARE left_open CURSOR FOR SELECT id FROM item;
FETCH 1 FROM left_open;
COMMIT;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM item WHERE id < 5 ORDER BY id;
FETCH ALL FROM held;
CLOSE held;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT query_type, calls, rows, sqlstate, query
FROM weir.query_stats LEFT JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id = 'cursor' AND query_type NOT IN ('SET', 'BEGIN', 'COMMIT') ORDER BY id;

-- Parallel workers count with their leader: one record with everybody's blocks.
CREATE TABLE wide AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 5000) i;
ANALYZE wide;
SET weir.tenant = 'parallel';
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM wide WHERE id > 0;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT query_type, table_name, field_name, calls, rows,
       shared_blks_hit + shared_blks_read >= (SELECT relpages FROM pg_class WHERE relname = 'wide') AS all_blocks
FROM weir.query_stats WHERE tenant_id = 'parallel' AND query_type = 'SELECT' ORDER BY id;

-- COPY of a table in a schema that the user may not look into fails, and that is recorded.
CREATE SCHEMA regress_weir_closed;
CREATE TABLE regress_weir_closed.hidden ();
CREATE ROLE regress_weir_outside;
SET weir.tenant = 'outside';
SET ROLE regress_weir_outside;
COPY regress_weir_closed.hidden TO stdout;
COPY regress_weir_missing.hidden TO stdout;
COPY elsewhere.public.item TO stdout;
COPY regress_weir.public.item TO stdout;
RESET ROLE;
COPY regress_weir_closed.hidden TO stdout;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT query_type, table_name, calls, sqlstate
FROM weir.query_stats WHERE tenant_id = 'outside' AND query_type = 'COPY' ORDER BY id;
DROP SCHEMA regress_weir_closed CASCADE;
DROP ROLE regress_weir_outside;

-- Switched off: nothing. Utility commands and planning have switches of their own.
SET weir.tenant = 'off';
SET weir.capture = off;
SELECT 1 AS unseen;
SET weir.capture = top;
SET weir.capture_utility = off;
CREATE TABLE unseen ();
DROP TABLE unseen;
SET weir.capture_planning = off;
SELECT 1 AS unplanned;
SET weir.capture_texts = off;
SELECT 1 AS without_text, 2 AS of_its_own;
RESET weir.capture_texts;
RESET weir.capture_planning;
RESET weir.capture_utility;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT query_type, plans, plan_ms, query
FROM weir.query_stats LEFT JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id = 'off' ORDER BY id;

DROP TABLE item, change, wide;
