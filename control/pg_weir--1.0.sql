\echo Use "CREATE EXTENSION pg_weir" to load this file. \quit

-- The schema belongs to the extension. It must not exist before: whoever owned it could replace what
-- is in it.
CREATE SCHEMA weir;
GRANT USAGE ON SCHEMA weir TO PUBLIC;
COMMENT ON SCHEMA weir IS 'pg_weir: what the statements of this database cost';
-- The log

-- Names compare by bytes: that is what sorting and grouping millions of them needs.
-- Ids are taken a thousand at a time; they are unique, and have gaps.
CREATE TABLE weir.query_stats (
    id                     bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000),
    tenant_id              text COLLATE "C",
    table_name             text COLLATE "C",
    field_name             text COLLATE "C",
    query_type             text COLLATE "C",
    duration_ms            double precision NOT NULL,
    created_at             timestamptz NOT NULL,
    queryid                bigint,
    userid                 oid,
    application_name       text COLLATE "C",
    client_addr            inet,
    toplevel               boolean,
    calls                  bigint NOT NULL,
    rows                   bigint,
    min_ms                 double precision,
    max_ms                 double precision,
    m2_ms                  double precision,
    plans                  bigint,
    plan_ms                double precision,
    plan_min_ms            double precision,
    plan_max_ms            double precision,
    plan_m2_ms             double precision,
    shared_blks_hit        bigint,
    shared_blks_read       bigint,
    shared_blks_dirtied    bigint,
    shared_blks_written    bigint,
    local_blks_hit         bigint,
    local_blks_read        bigint,
    local_blks_dirtied     bigint,
    local_blks_written     bigint,
    temp_blks_read         bigint,
    temp_blks_written      bigint,
    blk_read_ms            double precision,
    blk_write_ms           double precision,
    temp_blk_read_ms       double precision,
    temp_blk_write_ms      double precision,
    wal_records            bigint,
    wal_fpi                bigint,
    wal_bytes              bigint,
    jit_functions          bigint,
    jit_generation_ms      double precision,
    jit_inlining_count     bigint,
    jit_inlining_ms        double precision,
    jit_optimization_count bigint,
    jit_optimization_ms    double precision,
    jit_emission_count     bigint,
    jit_emission_ms        double precision,
    sqlstate               text COLLATE "C"
) PARTITION BY RANGE (created_at);

-- Rows arrive nearly in the order of created_at and partitions hold one day each. A block range
-- index finds an hour in a day at next to no cost for the insert; a B-tree, a primary key included,
-- would cost each row more than the row itself.
CREATE INDEX query_stats_created_at_idx ON weir.query_stats
    USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);

