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
       s.errors,
       least(greatest(weir.percentile(s.durations, 0.50), s.min_exec_time), s.max_exec_time) AS p50_exec_time,
       least(greatest(weir.percentile(s.durations, 0.95), s.min_exec_time), s.max_exec_time) AS p95_exec_time,
       least(greatest(weir.percentile(s.durations, 0.99), s.min_exec_time), s.max_exec_time) AS p99_exec_time,
       s.tenants, s.first_seen, s.last_seen
  FROM (SELECT r.userid, r.toplevel, r.queryid,
               coalesce(sum(r.plans), 0)::bigint AS plans,
               coalesce(sum(r.plan_ms), 0) AS total_plan_time,
               coalesce(min(coalesce(r.plan_min_ms, 0)) FILTER (WHERE r.plans > 0), 0) AS min_plan_time,
               coalesce(max(r.plan_max_ms), 0) AS max_plan_time,
               sum(r.plan_ms * r.plan_ms / r.plans + coalesce(r.plan_m2_ms, 0)) AS plan_squares,
               sum(r.calls)::bigint AS calls,
               sum(r.total_ms) AS total_exec_time,
               min(r.min_ms) AS min_exec_time,
               max(r.max_ms) AS max_exec_time,
               sum(r.total_ms * r.total_ms / r.calls + coalesce(r.m2_ms, 0)) AS exec_squares,
               coalesce(sum(r.rows), 0)::bigint AS rows,
               coalesce(sum(r.shared_blks_hit), 0)::bigint AS shared_blks_hit,
               coalesce(sum(r.shared_blks_read), 0)::bigint AS shared_blks_read,
               coalesce(sum(r.shared_blks_dirtied), 0)::bigint AS shared_blks_dirtied,
               coalesce(sum(r.shared_blks_written), 0)::bigint AS shared_blks_written,
               coalesce(sum(r.local_blks_hit), 0)::bigint AS local_blks_hit,
               coalesce(sum(r.local_blks_read), 0)::bigint AS local_blks_read,
               coalesce(sum(r.local_blks_dirtied), 0)::bigint AS local_blks_dirtied,
               coalesce(sum(r.local_blks_written), 0)::bigint AS local_blks_written,
               coalesce(sum(r.temp_blks_read), 0)::bigint AS temp_blks_read,
               coalesce(sum(r.temp_blks_written), 0)::bigint AS temp_blks_written,
               coalesce(sum(r.blk_read_ms), 0) AS blk_read_time,
               coalesce(sum(r.blk_write_ms), 0) AS blk_write_time,
               coalesce(sum(r.temp_blk_read_ms), 0) AS temp_blk_read_time,
               coalesce(sum(r.temp_blk_write_ms), 0) AS temp_blk_write_time,
               coalesce(sum(r.wal_records), 0)::bigint AS wal_records,
               coalesce(sum(r.wal_fpi), 0)::bigint AS wal_fpi,
               coalesce(sum(r.wal_bytes), 0) AS wal_bytes,
               coalesce(sum(r.jit_functions), 0)::bigint AS jit_functions,
               coalesce(sum(r.jit_generation_ms), 0) AS jit_generation_time,
               coalesce(sum(r.jit_inlining_count), 0)::bigint AS jit_inlining_count,
               coalesce(sum(r.jit_inlining_ms), 0) AS jit_inlining_time,
               coalesce(sum(r.jit_optimization_count), 0)::bigint AS jit_optimization_count,
               coalesce(sum(r.jit_optimization_ms), 0) AS jit_optimization_time,
               coalesce(sum(r.jit_emission_count), 0)::bigint AS jit_emission_count,
               coalesce(sum(r.jit_emission_ms), 0) AS jit_emission_time,
               coalesce(sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL), 0)::bigint AS errors,
               weir.histogram_merge(r.durations) AS durations,
               count(DISTINCT r.tenant_id) AS tenants,
               min(r.first_seen) AS first_seen,
               max(r.last_seen) AS last_seen
          FROM weir.rollup_rows r
         WHERE r.toplevel IS NOT NULL
         GROUP BY r.userid, r.toplevel, r.queryid) s
  LEFT JOIN weir.query_texts t ON t.queryid = s.queryid AND t.userid = s.userid;
