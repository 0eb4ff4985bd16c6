-- Who may do what with each object, and who sees whose statements.
CREATE ROLE regress_weir_super SUPERUSER;
CREATE ROLE regress_weir_stats;
GRANT pg_read_all_stats TO regress_weir_stats;
CREATE ROLE regress_weir_monitor;
GRANT pg_monitor TO regress_weir_monitor;
CREATE ROLE regress_weir_other;
CREATE ROLE regress_weir_third;
CREATE VIEW role_of_interest AS
    SELECT unnest(ARRAY['regress_weir_super', 'regress_weir_stats', 'regress_weir_monitor', 'regress_weir_other']) AS role;

-- The matrix: r read, a insert, w update, d delete, D truncate, x references, t trigger.
SELECT c.relkind, CASE WHEN c.relispartition THEN 'a partition' ELSE c.relname END AS relation,
       max(p.rights) FILTER (WHERE role = 'regress_weir_super') AS super,
       max(p.rights) FILTER (WHERE role = 'regress_weir_stats') AS read_all_stats,
       max(p.rights) FILTER (WHERE role = 'regress_weir_monitor') AS monitor,
       max(p.rights) FILTER (WHERE role = 'regress_weir_other') AS other
FROM pg_class c CROSS JOIN role_of_interest r,
     LATERAL (SELECT string_agg(letter, '' ORDER BY letter COLLATE "C") AS rights
              FROM (VALUES ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE'), ('D', 'TRUNCATE'),
                           ('x', 'REFERENCES'), ('t', 'TRIGGER')) AS v (letter, privilege)
              WHERE has_table_privilege(r.role, c.oid, v.privilege)) p
WHERE c.relnamespace = 'weir'::regnamespace AND c.relkind IN ('r', 'p', 'v')
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT p.oid::regprocedure AS function,
       bool_or(has_function_privilege(role, p.oid, 'EXECUTE')) FILTER (WHERE role = 'regress_weir_super') AS super,
       bool_or(has_function_privilege(role, p.oid, 'EXECUTE')) FILTER (WHERE role = 'regress_weir_stats') AS read_all_stats,
       bool_or(has_function_privilege(role, p.oid, 'EXECUTE')) FILTER (WHERE role = 'regress_weir_monitor') AS monitor,
       bool_or(has_function_privilege(role, p.oid, 'EXECUTE')) FILTER (WHERE role = 'regress_weir_other') AS other,
       p.prosecdef AS as_owner, p.provolatile AS volatility, p.proparallel AS parallel, p.proconfig AS settings
FROM pg_proc p CROSS JOIN role_of_interest r WHERE p.pronamespace = 'weir'::regnamespace
GROUP BY p.oid ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT role, has_schema_privilege(role, 'weir', 'USAGE') AS usage, has_schema_privilege(role, 'weir', 'CREATE') AS make,
       has_sequence_privilege(role, 'weir.query_stats_id_seq', 'USAGE, SELECT, UPDATE') AS sequence
FROM role_of_interest;

-- Everything is a member of the extension and has a comment.
SELECT classid::regclass, objid::regclass FROM pg_depend d
WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'weir'::regnamespace AND classid = 'pg_class'::regclass
  AND deptype = 'n' AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i'));
SELECT c.oid::regclass AS without_comment FROM pg_class c
WHERE c.relnamespace = 'weir'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
  AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL SELECT a.attrelid::regclass FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'weir'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
  AND col_description(a.attrelid, a.attnum) IS NULL;
SELECT p.oid::regprocedure AS without_comment FROM pg_proc p
WHERE p.pronamespace = 'weir'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;

-- Rows: statements of three roles, one of which another may act for.
SELECT weir.reset();
GRANT regress_weir_third TO regress_weir_other;
SET weir.tenant = 'privileges';
SET ROLE regress_weir_other;
SELECT 'by other';
SELECT weir.log_query_stat('privileges', 'orders', NULL, 'SELECT', 5);
SET ROLE regress_weir_third;
SELECT 'by', 'third';
RESET ROLE;
SELECT 'by', 'super', 'user';
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;

