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