COMMENT ON VIEW weir.statements IS 'statements by query and role, with the columns of pg_stat_statements; times in milliseconds';
REVOKE ALL ON weir.statements FROM PUBLIC;
GRANT SELECT ON weir.statements TO PUBLIC;

CREATE FUNCTION weir.statements_history(
    since timestamptz DEFAULT now() - interval '1 hour',
    until timestamptz DEFAULT 'infinity',
    bucket interval DEFAULT NULL)
RETURNS TABLE (bucket_start timestamptz, dbid oid, userid oid, tenant_id text, application_name text,
               toplevel boolean, queryid bigint, query text, calls bigint, errors bigint, rows bigint,
               total_exec_time double precision, min_exec_time double precision, max_exec_time double precision,
               mean_exec_time double precision, p50_exec_time double precision, p95_exec_time double precision,
               p99_exec_time double precision, plans bigint, total_plan_time double precision,
               shared_blks_hit bigint, shared_blks_read bigint, shared_blks_dirtied bigint,
               shared_blks_written bigint, temp_blks_read bigint, temp_blks_written bigint,
               blk_read_time double precision, blk_write_time double precision,
               wal_records bigint, wal_fpi bigint, wal_bytes numeric, durations weir.histogram)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    SELECT s.bucket_start, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()), s.userid,
           s.tenant_id, s.application_name, s.toplevel, s.queryid, t.query, s.calls, s.errors, s.rows,
           s.total_ms, s.min_ms, s.max_ms, s.total_ms / s.calls,
           least(weir.percentile(s.durations, 0.50), s.max_ms), least(weir.percentile(s.durations, 0.95), s.max_ms),
           least(weir.percentile(s.durations, 0.99), s.max_ms), s.plans, s.plan_ms,
           s.hit, s.read, s.dirtied, s.written, s.temp_read, s.temp_written, s.read_ms, s.write_ms,
           s.wal_records, s.wal_fpi, s.wal_bytes, s.durations
      FROM (SELECT CASE WHEN statements_history.bucket IS NULL THEN since ELSE date_bin(statements_history.bucket, r.bucket, '2000-01-01 00:00+00') END
                       AS bucket_start,
                   r.userid, r.tenant_id, r.application_name, r.toplevel, r.queryid,
                   sum(r.calls)::bigint AS calls,
                   coalesce(sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL), 0)::bigint AS errors,
                   coalesce(sum(r.rows), 0)::bigint AS rows,
                   sum(r.total_ms) AS total_ms, min(r.min_ms) AS min_ms, max(r.max_ms) AS max_ms,
                   coalesce(sum(r.plans), 0)::bigint AS plans, coalesce(sum(r.plan_ms), 0) AS plan_ms,
                   coalesce(sum(r.shared_blks_hit), 0)::bigint AS hit,
                   coalesce(sum(r.shared_blks_read), 0)::bigint AS read,
                   coalesce(sum(r.shared_blks_dirtied), 0)::bigint AS dirtied,
                   coalesce(sum(r.shared_blks_written), 0)::bigint AS written,
                   coalesce(sum(r.temp_blks_read), 0)::bigint AS temp_read,
                   coalesce(sum(r.temp_blks_written), 0)::bigint AS temp_written,
                   coalesce(sum(r.blk_read_ms), 0) AS read_ms, coalesce(sum(r.blk_write_ms), 0) AS write_ms,
                   coalesce(sum(r.wal_records), 0)::bigint AS wal_records,
                   coalesce(sum(r.wal_fpi), 0)::bigint AS wal_fpi,
                   coalesce(sum(r.wal_bytes), 0) AS wal_bytes,
                   weir.histogram_merge(r.durations) AS durations
              FROM weir.rollup_between(since, until, statements_history.bucket) r
             WHERE r.toplevel IS NOT NULL
             GROUP BY 1, 2, 3, 4, 5, 6) s
      LEFT JOIN weir.query_texts t ON t.queryid = s.queryid AND t.userid = s.userid
     ORDER BY s.bucket_start, s.total_ms DESC;
END;
COMMENT ON FUNCTION weir.statements_history(timestamptz, timestamptz, interval) IS
    'statements of a stretch of time, by bucket, role, tenant, application and query; times in milliseconds';
REVOKE ALL ON FUNCTION weir.statements_history(timestamptz, timestamptz, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.statements_history(timestamptz, timestamptz, interval) TO PUBLIC;