CREATE FUNCTION seen_by(role name, OUT log text, OUT texts bigint, OUT statements bigint, OUT tenant_calls numeric,
                        OUT fields bigint, OUT summary numeric, OUT slow bigint,
                        OUT kinds bigint, OUT history numeric, OUT top bigint, OUT texts_of text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    SELECT string_agg(DISTINCT userid::regrole::text, ', ') INTO log FROM weir.query_stats
     WHERE tenant_id = 'privileges' AND query_type = 'SELECT';
    SELECT count(*) INTO texts FROM weir.query_texts WHERE query LIKE 'SELECT $1%' AND query NOT LIKE '%FROM%';
    SELECT count(*) INTO statements FROM weir.statements WHERE query LIKE 'SELECT $1%' AND query NOT LIKE '%FROM%';
    SELECT sum(calls) INTO tenant_calls FROM weir.tenant_stats WHERE tenant_id = 'privileges';
    SELECT count(*) INTO fields FROM weir.field_usage WHERE table_name = 'orders';
    SELECT sum(calls) INTO summary FROM weir.query_stats_summary() WHERE query_type = 'SELECT';
    SELECT count(DISTINCT q.queryid) INTO slow FROM weir.slow_queries(1000, 0, 1) q JOIN weir.rollup_rows r USING (queryid, userid) WHERE r.tenant_id = 'privileges';
    SELECT count(DISTINCT k.userid) INTO kinds FROM weir.rollup_kinds k WHERE k.tenant_id = 'privileges';
    SELECT sum(h.calls) INTO history FROM weir.statements_history() h WHERE h.tenant_id = 'privileges' AND h.query LIKE 'SELECT $1%';
    SELECT count(*) INTO top FROM weir.top('calls', 1000) t WHERE t.query LIKE 'SELECT $1%' AND t.query NOT LIKE '%FROM%';
    SELECT string_agg(DISTINCT h.query, '; ') INTO texts_of FROM weir.statements_history() h
     WHERE h.query LIKE 'SELECT $1%' AND h.query NOT LIKE '%FROM%';
    RESET ROLE;
END $$;
SELECT role, seen.log, seen.texts, seen.statements, seen.tenant_calls, seen.fields, seen.summary > 5 AS summary_of_all, seen.slow,
       seen.kinds, seen.history, seen.top, seen.texts_of
FROM (TABLE role_of_interest UNION ALL VALUES ('regress_weir_third'), ('pg_database_owner')) r, seen_by(r.role) seen;

-- Row security cannot be got around by functions that look at rows before it does.
SET ROLE regress_weir_third;
CREATE FUNCTION pg_temp.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
    IF $1 ~ 'postgres|[$]3' THEN RAISE NOTICE 'peeked: %', $1; END IF;
    RETURN true;
END $$;
SELECT pg_temp.peek('postgres'), pg_temp.peek('SELECT $1, $2, $3');
SELECT count(*) FROM weir.query_stats WHERE tenant_id = 'privileges' AND pg_temp.peek(userid::regrole::text);
SELECT count(*) FROM weir.query_texts WHERE pg_temp.peek(query);
SELECT count(*) FROM weir.statements WHERE pg_temp.peek(query);
-- Nor by reading or writing elsewhere.
DO $$
DECLARE partition regclass = (SELECT min(inhrelid) FROM pg_inherits WHERE inhparent = 'weir.query_stats'::regclass);
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', partition);
EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'no way to the partition';
END $$;
SELECT count(*) FROM weir.rollups_day;
SELECT count(*) FROM weir.rollups_minute;
DELETE FROM weir.rollups;
INSERT INTO weir.rollup_state VALUES (now());
UPDATE weir.rollup_kinds SET tenant_id = 'forged';
SELECT count(*) FROM weir.rollup_kinds WHERE pg_temp.peek(userid::regrole::text);
SELECT count(*) FROM weir.rollup_rows WHERE pg_temp.peek(userid::regrole::text) AND userid = 'postgres'::regrole;
SELECT * FROM weir.flush_state;
INSERT INTO weir.query_stats (duration_ms, created_at, calls) VALUES (1, now(), 1);
UPDATE weir.query_texts SET query = 'forged';
DELETE FROM weir.query_stats;
TRUNCATE weir.interruptions;
SELECT * FROM weir.ring_status();
SELECT * FROM weir.health();
SELECT weir.flush();
SELECT weir.reset();
CREATE TABLE weir.mine ();
SELECT nextval('weir.query_stats_id_seq');
DROP FUNCTION pg_temp.peek;
RESET ROLE;

-- A new partition is closed, whatever the default privileges give away.
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
SET weir.clock_shift = '400d';
SELECT 'in a year';
RESET weir.clock_shift;
SELECT weir.flush() >= 0 AS flushed;
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC;
SELECT max(inhrelid::regclass::text) AS partition FROM pg_inherits WHERE inhparent = 'weir.query_stats'::regclass \gset
SELECT count(*) AS rows_for_superuser FROM :partition;
SET ROLE regress_weir_other;
SELECT count(*) AS rows_for_others FROM :partition;
RESET ROLE;
ALTER EXTENSION pg_weir DROP TABLE :partition;
DROP TABLE :partition;

-- Members of the monitoring roles read status and health.
SET ROLE regress_weir_monitor;
SELECT captured > 0 AS captured FROM weir.ring_status();
SELECT count(*) > 10 AS checks, bool_and(status = 'ok') AS ok, count(hint) AS hints FROM weir.health();
SELECT count(*) FROM weir.interruptions;
RESET ROLE;

-- Statements of a dropped role stay, for those who see everything.
DROP FUNCTION seen_by;
DROP VIEW role_of_interest;
DROP ROLE regress_weir_third;
SELECT count(*) FROM weir.statements WHERE userid::regrole::text ~ '^[0-9]+$' AND query = 'SELECT $1, $2';
SET ROLE regress_weir_stats;
SELECT count(*) FROM weir.statements WHERE userid::regrole::text ~ '^[0-9]+$' AND query = 'SELECT $1, $2';
SET ROLE regress_weir_other;
SELECT count(*) FROM weir.statements WHERE userid::regrole::text ~ '^[0-9]+$';
RESET ROLE;
DROP ROLE regress_weir_super, regress_weir_stats, regress_weir_monitor, regress_weir_other;
