-- Questions to the roll-ups. Percentiles are values of histogram buckets, never above the longest.

CREATE VIEW weir.tenant_stats WITH (security_invoker = true) AS
SELECT s.tenant_id, s.calls, s.errors, s.total_ms / s.calls::double precision AS avg_ms,
       least(weir.percentile(s.durations, 0.50), s.max_ms) AS p50_ms,
       least(weir.percentile(s.durations, 0.95), s.max_ms) AS p95_ms,
       least(weir.percentile(s.durations, 0.99), s.max_ms) AS p99_ms,
       s.max_ms, s.total_ms, s.rows
  FROM (SELECT r.tenant_id, sum(r.calls)::bigint AS calls,
               coalesce(sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL), 0)::bigint AS errors,
               max(r.max_ms) AS max_ms, sum(r.total_ms) AS total_ms, coalesce(sum(r.rows), 0)::bigint AS rows,
               weir.histogram_merge(r.durations) AS durations
          FROM weir.rollup_rows r GROUP BY r.tenant_id) s;
COMMENT ON VIEW weir.tenant_stats IS 'statements and their durations in milliseconds by tenant';

CREATE VIEW weir.field_usage WITH (security_invoker = true) AS
SELECT s.table_name, s.field_name, s.query_type, s.calls, s.tenants,
       s.total_ms / s.calls::double precision AS avg_ms,
       least(weir.percentile(s.durations, 0.95), s.max_ms) AS p95_ms,
       least(weir.percentile(s.durations, 0.99), s.max_ms) AS p99_ms,
       s.total_ms
  FROM (SELECT r.table_name, r.field_name, r.query_type, sum(r.calls)::bigint AS calls,
               count(DISTINCT r.tenant_id) AS tenants, max(r.max_ms) AS max_ms, sum(r.total_ms) AS total_ms,
               weir.histogram_merge(r.durations) AS durations
          FROM weir.rollup_rows r
         WHERE r.table_name IS NOT NULL
         GROUP BY r.table_name, r.field_name, r.query_type) s;
COMMENT ON VIEW weir.field_usage IS 'which tables and columns statements search by, how often and how fast';

REVOKE ALL ON weir.tenant_stats, weir.field_usage FROM PUBLIC;
GRANT SELECT ON weir.tenant_stats, weir.field_usage TO PUBLIC;

CREATE FUNCTION weir.query_stats_summary(since interval DEFAULT '1 hour')
RETURNS TABLE (query_type text, calls bigint, errors bigint, tenants bigint, avg_ms double precision,
               p50_ms double precision, p95_ms double precision, p99_ms double precision,
               max_ms double precision, total_ms double precision, rows bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    SELECT s.query_type, s.calls, s.errors, s.tenants, s.total_ms / s.calls,
           least(weir.percentile(s.durations, 0.50), s.max_ms), least(weir.percentile(s.durations, 0.95), s.max_ms),
           least(weir.percentile(s.durations, 0.99), s.max_ms), s.max_ms, s.total_ms, s.rows
      FROM (SELECT r.query_type, sum(r.calls)::bigint AS calls,
                   coalesce(sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL), 0)::bigint AS errors,
                   count(DISTINCT r.tenant_id) AS tenants, max(r.max_ms) AS max_ms, sum(r.total_ms) AS total_ms,
                   coalesce(sum(r.rows), 0)::bigint AS rows, weir.histogram_merge(r.durations) AS durations
              FROM weir.rollup_between(now() - since, 'infinity') r GROUP BY r.query_type) s
     ORDER BY s.total_ms DESC;
END;
COMMENT ON FUNCTION weir.query_stats_summary(interval) IS
    'statements of the given time by query type, most total time first; in milliseconds';

CREATE FUNCTION weir.slow_queries(
    max_rows integer DEFAULT 20, min_ms double precision DEFAULT 1000, min_calls bigint DEFAULT 3,
    since interval DEFAULT '7 days')
