-- For psql: how things went, in text.

CREATE FUNCTION weir.timeline(
    metric text DEFAULT 'calls', since interval DEFAULT '1 hour', bucket interval DEFAULT '1 minute')
RETURNS TABLE (bucket_start timestamptz, value double precision, bar text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 60
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    SELECT v.bucket_start, v.value,
           repeat(CASE WHEN current_setting('server_encoding') = 'UTF8' THEN chr(9608) ELSE '#' END,
                  round(40 * v.value / nullif(max(v.value) OVER (), 0))::integer)
      FROM (SELECT b.bucket_start,
                   CASE metric WHEN 'calls' THEN coalesce(s.calls, 0) WHEN 'errors' THEN coalesce(s.errors, 0)
                               WHEN 'total_ms' THEN coalesce(s.total_ms, 0) WHEN 'rows' THEN coalesce(s.rows, 0)
                               WHEN 'avg_ms' THEN s.total_ms / s.calls WHEN 'max_ms' THEN s.max_ms
                               WHEN 'p50_ms' THEN least(weir.percentile(s.durations, 0.50), s.max_ms)
                               WHEN 'p95_ms' THEN least(weir.percentile(s.durations, 0.95), s.max_ms)
                               WHEN 'p99_ms' THEN least(weir.percentile(s.durations, 0.99), s.max_ms)
                               WHEN 'blocks_read' THEN coalesce(s.blocks_read, 0)
                               WHEN 'wal_bytes' THEN coalesce(s.wal_bytes, 0)
                               ELSE weir.unknown_choice('metric', metric, 'calls, errors, total_ms, rows, avg_ms, max_ms, p50_ms, p95_ms, p99_ms, blocks_read, wal_bytes')
                   END AS value
              FROM generate_series(date_bin(timeline.bucket, now() - since, '2000-01-01 00:00+00'), now(), timeline.bucket)
                       b (bucket_start)
              LEFT JOIN (SELECT date_bin(timeline.bucket, r.bucket, '2000-01-01 00:00+00') AS bucket_start,
                                sum(r.calls) AS calls, sum(r.total_ms) AS total_ms, max(r.max_ms) AS max_ms,
                                sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL) AS errors,
                                sum(r.rows) AS rows, sum(r.shared_blks_read) AS blocks_read,
                                sum(r.wal_bytes) AS wal_bytes, weir.histogram_merge(r.durations) AS durations
                           FROM weir.rollup_between(now() - since, 'infinity', timeline.bucket) r
                          GROUP BY 1) s ON s.bucket_start = b.bucket_start) v
     ORDER BY v.bucket_start;
END;
COMMENT ON FUNCTION weir.timeline(text, interval, interval) IS
    'a metric over time, with a bar: calls, errors, total_ms, rows, avg_ms, max_ms, p50_ms, p95_ms, p99_ms, blocks_read or wal_bytes';

