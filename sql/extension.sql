-- The extension comes, goes and comes again; this session records all the while.
SELECT extversion, extrelocatable, nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE extname = 'pg_weir';
SELECT weir.flush() >= 0 AS flushed;

DROP EXTENSION pg_weir;
SELECT count(*) FROM pg_namespace WHERE nspname = 'weir';
SELECT 'nobody records this';
-- its settings stay, its functions do not
SHOW weir.capture;
SELECT weir.flush();

-- Within one transaction, rolled back and committed.
BEGIN;
CREATE EXTENSION pg_weir;
SELECT count(*) FROM weir.query_stats;
ROLLBACK;
SELECT count(*) FROM pg_extension WHERE extname = 'pg_weir';
-- recording begins when the transaction commits
BEGIN;
CREATE EXTENSION pg_weir;
SELECT weir.log_query_stat('extension', 'orders', NULL, 'SELECT', 1);
ROLLBACK;
BEGIN;
CREATE EXTENSION pg_weir;
COMMIT;
SELECT weir.log_query_stat('extension', 'orders', NULL, 'SELECT', 1);
SELECT weir.flush() >= 0 AS flushed;
SELECT table_name, calls FROM weir.query_stats WHERE tenant_id = 'extension';
SELECT captured = flushed + in_ring + folded_pending + dropped AS law, dropped FROM weir.ring_status();

-- Dropping is undone with its transaction, and goes on recording.
BEGIN;
DROP EXTENSION pg_weir;
ROLLBACK;
SET weir.tenant = 'extension';
SELECT 'still recorded' AS after_rollback;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT query FROM weir.query_stats JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id = 'extension' AND query_type = 'SELECT';

-- The schema must be its own.
DROP EXTENSION pg_weir;
CREATE SCHEMA weir;
CREATE EXTENSION pg_weir;
DROP SCHEMA weir;
CREATE EXTENSION pg_weir SCHEMA public;
CREATE EXTENSION pg_weir VERSION '0.9';
-- For superusers only.
CREATE ROLE regress_weir_owner;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_weir_owner', current_database()) \gexec
SET ROLE regress_weir_owner;
CREATE EXTENSION pg_weir;
RESET ROLE;
DROP OWNED BY regress_weir_owner;
DROP ROLE regress_weir_owner;

-- Ten times over, each time with rows that come through.
DO $$
BEGIN
    FOR i IN 1 .. 10 LOOP
        CREATE EXTENSION pg_weir;
        COMMIT;
        PERFORM weir.log_query_stat('again', 'orders', NULL, 'SELECT', i);
        PERFORM weir.flush();
        IF (SELECT max(duration_ms) FROM weir.query_stats WHERE tenant_id = 'again') IS DISTINCT FROM i THEN
            RAISE NOTICE 'round %: %', i, (SELECT json_agg(s) FROM weir.query_stats s);
        END IF;
        DROP EXTENSION pg_weir;
        COMMIT;
    END LOOP;
END $$;
CREATE EXTENSION pg_weir;
SELECT weir.flush() >= 0 AS flushed;