RETURNS TABLE (slowest_ms double precision, slow_calls bigint, calls bigint, avg_ms double precision,
               p95_ms double precision, total_ms double precision, tenants bigint, query_type text,
               table_name text, field_name text, queryid bigint, query text, userid oid,
               first_seen timestamptz, last_seen timestamptz)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    SELECT s.max_ms, weir.histogram_count(s.durations, slow_queries.min_ms), s.calls, s.total_ms / s.calls,
           least(weir.percentile(s.durations, 0.95), s.max_ms), s.total_ms, s.tenants, s.query_type,
           s.table_name, s.field_name, s.queryid, t.query, s.userid, s.first_seen, s.last_seen
      FROM (SELECT r.query_type, r.table_name, r.field_name, r.queryid, r.userid, sum(r.calls)::bigint AS calls,
                   sum(r.total_ms) AS total_ms, max(r.max_ms) AS max_ms, count(DISTINCT r.tenant_id) AS tenants,
                   min(r.first_seen) AS first_seen, max(r.last_seen) AS last_seen,
                   weir.histogram_merge(r.durations) AS durations
              FROM weir.rollup_between(now() - since, 'infinity') r
             GROUP BY r.query_type, r.table_name, r.field_name, r.queryid, r.userid
            HAVING max(r.max_ms) >= slow_queries.min_ms) s
      LEFT JOIN weir.query_texts t ON t.queryid = s.queryid AND t.userid = s.userid
     WHERE weir.histogram_count(s.durations, slow_queries.min_ms) >= min_calls
     ORDER BY s.max_ms DESC, s.last_seen DESC
     LIMIT max_rows;
END;
COMMENT ON FUNCTION weir.slow_queries(integer, double precision, bigint, interval) IS
    'queries that took min_ms or longer at least min_calls times, the one with the slowest execution first';

CREATE FUNCTION weir.workload(
    since interval DEFAULT '7 days', read_ratio double precision DEFAULT 0.7,
    write_ratio double precision DEFAULT 0.3)
RETURNS TABLE (table_name text, workload text, calls bigint, reads bigint, writes bigint,
               share_read double precision, share_written double precision, total_ms double precision)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 50
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    SELECT s.table_name,
           CASE WHEN s.reads >= read_ratio * s.calls THEN 'read-heavy'
                WHEN s.writes >= write_ratio * s.calls THEN 'write-heavy' ELSE 'balanced' END,
           s.calls, s.reads, s.writes, s.reads / s.calls::double precision, s.writes / s.calls::double precision,
           s.total_ms
      FROM (SELECT r.table_name, sum(r.calls)::bigint AS calls, sum(r.total_ms) AS total_ms,
                   coalesce(sum(r.calls) FILTER (WHERE r.query_type = 'SELECT'), 0)::bigint AS reads,
                   coalesce(sum(r.calls) FILTER (
                       WHERE r.query_type IN ('INSERT', 'UPDATE', 'DELETE', 'MERGE')), 0)::bigint AS writes
              FROM weir.rollup_between(now() - since, 'infinity') r
             WHERE r.table_name IS NOT NULL GROUP BY r.table_name) s
     ORDER BY s.calls DESC;
END;
COMMENT ON FUNCTION weir.workload(interval, double precision, double precision) IS
    'tables as read-heavy, write-heavy or balanced, by the share of statements that read and write them';

CREATE FUNCTION weir.spikes(
    factor double precision DEFAULT 3, since interval DEFAULT '1 hour', bucket interval DEFAULT '1 minute',
    min_calls bigint DEFAULT 1)