COMMENT ON TABLE weir.query_stats IS 'finished statements, one row each or, folded, several of a kind in one row; a partition per UTC day';
COMMENT ON INDEX weir.query_stats_created_at_idx IS 'finds a stretch of time within a day';
COMMENT ON COLUMN weir.query_stats.id IS 'unique number, with gaps';
COMMENT ON COLUMN weir.query_stats.tenant_id IS 'tenant that the session worked for; __other__ beyond weir.max_tenants';
COMMENT ON COLUMN weir.query_stats.table_name IS 'largest table scanned or written; NULL when there is none';
COMMENT ON COLUMN weir.query_stats.field_name IS 'first column of that table that the statement restricts; NULL when there is none';
COMMENT ON COLUMN weir.query_stats.query_type IS 'command tag, as SELECT or CREATE TABLE';
COMMENT ON COLUMN weir.query_stats.duration_ms IS 'execution time in milliseconds; the mean when calls > 1';
COMMENT ON COLUMN weir.query_stats.created_at IS 'when the statement, or the last of them, ended';
COMMENT ON COLUMN weir.query_stats.queryid IS 'query identifier as in pg_stat_activity.query_id; NULL when none was computed';
COMMENT ON COLUMN weir.query_stats.userid IS 'role that ran the statement';
COMMENT ON COLUMN weir.query_stats.application_name IS 'application name of the session';
COMMENT ON COLUMN weir.query_stats.client_addr IS 'address of the client; NULL for local connections';
COMMENT ON COLUMN weir.query_stats.toplevel IS 'false for a statement inside a function; NULL in rows logged by an application';
COMMENT ON COLUMN weir.query_stats.calls IS 'statements in this row: 1 unless folded';
COMMENT ON COLUMN weir.query_stats.rows IS 'rows returned or changed';
COMMENT ON COLUMN weir.query_stats.min_ms IS 'shortest execution in milliseconds; NULL when calls = 1';
COMMENT ON COLUMN weir.query_stats.max_ms IS 'longest execution in milliseconds; NULL when calls = 1';
COMMENT ON COLUMN weir.query_stats.m2_ms IS 'sum of squared differences from the mean execution time; NULL when calls = 1';
COMMENT ON COLUMN weir.query_stats.plans IS 'times planned; NULL when never';
COMMENT ON COLUMN weir.query_stats.plan_ms IS 'total planning time in milliseconds; NULL when never planned';
COMMENT ON COLUMN weir.query_stats.plan_min_ms IS 'shortest planning in milliseconds; NULL unless plans > 1';
COMMENT ON COLUMN weir.query_stats.plan_max_ms IS 'longest planning in milliseconds; NULL unless plans > 1';
COMMENT ON COLUMN weir.query_stats.plan_m2_ms IS 'sum of squared differences from the mean planning time; NULL unless plans > 1';
COMMENT ON COLUMN weir.query_stats.shared_blks_hit IS 'shared blocks found in the buffer cache';
COMMENT ON COLUMN weir.query_stats.shared_blks_read IS 'shared blocks read';
COMMENT ON COLUMN weir.query_stats.shared_blks_dirtied IS 'shared blocks dirtied';
COMMENT ON COLUMN weir.query_stats.shared_blks_written IS 'shared blocks written';
COMMENT ON COLUMN weir.query_stats.local_blks_hit IS 'blocks of temporary tables found in memory; NULL when all four are 0';
COMMENT ON COLUMN weir.query_stats.local_blks_read IS 'blocks of temporary tables read';
COMMENT ON COLUMN weir.query_stats.local_blks_dirtied IS 'blocks of temporary tables dirtied';
COMMENT ON COLUMN weir.query_stats.local_blks_written IS 'blocks of temporary tables written';
COMMENT ON COLUMN weir.query_stats.temp_blks_read IS 'blocks of temporary files read; NULL when both are 0';
COMMENT ON COLUMN weir.query_stats.temp_blks_written IS 'blocks of temporary files written';
COMMENT ON COLUMN weir.query_stats.blk_read_ms IS 'milliseconds spent reading blocks, if track_io_timing is on; NULL when all four are 0';
COMMENT ON COLUMN weir.query_stats.blk_write_ms IS 'milliseconds spent writing blocks';
COMMENT ON COLUMN weir.query_stats.temp_blk_read_ms IS 'milliseconds spent reading blocks of temporary files';
COMMENT ON COLUMN weir.query_stats.temp_blk_write_ms IS 'milliseconds spent writing blocks of temporary files';
COMMENT ON COLUMN weir.query_stats.wal_records IS 'WAL records written; NULL when there were none';
COMMENT ON COLUMN weir.query_stats.wal_fpi IS 'WAL full-page images written';
COMMENT ON COLUMN weir.query_stats.wal_bytes IS 'bytes of WAL written';
COMMENT ON COLUMN weir.query_stats.jit_functions IS 'functions compiled just in time; NULL when none were';
COMMENT ON COLUMN weir.query_stats.jit_generation_ms IS 'milliseconds spent generating JIT code';
COMMENT ON COLUMN weir.query_stats.jit_inlining_count IS 'times functions were inlined';
COMMENT ON COLUMN weir.query_stats.jit_inlining_ms IS 'milliseconds spent inlining';
COMMENT ON COLUMN weir.query_stats.jit_optimization_count IS 'times JIT code was optimized';
COMMENT ON COLUMN weir.query_stats.jit_optimization_ms IS 'milliseconds spent optimizing JIT code';
COMMENT ON COLUMN weir.query_stats.jit_emission_count IS 'times JIT code was emitted';
COMMENT ON COLUMN weir.query_stats.jit_emission_ms IS 'milliseconds spent emitting JIT code';
COMMENT ON COLUMN weir.query_stats.sqlstate IS 'error code of a statement that failed; NULL for success';