CREATE FUNCTION weir.report(since interval DEFAULT '1 hour')
RETURNS TABLE (report text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 30
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    WITH rows AS MATERIALIZED (
        SELECT r.bucket, r.tenant_id, r.queryid, r.userid, r.toplevel, r.query_type, r.sqlstate, r.calls,
               r.total_ms, r.max_ms, r.durations
          FROM weir.rollup_between(now() - since, 'infinity') r),
    total AS (
        SELECT coalesce(sum(r.calls), 0)::bigint AS calls, sum(r.total_ms) AS total_ms, max(r.max_ms) AS max_ms,
               coalesce(sum(r.calls) FILTER (WHERE r.sqlstate IS NOT NULL), 0)::bigint AS errors,
               weir.histogram_merge(r.durations) AS h
          FROM rows r),
    queries AS (
        SELECT r.queryid, r.userid, sum(r.calls) AS calls, sum(r.total_ms) AS total_ms, max(r.max_ms) AS max_ms,
               weir.histogram_merge(r.durations) AS h
          FROM rows r WHERE r.toplevel IS NOT NULL GROUP BY r.queryid, r.userid),
    tenants AS (
        SELECT r.tenant_id, sum(r.calls) AS calls, sum(r.total_ms) AS total_ms FROM rows r GROUP BY r.tenant_id),
    errors AS (
        SELECT r.sqlstate, r.queryid, r.userid, r.query_type, sum(r.calls) AS errors
          FROM rows r WHERE r.sqlstate IS NOT NULL GROUP BY r.sqlstate, r.queryid, r.userid, r.query_type),
    -- up to 60 places, none of them finer than the roll-ups are
    places AS (
        SELECT CASE WHEN since <= interval '3 hours'
                    THEN make_interval(mins => greatest(1, ceil(extract(epoch FROM since) / 3600))::integer)
                    WHEN since <= interval '4 days'
                    THEN make_interval(hours => greatest(1, ceil(extract(epoch FROM since) / 216000))::integer)
                    ELSE make_interval(days => greatest(1, ceil(extract(epoch FROM since) / 5184000))::integer) END AS width),
    line (calls, p95) AS (
        SELECT weir.sparkline(array_agg(coalesce(v.calls, 0) ORDER BY b.start)), weir.sparkline(array_agg(v.p95 ORDER BY b.start))
          FROM places p,
               LATERAL (SELECT generate_series(date_bin(p.width, now() - since, '2000-01-01 00:00+00'), now(), p.width)) b (start)
          LEFT JOIN (SELECT date_bin(p.width, r.bucket, '2000-01-01 00:00+00') AS start, sum(r.calls)::double precision AS calls,
                            weir.percentile(weir.histogram_merge(r.durations), 0.95) AS p95
                       FROM places p, rows r GROUP BY 1) v ON v.start = b.start),
    lines (part, place, line) AS (
        SELECT 1, 0::bigint, format('Database %s, last %s: %s statements of %s queries and %s tenants, %s failed',
                                    current_database(), since, t.calls, (SELECT count(q.queryid) FROM queries q),
                                    (SELECT count(n.tenant_id) FROM tenants n), t.errors) FROM total t
        UNION ALL
        SELECT 2, 0, format('milliseconds: average %s, p50 %s, p95 %s, p99 %s, longest %s',
                            round((t.total_ms / t.calls)::numeric, 3),
                            round(least(weir.percentile(t.h, 0.5), t.max_ms)::numeric, 3),
                            round(least(weir.percentile(t.h, 0.95), t.max_ms)::numeric, 3),
                            round(least(weir.percentile(t.h, 0.99), t.max_ms)::numeric, 3),
                            round(t.max_ms::numeric, 3))
          FROM total t WHERE t.calls > 0
        UNION ALL SELECT 3, 0, 'calls    ' || l.calls FROM line l
        UNION ALL SELECT 3, 1, 'p95 ms   ' || l.p95 FROM line l
        UNION ALL SELECT 4, 0, ''
        UNION ALL SELECT 4, 1, 'Queries by total time         calls        ms    avg ms    p95 ms'
        UNION ALL
        SELECT 4, 1 + q.place,
               format('%s %s%s%s%s', rpad(left(coalesce(t.query, '(text unknown)'), 25), 25), lpad(q.calls::text, 9),
                      lpad(round(q.total_ms::numeric)::text, 10), lpad(round((q.total_ms / q.calls)::numeric, 3)::text, 10),
                      lpad(round(least(weir.percentile(q.h, 0.95), q.max_ms)::numeric, 3)::text, 10))
          FROM (SELECT *, row_number() OVER (ORDER BY total_ms DESC) AS place FROM queries) q
          LEFT JOIN weir.query_texts t ON t.queryid = q.queryid AND t.userid = q.userid WHERE q.place <= 5
        UNION ALL SELECT 5, 0, ''
        UNION ALL SELECT 5, 1, 'Tenants by total time         calls        ms'
        UNION ALL
        SELECT 5, 1 + row_number() OVER (ORDER BY n.total_ms DESC),
               format('%s %s%s', rpad(left(coalesce(n.tenant_id, '(none)'), 25), 25), lpad(n.calls::text, 9),
                      lpad(round(n.total_ms::numeric)::text, 10))
          FROM tenants n
        UNION ALL SELECT 6, 0, '' WHERE EXISTS (SELECT FROM errors)
        UNION ALL SELECT 6, 1, 'Errors by query              failed' WHERE EXISTS (SELECT FROM errors)
        UNION ALL
        SELECT 6, 1 + e.place,
               format('%s %s %s', e.sqlstate, rpad(left(coalesce(t.query, e.query_type, ''), 19), 19), lpad(e.errors::text, 9))
          FROM (SELECT *, row_number() OVER (ORDER BY errors DESC) AS place FROM errors) e
          LEFT JOIN weir.query_texts t ON t.queryid = e.queryid AND t.userid = e.userid WHERE e.place <= 5)
    SELECT l.line FROM lines l WHERE l.place <= 6 ORDER BY l.part, l.place;
END;
COMMENT ON FUNCTION weir.report(interval) IS 'what went on, on one screen';

REVOKE ALL ON FUNCTION weir.timeline(text, interval, interval), weir.report(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.timeline(text, interval, interval), weir.report(interval) TO PUBLIC;