RETURNS TABLE (tenant_id text, bucket_start timestamptz, calls bigint, avg_calls double precision,
               ratio double precision, avg_ms double precision)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 50
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    -- The average is over all buckets since the tenant's first, those without a statement included.
    SELECT s.tenant_id, s.bucket_start, s.calls, s.avg_calls, s.calls / s.avg_calls, s.total_ms / s.calls
      FROM (SELECT b.*,
                   sum(b.calls) OVER tenant / greatest(1, ceil(
                       extract(epoch FROM now() - min(b.bucket_start) OVER tenant) / extract(epoch FROM spikes.bucket)
                   ))::double precision AS avg_calls
              FROM (SELECT r.tenant_id, date_bin(spikes.bucket, r.bucket, '2000-01-01 00:00+00') AS bucket_start,
                           sum(r.calls)::bigint AS calls, sum(r.total_ms) AS total_ms
                      FROM weir.rollup_between(now() - since, 'infinity', spikes.bucket) r
                     GROUP BY 1, 2) b
            WINDOW tenant AS (PARTITION BY b.tenant_id)) s
     WHERE s.calls > factor * s.avg_calls AND s.calls >= min_calls
     ORDER BY s.calls / s.avg_calls DESC, s.bucket_start;
END;
COMMENT ON FUNCTION weir.spikes(double precision, interval, interval, bigint) IS
    'stretches of time in which a tenant ran more than factor times its average number of statements';

CREATE FUNCTION weir.sustained(
    min_days bigint DEFAULT 3, min_calls bigint DEFAULT 50, since interval DEFAULT '30 days')