CREATE TABLE weir.query_texts (
    queryid    bigint NOT NULL,
    userid     oid NOT NULL,
    query      text NOT NULL,
    first_seen timestamptz NOT NULL,
    PRIMARY KEY (queryid, userid)
);
COMMENT ON TABLE weir.query_texts IS 'statement texts without literals and comments';
COMMENT ON INDEX weir.query_texts_pkey IS 'one text for each query and role';
COMMENT ON COLUMN weir.query_texts.queryid IS 'query identifier as in weir.query_stats';
COMMENT ON COLUMN weir.query_texts.userid IS 'role that ran the statement';
COMMENT ON COLUMN weir.query_texts.query IS 'normalised text, or the command tag of a statement that may carry secrets';
COMMENT ON COLUMN weir.query_texts.first_seen IS 'when the text was first stored';

-- Updated with every flush: room on the page keeps it one page and its updates heap-only.
CREATE TABLE weir.flush_state (
    epoch      bigint,
    position   bigint,
    flushed_at timestamptz,
    clean      boolean NOT NULL
) WITH (fillfactor = 10);
INSERT INTO weir.flush_state (clean) VALUES (true);
COMMENT ON TABLE weir.flush_state IS 'how far the flush worker has committed; the worker''s own, one row';
COMMENT ON COLUMN weir.flush_state.epoch IS 'the ring that the position is of';
COMMENT ON COLUMN weir.flush_state.position IS 'first record of that ring that is not committed';
COMMENT ON COLUMN weir.flush_state.flushed_at IS 'when the position was written';
COMMENT ON COLUMN weir.flush_state.clean IS 'the worker stopped with nothing left to write';

CREATE TABLE weir.interruptions (
    since  timestamptz NOT NULL,
    until  timestamptz NOT NULL,
    reason text NOT NULL
);
COMMENT ON TABLE weir.interruptions IS 'stretches of time of which records may have been lost because the server stopped without warning';
COMMENT ON COLUMN weir.interruptions.since IS 'everything captured before this time was flushed';
COMMENT ON COLUMN weir.interruptions.until IS 'the server started again';
COMMENT ON COLUMN weir.interruptions.reason IS 'what happened';

