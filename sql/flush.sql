-- weir.flush() returns when everything captured before is committed.
-- The worker is to write when it is asked and not before.
ALTER SYSTEM SET weir.flush_interval = '1h';
ALTER SYSTEM SET weir.flush_batch = 10000;
SELECT pg_reload_conf();
-- Whom the server lets in after that has it behind him, and so has the worker.
\c -
SELECT weir.reset();
SET weir.tenant = 'flush';
SELECT 1 AS one;
SELECT 2 AS two;
SELECT weir.flush() >= 3 AS flushed;
SELECT count(*) FROM weir.query_stats WHERE tenant_id = 'flush';
-- Each call brings the one before.
SELECT weir.flush() >= 2 AS flushed;
SELECT query, calls FROM weir.statements WHERE query LIKE 'SELECT weir.flush()%';

-- In a transaction: what it did so far is committed although the transaction is not.
BEGIN;
CREATE TABLE of_no_consequence ();
SELECT weir.flush() > 0 AS flushed;
ROLLBACK;
SELECT count(*) FROM weir.query_stats WHERE tenant_id = 'flush' AND query_type = 'CREATE TABLE';
-- A snapshot that is older does not see what was flushed since.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) AS before FROM weir.query_stats \gset
SELECT weir.flush() > 0 AS flushed;
SELECT count(*) = :before AS as_before FROM weir.query_stats;
COMMIT;
SELECT count(*) > :before AS more FROM weir.query_stats;

-- A failure of the worker is the caller's to know; nothing is lost.
BEGIN;
LOCK TABLE weir.query_stats IN ACCESS EXCLUSIVE MODE;
SELECT weir.flush();
ROLLBACK;
SELECT flush_errors > 0 AS errors, last_error, last_error_at > now() - interval '1 min' AS recent FROM weir.ring_status();
-- by itself or now
SELECT weir.flush() >= 0 AS flushed;
SELECT check_name, status, regexp_replace(detail, 'of .*: ', 'of ...: ') AS detail, hint
FROM weir.health() WHERE check_name = 'flushes';
SELECT sqlstate, calls FROM weir.query_stats WHERE tenant_id = 'flush' AND sqlstate IS NOT NULL;

-- It can be cancelled while it waits.
BEGIN;
LOCK TABLE weir.query_stats IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = '300ms';
SELECT weir.flush();
ROLLBACK;

-- Records of other days find their partition.
SET weir.clock_shift = '-3d';
SELECT 'three days ago' AS yesterdays;
SET weir.clock_shift = '30d';
SELECT 'next month' AS tomorrows;
RESET weir.clock_shift;
SELECT weir.flush() > 0 AS flushed;
SELECT created_at < now() - interval '2 days' AS past, created_at > now() + interval '29 days' AS future,
       tableoid::regclass::text = 'weir.query_stats_p' || to_char(created_at AT TIME ZONE 'UTC', 'YYYYMMDD') AS by_day
FROM weir.query_stats WHERE tenant_id = 'flush' AND created_at NOT BETWEEN now() - interval '1 day' AND now() + interval '1 day'
  AND query_type = 'SELECT' ORDER BY created_at;
-- Partitions of today and the days to come belong to the extension and are nobody else's to read.
SELECT bool_and(d.deptype = 'e') AS members, bool_and(c.relrowsecurity) AS row_security, count(*) >= 3 AS enough
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass
WHERE i.inhparent = 'weir.query_stats'::regclass;
ALTER SYSTEM RESET weir.flush_interval;
ALTER SYSTEM RESET weir.flush_batch;
SELECT pg_reload_conf();