RETURNS TABLE (tenant_id text, days bigint, calls bigint, calls_per_day double precision,
               busiest_day timestamptz, busiest_calls bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 50
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    SELECT d.tenant_id, count(*), sum(d.calls)::bigint, sum(d.calls)::double precision / count(*),
           (array_agg(d.day ORDER BY d.calls DESC, d.day))[1], max(d.calls)
      FROM (SELECT r.tenant_id, date_trunc('day', r.bucket, 'UTC') AS day, sum(r.calls)::bigint AS calls
              FROM weir.rollup_between(now() - since, 'infinity', '1 day') r
             GROUP BY 1, 2) d
     WHERE d.calls >= min_calls
     GROUP BY d.tenant_id
    HAVING count(*) >= min_days
     ORDER BY count(*) DESC, sum(d.calls) DESC;
END;
COMMENT ON FUNCTION weir.sustained(bigint, bigint, interval) IS
    'tenants with at least min_calls statements on at least min_days days (UTC)';

CREATE FUNCTION weir.errors(since interval DEFAULT '1 day')
RETURNS TABLE (sqlstate text, errors bigint, calls bigint, tenants bigint, query_type text, table_name text,
               queryid bigint, query text, userid oid, first_seen timestamptz, last_seen timestamptz)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 50
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    WITH e AS (
        SELECT r.sqlstate, r.query_type, r.table_name, r.queryid, r.userid, sum(r.calls)::bigint AS errors,
               count(DISTINCT r.tenant_id) AS tenants, min(r.first_seen) AS first_seen, max(r.last_seen) AS last_seen
          FROM weir.rollup_between(now() - since, 'infinity') r
         WHERE r.sqlstate IS NOT NULL
         GROUP BY r.sqlstate, r.query_type, r.table_name, r.queryid, r.userid),
    c AS (
        SELECT r.query_type, r.queryid, r.userid, sum(r.calls)::bigint AS calls
          FROM weir.rollup_between(now() - since, 'infinity') r
         WHERE EXISTS (SELECT FROM e)
         GROUP BY r.query_type, r.queryid, r.userid)
    SELECT e.sqlstate, e.errors, c.calls, e.tenants, e.query_type, e.table_name, e.queryid, t.query, e.userid,
           e.first_seen, e.last_seen
      FROM e
      JOIN c ON c.userid = e.userid AND coalesce(c.queryid, 0) = coalesce(e.queryid, 0)
            AND coalesce(c.query_type, '') = coalesce(e.query_type, '')
      LEFT JOIN weir.query_texts t ON t.queryid = e.queryid AND t.userid = e.userid
     ORDER BY e.errors DESC, e.last_seen DESC;
END;
COMMENT ON FUNCTION weir.errors(interval) IS 'failed statements by error code and query, the most frequent first';

CREATE FUNCTION weir.top(by text DEFAULT 'total_ms', n integer DEFAULT 10, since interval DEFAULT '1 day')
RETURNS TABLE (value double precision, share double precision, calls bigint, errors bigint,
               total_ms double precision, avg_ms double precision, p95_ms double precision, rows bigint,
               tenants bigint, queryid bigint, query text, userid oid)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    SELECT v.value, v.value / nullif(sum(v.value) OVER (), 0), v.calls, v.errors, v.total_ms, v.total_ms / v.calls,
           v.p95_ms, v.rows, v.tenants, v.queryid, t.query, v.userid
      FROM (SELECT s.*,
                   CASE by WHEN 'total_ms' THEN s.total_ms WHEN 'calls' THEN s.calls
                           WHEN 'avg_ms' THEN s.total_ms / s.calls WHEN 'max_ms' THEN s.max_ms
                           WHEN 'p95_ms' THEN s.p95_ms WHEN 'errors' THEN s.errors WHEN 'rows' THEN s.rows
                           WHEN 'plan_ms' THEN s.plan_ms WHEN 'blocks' THEN s.blocks
                           WHEN 'blocks_read' THEN s.blocks_read WHEN 'temp_blocks' THEN s.temp_blocks
                           WHEN 'wal_bytes' THEN s.wal_bytes
                           ELSE weir.unknown_choice('by', by, 'total_ms, calls, avg_ms, max_ms, p95_ms, errors, rows, plan_ms, blocks, blocks_read, temp_blocks, wal_bytes')
                   END AS value
              FROM (SELECT r.queryid, r.userid, sum(r.calls)::bigint AS calls, sum(r.total_ms) AS total_ms,
                           coalesce(sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL), 0)::bigint AS errors,
                           max(r.max_ms) AS max_ms, coalesce(sum(r.rows), 0)::bigint AS rows,
                           least(weir.percentile(weir.histogram_merge(r.durations), 0.95), max(r.max_ms)) AS p95_ms,
                           coalesce(sum(r.plan_ms), 0) AS plan_ms,
                           coalesce(sum(r.shared_blks_hit), 0) + coalesce(sum(r.shared_blks_read), 0) AS blocks,
                           coalesce(sum(r.shared_blks_read), 0) AS blocks_read,
                           coalesce(sum(r.temp_blks_read), 0) + coalesce(sum(r.temp_blks_written), 0) AS temp_blocks,
                           coalesce(sum(r.wal_bytes), 0) AS wal_bytes, count(DISTINCT r.tenant_id) AS tenants
                      FROM weir.rollup_between(now() - since, 'infinity') r
                     WHERE r.toplevel IS NOT NULL
                     GROUP BY r.queryid, r.userid) s) v
      LEFT JOIN weir.query_texts t ON t.queryid = v.queryid AND t.userid = v.userid
     ORDER BY v.value DESC, v.total_ms DESC
     LIMIT n;
END;
COMMENT ON FUNCTION weir.top(text, integer, interval) IS
    'the n queries with the most of something: total_ms, calls, avg_ms, max_ms, p95_ms, errors, rows, plan_ms, blocks, blocks_read, temp_blocks or wal_bytes';

REVOKE ALL ON FUNCTION weir.query_stats_summary(interval),
    weir.slow_queries(integer, double precision, bigint, interval),
    weir.workload(interval, double precision, double precision),
    weir.spikes(double precision, interval, interval, bigint), weir.sustained(bigint, bigint, interval),
    weir.errors(interval), weir.top(text, integer, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.query_stats_summary(interval),
    weir.slow_queries(integer, double precision, bigint, interval),
    weir.workload(interval, double precision, double precision),
    weir.spikes(double precision, interval, interval, bigint), weir.sustained(bigint, bigint, interval),
    weir.errors(interval), weir.top(text, integer, interval) TO PUBLIC;