-- Everybody sees what roles did whose privileges he has; members of pg_read_all_stats see
-- everything, rows of roles that were dropped included. The membership is looked up once a query.
ALTER TABLE weir.query_stats ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON weir.query_stats FOR SELECT USING (
    (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
    OR pg_catalog.pg_has_role(userid, 'USAGE'));
COMMENT ON POLICY own_rows ON weir.query_stats IS 'rows of roles whose privileges the reader has; all rows for pg_read_all_stats';

ALTER TABLE weir.query_texts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON weir.query_texts FOR SELECT USING (
    (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
    OR pg_catalog.pg_has_role(userid, 'USAGE'));
COMMENT ON POLICY own_rows ON weir.query_texts IS 'rows of roles whose privileges the reader has; all rows for pg_read_all_stats';

REVOKE ALL ON weir.query_stats, weir.query_texts, weir.flush_state, weir.interruptions FROM PUBLIC;
GRANT SELECT ON weir.query_stats, weir.query_texts, weir.interruptions TO PUBLIC;
-- Functions

CREATE FUNCTION weir.log_query_stat(
    tenant_id       text,
    table_name      text,
    field_name      text,
    query_type      text,
    duration_ms     double precision,
    skip_validation boolean DEFAULT true)
RETURNS boolean
LANGUAGE C VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'weir_log_query_stat';
COMMENT ON FUNCTION weir.log_query_stat(text, text, text, text, double precision, boolean) IS
    'records a duration that the application measured; false when there was no room for it';
REVOKE ALL ON FUNCTION weir.log_query_stat(text, text, text, text, double precision, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.log_query_stat(text, text, text, text, double precision, boolean) TO PUBLIC;

CREATE FUNCTION weir.flush() RETURNS bigint
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_flush';
COMMENT ON FUNCTION weir.flush() IS
    'waits until everything captured before the call is committed; returns the number of statements that were flushed meanwhile';
REVOKE ALL ON FUNCTION weir.flush() FROM PUBLIC;

CREATE FUNCTION weir.reset() RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'weir_reset';
COMMENT ON FUNCTION weir.reset() IS 'empties the log and the texts, and starts the counters again';
REVOKE ALL ON FUNCTION weir.reset() FROM PUBLIC;

CREATE FUNCTION weir.ring_status(
    OUT database            name,
    OUT capacity            bigint,         -- records the ring can hold
    OUT records_in_ring     bigint,
    OUT in_ring             bigint,         -- statements in those records
    OUT captured            bigint,         -- = flushed + in_ring + folded_pending + dropped
    OUT flushed             bigint,
    OUT folded              bigint,         -- ever, not only those that wait
    OUT folded_pending      bigint,
    OUT dropped             bigint,
    OUT flushes             bigint,         -- transactions of the worker
    OUT flush_errors        bigint,
    OUT last_flush          timestamptz,
    OUT last_error          text,
    OUT last_error_at       timestamptz,
    OUT worker_pid          integer,
    OUT lag                 interval,       -- age of the oldest record in the ring
    OUT names               bigint,
    OUT names_rejected      bigint,
    OUT texts_waiting_bytes bigint,
    OUT texts_rejected      bigint)
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'weir_ring_status';
COMMENT ON FUNCTION weir.ring_status() IS
    'fill level, losses and flushes of this database''s ring of query records';
REVOKE ALL ON FUNCTION weir.ring_status() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.ring_status() TO pg_read_all_stats;

CREATE FUNCTION weir.health(
    OUT check_name text,
    OUT status     text,    -- ok, warning or error
    OUT detail     text,
    OUT hint       text)
RETURNS SETOF record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 15
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO, YMD'
AS 'MODULE_PATHNAME', 'weir_health';
COMMENT ON FUNCTION weir.health() IS 'what is wrong with the capture of statements, and what to do about it';
REVOKE ALL ON FUNCTION weir.health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.health() TO pg_read_all_stats;
-- Questions to the log. Row security decides, as for the tables, who sees whose statements.

-- Failed statements count as calls and are also in errors; their time is in the times.
CREATE VIEW weir.statements WITH (security_invoker = true) AS
SELECT s.userid,
       (SELECT d.oid FROM pg_catalog.pg_database d
         WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()) AS dbid,
       s.toplevel, s.queryid, t.query,
       s.plans, s.total_plan_time, s.min_plan_time, s.max_plan_time,
       CASE WHEN s.plans > 0 THEN s.total_plan_time / s.plans ELSE 0 END AS mean_plan_time,
       CASE WHEN s.plans > 0
            THEN sqrt(greatest(s.plan_squares / s.plans - (s.total_plan_time / s.plans) ^ 2, 0))
            ELSE 0 END AS stddev_plan_time,
       s.calls, s.total_exec_time, s.min_exec_time, s.max_exec_time,
       s.total_exec_time / s.calls AS mean_exec_time,
       sqrt(greatest(s.exec_squares / s.calls - (s.total_exec_time / s.calls) ^ 2, 0)) AS stddev_exec_time,
       s.rows,
       s.shared_blks_hit, s.shared_blks_read, s.shared_blks_dirtied, s.shared_blks_written,
       s.local_blks_hit, s.local_blks_read, s.local_blks_dirtied, s.local_blks_written,
       s.temp_blks_read, s.temp_blks_written,
       s.blk_read_time, s.blk_write_time, s.temp_blk_read_time, s.temp_blk_write_time,
       s.wal_records, s.wal_fpi, s.wal_bytes,
       s.jit_functions, s.jit_generation_time, s.jit_inlining_count, s.jit_inlining_time,
       s.jit_optimization_count, s.jit_optimization_time, s.jit_emission_count, s.jit_emission_time,
       s.errors, s.first_seen, s.last_seen
  FROM (SELECT q.userid, q.toplevel, q.queryid,
               coalesce(sum(q.plans), 0)::bigint AS plans,
               coalesce(sum(q.plan_ms), 0) AS total_plan_time,
               coalesce(min(coalesce(q.plan_min_ms, q.plan_ms)), 0) AS min_plan_time,
               coalesce(max(coalesce(q.plan_max_ms, q.plan_ms)), 0) AS max_plan_time,
               sum(q.plan_ms * q.plan_ms / q.plans + coalesce(q.plan_m2_ms, 0)) AS plan_squares,
               sum(q.calls)::bigint AS calls,
               sum(q.duration_ms * q.calls) AS total_exec_time,
               min(coalesce(q.min_ms, q.duration_ms)) AS min_exec_time,
               max(coalesce(q.max_ms, q.duration_ms)) AS max_exec_time,
               sum(q.duration_ms * q.duration_ms * q.calls + coalesce(q.m2_ms, 0)) AS exec_squares,
               sum(q.rows)::bigint AS rows,
               sum(q.shared_blks_hit)::bigint AS shared_blks_hit,
               sum(q.shared_blks_read)::bigint AS shared_blks_read,
               sum(q.shared_blks_dirtied)::bigint AS shared_blks_dirtied,
               sum(q.shared_blks_written)::bigint AS shared_blks_written,
               coalesce(sum(q.local_blks_hit), 0)::bigint AS local_blks_hit,
               coalesce(sum(q.local_blks_read), 0)::bigint AS local_blks_read,
               coalesce(sum(q.local_blks_dirtied), 0)::bigint AS local_blks_dirtied,
               coalesce(sum(q.local_blks_written), 0)::bigint AS local_blks_written,
               coalesce(sum(q.temp_blks_read), 0)::bigint AS temp_blks_read,
               coalesce(sum(q.temp_blks_written), 0)::bigint AS temp_blks_written,
               coalesce(sum(q.blk_read_ms), 0) AS blk_read_time,
               coalesce(sum(q.blk_write_ms), 0) AS blk_write_time,
               coalesce(sum(q.temp_blk_read_ms), 0) AS temp_blk_read_time,
               coalesce(sum(q.temp_blk_write_ms), 0) AS temp_blk_write_time,
               coalesce(sum(q.wal_records), 0)::bigint AS wal_records,
               coalesce(sum(q.wal_fpi), 0)::bigint AS wal_fpi,
               coalesce(sum(q.wal_bytes), 0) AS wal_bytes,
               coalesce(sum(q.jit_functions), 0)::bigint AS jit_functions,
               coalesce(sum(q.jit_generation_ms), 0) AS jit_generation_time,
               coalesce(sum(q.jit_inlining_count), 0)::bigint AS jit_inlining_count,
               coalesce(sum(q.jit_inlining_ms), 0) AS jit_inlining_time,
               coalesce(sum(q.jit_optimization_count), 0)::bigint AS jit_optimization_count,
               coalesce(sum(q.jit_optimization_ms), 0) AS jit_optimization_time,
               coalesce(sum(q.jit_emission_count), 0)::bigint AS jit_emission_count,
               coalesce(sum(q.jit_emission_ms), 0) AS jit_emission_time,
               coalesce(sum(q.calls) FILTER (WHERE q.sqlstate IS NOT NULL), 0)::bigint AS errors,
               min(q.created_at) AS first_seen,
               max(q.created_at) AS last_seen
          FROM weir.query_stats q
         WHERE q.toplevel IS NOT NULL
         GROUP BY q.userid, q.toplevel, q.queryid) s
  LEFT JOIN weir.query_texts t ON t.queryid = s.queryid AND t.userid = s.userid;
COMMENT ON VIEW weir.statements IS 'statements by query and role, with the columns of pg_stat_statements; times in milliseconds';

-- Percentiles are the smallest duration that at least that share of the calls did not exceed. The
-- calls of a folded row count with their mean.
CREATE VIEW weir.tenant_stats WITH (security_invoker = true) AS
SELECT r.tenant_id,
       sum(r.calls)::bigint AS calls,
       coalesce(sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL), 0)::bigint AS errors,
       sum(r.duration_ms * r.calls) / sum(r.calls)::double precision AS avg_ms,
       min(r.duration_ms) FILTER (WHERE r.upto >= 0.50 * r.total) AS p50_ms,
       min(r.duration_ms) FILTER (WHERE r.upto >= 0.95 * r.total) AS p95_ms,
       min(r.duration_ms) FILTER (WHERE r.upto >= 0.99 * r.total) AS p99_ms,
       max(coalesce(r.max_ms, r.duration_ms)) AS max_ms,
       sum(r.duration_ms * r.calls) AS total_ms,
       sum(r.rows)::bigint AS rows
  FROM (SELECT q.tenant_id, q.calls, q.duration_ms, q.max_ms, q.rows, q.sqlstate,
               sum(q.calls::double precision) OVER upwards AS upto,
               sum(q.calls::double precision) OVER (
                   upwards ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS total
          FROM weir.query_stats q
        WINDOW upwards AS (PARTITION BY q.tenant_id ORDER BY q.duration_ms)) r
 GROUP BY r.tenant_id;
COMMENT ON VIEW weir.tenant_stats IS 'statements and their durations in milliseconds by tenant';

CREATE VIEW weir.field_usage WITH (security_invoker = true) AS
SELECT r.table_name, r.field_name, r.query_type,
       sum(r.calls)::bigint AS calls,
       count(DISTINCT r.tenant_id) AS tenants,
       sum(r.duration_ms * r.calls) / sum(r.calls)::double precision AS avg_ms,
       min(r.duration_ms) FILTER (WHERE r.upto >= 0.95 * r.total) AS p95_ms,
       min(r.duration_ms) FILTER (WHERE r.upto >= 0.99 * r.total) AS p99_ms,
       sum(r.duration_ms * r.calls) AS total_ms
  FROM (SELECT q.table_name, q.field_name, q.query_type, q.tenant_id, q.calls, q.duration_ms,
               sum(q.calls::double precision) OVER upwards AS upto,
               sum(q.calls::double precision) OVER (
                   upwards ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS total
          FROM weir.query_stats q
         WHERE q.table_name IS NOT NULL
        WINDOW upwards AS (PARTITION BY q.table_name, q.field_name, q.query_type
                           ORDER BY q.duration_ms)) r
 GROUP BY r.table_name, r.field_name, r.query_type;
COMMENT ON VIEW weir.field_usage IS 'which tables and columns statements search by, how often and how fast';

REVOKE ALL ON weir.statements, weir.tenant_stats, weir.field_usage FROM PUBLIC;
GRANT SELECT ON weir.statements, weir.tenant_stats, weir.field_usage TO PUBLIC;

CREATE FUNCTION weir.query_stats_summary(since interval DEFAULT '1 hour')
RETURNS TABLE (query_type text, calls bigint, errors bigint, tenants bigint, avg_ms double precision,
               p50_ms double precision, p95_ms double precision, p99_ms double precision,
               max_ms double precision, total_ms double precision, rows bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.query_type,
           sum(r.calls)::bigint,
           coalesce(sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL), 0)::bigint,
           count(DISTINCT r.tenant_id),
           sum(r.duration_ms * r.calls) / sum(r.calls)::double precision,
           min(r.duration_ms) FILTER (WHERE r.upto >= 0.50 * r.total),
           min(r.duration_ms) FILTER (WHERE r.upto >= 0.95 * r.total),
           min(r.duration_ms) FILTER (WHERE r.upto >= 0.99 * r.total),
           max(coalesce(r.max_ms, r.duration_ms)),
           sum(r.duration_ms * r.calls) AS total_ms,
           sum(r.rows)::bigint
      FROM (SELECT q.*, sum(q.calls::double precision) OVER upwards AS upto,
                   sum(q.calls::double precision) OVER (
                       upwards ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS total
              FROM weir.query_stats q
             WHERE q.created_at >= now() - since
            WINDOW upwards AS (PARTITION BY q.query_type ORDER BY q.duration_ms)) r
     GROUP BY r.query_type
     ORDER BY total_ms DESC;
END;
COMMENT ON FUNCTION weir.query_stats_summary(interval) IS
    'statements that ended within the given time, by query type, most total time first; in milliseconds';
REVOKE ALL ON FUNCTION weir.query_stats_summary(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.query_stats_summary(interval) TO PUBLIC;

CREATE FUNCTION weir.slow_queries(max_rows integer DEFAULT 20)
RETURNS TABLE (duration_ms double precision, created_at timestamptz, tenant_id text, query_type text,
               table_name text, field_name text, rows bigint, queryid bigint, query text, userid oid,
               application_name text, client_addr inet, sqlstate text, calls bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.slowest_ms, s.created_at, s.tenant_id, s.query_type, s.table_name, s.field_name, s.rows,
           s.queryid, t.query, s.userid, s.application_name, s.client_addr, s.sqlstate, s.calls
      FROM (SELECT coalesce(q.max_ms, q.duration_ms) AS slowest_ms, q.*
              FROM weir.query_stats q
             ORDER BY slowest_ms DESC, q.created_at DESC
             LIMIT max_rows) s
      LEFT JOIN weir.query_texts t ON t.queryid = s.queryid AND t.userid = s.userid
     ORDER BY s.slowest_ms DESC, s.created_at DESC;
END;
COMMENT ON FUNCTION weir.slow_queries(integer) IS
    'the slowest statements in the log, slowest first; of a folded row, its longest execution';
REVOKE ALL ON FUNCTION weir.slow_queries(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.slow_queries(integer) TO PUBLIC;
-- The streaming executor

CREATE FUNCTION weir.tumble(at timestamptz, width interval) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_timestamptz';
COMMENT ON FUNCTION weir.tumble(timestamptz, interval) IS 'start of the window that a value lies in: windows of the given width tile the line from the origin';
REVOKE ALL ON FUNCTION weir.tumble(timestamptz, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble(timestamptz, interval) TO PUBLIC;

CREATE FUNCTION weir.tumble(at timestamptz, width interval, origin timestamptz) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_timestamptz';
COMMENT ON FUNCTION weir.tumble(timestamptz, interval, timestamptz) IS 'start of the window that a value lies in: windows of the given width tile the line from the origin';
REVOKE ALL ON FUNCTION weir.tumble(timestamptz, interval, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble(timestamptz, interval, timestamptz) TO PUBLIC;

CREATE FUNCTION weir.tumble(at timestamp, width interval) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_timestamp';
COMMENT ON FUNCTION weir.tumble(timestamp, interval) IS 'start of the window that a value lies in: windows of the given width tile the line from the origin';
REVOKE ALL ON FUNCTION weir.tumble(timestamp, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble(timestamp, interval) TO PUBLIC;

CREATE FUNCTION weir.tumble(at timestamp, width interval, origin timestamp) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_timestamp';
COMMENT ON FUNCTION weir.tumble(timestamp, interval, timestamp) IS 'start of the window that a value lies in: windows of the given width tile the line from the origin';
REVOKE ALL ON FUNCTION weir.tumble(timestamp, interval, timestamp) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble(timestamp, interval, timestamp) TO PUBLIC;

CREATE FUNCTION weir.tumble(at date, width interval) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_date';
COMMENT ON FUNCTION weir.tumble(date, interval) IS 'start of the window that a value lies in: windows of the given width tile the line from the origin';
REVOKE ALL ON FUNCTION weir.tumble(date, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble(date, interval) TO PUBLIC;

CREATE FUNCTION weir.tumble(at date, width interval, origin date) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_date';
COMMENT ON FUNCTION weir.tumble(date, interval, date) IS 'start of the window that a value lies in: windows of the given width tile the line from the origin';
REVOKE ALL ON FUNCTION weir.tumble(date, interval, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble(date, interval, date) TO PUBLIC;

CREATE FUNCTION weir.tumble(at bigint, width bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_bigint';
COMMENT ON FUNCTION weir.tumble(bigint, bigint) IS 'start of the window that a value lies in: windows of the given width tile the line from the origin';
REVOKE ALL ON FUNCTION weir.tumble(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble(bigint, bigint) TO PUBLIC;

CREATE FUNCTION weir.tumble(at bigint, width bigint, origin bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_bigint';
COMMENT ON FUNCTION weir.tumble(bigint, bigint, bigint) IS 'start of the window that a value lies in: windows of the given width tile the line from the origin';
REVOKE ALL ON FUNCTION weir.tumble(bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble(bigint, bigint, bigint) TO PUBLIC;

CREATE FUNCTION weir.tumble_end(at timestamptz, width interval) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_end_timestamptz';
COMMENT ON FUNCTION weir.tumble_end(timestamptz, interval) IS 'end of the window that a value lies in, which belongs to the next window';
REVOKE ALL ON FUNCTION weir.tumble_end(timestamptz, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble_end(timestamptz, interval) TO PUBLIC;

CREATE FUNCTION weir.tumble_end(at timestamptz, width interval, origin timestamptz) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_end_timestamptz';
COMMENT ON FUNCTION weir.tumble_end(timestamptz, interval, timestamptz) IS 'end of the window that a value lies in, which belongs to the next window';
REVOKE ALL ON FUNCTION weir.tumble_end(timestamptz, interval, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble_end(timestamptz, interval, timestamptz) TO PUBLIC;

CREATE FUNCTION weir.tumble_end(at timestamp, width interval) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_end_timestamp';
COMMENT ON FUNCTION weir.tumble_end(timestamp, interval) IS 'end of the window that a value lies in, which belongs to the next window';
REVOKE ALL ON FUNCTION weir.tumble_end(timestamp, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble_end(timestamp, interval) TO PUBLIC;

CREATE FUNCTION weir.tumble_end(at timestamp, width interval, origin timestamp) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_end_timestamp';
COMMENT ON FUNCTION weir.tumble_end(timestamp, interval, timestamp) IS 'end of the window that a value lies in, which belongs to the next window';
REVOKE ALL ON FUNCTION weir.tumble_end(timestamp, interval, timestamp) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble_end(timestamp, interval, timestamp) TO PUBLIC;

CREATE FUNCTION weir.tumble_end(at date, width interval) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_end_date';
COMMENT ON FUNCTION weir.tumble_end(date, interval) IS 'end of the window that a value lies in, which belongs to the next window';
REVOKE ALL ON FUNCTION weir.tumble_end(date, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble_end(date, interval) TO PUBLIC;

CREATE FUNCTION weir.tumble_end(at date, width interval, origin date) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_end_date';
COMMENT ON FUNCTION weir.tumble_end(date, interval, date) IS 'end of the window that a value lies in, which belongs to the next window';
REVOKE ALL ON FUNCTION weir.tumble_end(date, interval, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble_end(date, interval, date) TO PUBLIC;

CREATE FUNCTION weir.tumble_end(at bigint, width bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_end_bigint';
COMMENT ON FUNCTION weir.tumble_end(bigint, bigint) IS 'end of the window that a value lies in, which belongs to the next window';
REVOKE ALL ON FUNCTION weir.tumble_end(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble_end(bigint, bigint) TO PUBLIC;

CREATE FUNCTION weir.tumble_end(at bigint, width bigint, origin bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_tumble_end_bigint';
COMMENT ON FUNCTION weir.tumble_end(bigint, bigint, bigint) IS 'end of the window that a value lies in, which belongs to the next window';
REVOKE ALL ON FUNCTION weir.tumble_end(bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.tumble_end(bigint, bigint, bigint) TO PUBLIC;

CREATE FUNCTION weir.stream_reason(query text) RETURNS text
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'weir_stream_reason';
COMMENT ON FUNCTION weir.stream_reason(text) IS 'why a query cannot be streamed; NULL when it can, or has no aggregation';
REVOKE ALL ON FUNCTION weir.stream_reason(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.stream_reason(text) TO PUBLIC;
-- What continuous queries have consumed

-- Written by the ticks of a query in the transaction of their results.
CREATE TABLE weir.frontiers (
    query_id integer PRIMARY KEY,
    h        xid8 NOT NULL,   -- transactions below it are consumed
    lsn_low  pg_lsn NOT NULL  -- no transaction from h on has written at or below it
) WITH (fillfactor = 40, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE weir.frontiers IS 'how far each continuous query has consumed its source';
REVOKE ALL ON TABLE weir.frontiers FROM PUBLIC;

-- Files of tables that ticks have read. A file that is not here is read once without its visibility
-- map.
CREATE TABLE weir.frontier_files (
    query_id     integer NOT NULL,
    relation     oid NOT NULL,   -- the table or partition
    relfilenode  oid NOT NULL,
    settled_at   xid8 NOT NULL,  -- its visibility map speaks of consumed rows once h has reached this
    rewritten_by xid8,           -- rows of this transaction are copies of older ones
    PRIMARY KEY (query_id, relation)
) WITH (fillfactor = 80);
COMMENT ON TABLE weir.frontier_files IS 'the files of a source that ticks have read';
REVOKE ALL ON TABLE weir.frontier_files FROM PUBLIC;

-- STABLE and leakproof, so that it neither keeps other conditions from moving below a GROUP BY nor
-- waits for those of row security: the scan takes its place.
CREATE FUNCTION weir.delta(tableoid oid, query_id integer) RETURNS boolean
LANGUAGE C STABLE STRICT LEAKPROOF PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'weir_delta';
COMMENT ON FUNCTION weir.delta(oid, integer) IS 'in WHERE of a continuous query''s source: the rows that the query has not consumed';
REVOKE ALL ON FUNCTION weir.delta(oid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.delta(oid, integer) TO PUBLIC;
