-- The ring in figures.
SELECT weir.reset();
SELECT weir.flush() >= 0 AS flushed;
SELECT database, capacity = current_setting('weir.ring_size')::bigint AS capacity, records_in_ring < 5 AS few,
       dropped, folded, folded_pending, flush_errors, last_error, last_error_at, names > 0 AS names, names_rejected,
       texts_rejected, worker_pid = (SELECT pid FROM pg_stat_activity
                                     WHERE backend_type = 'pg_weir flush worker' AND datname = current_database()) AS worker,
       now() - last_flush BETWEEN '-1 s' AND '10 s' AS just_flushed, lag BETWEEN '0 s' AND '10 s' AS lag
FROM weir.ring_status();

-- A table that cannot be written: the ring fills, then statements fold, by query and tenant; what
-- does not fit there is dropped. Everything is counted, and what is kept comes through.
CREATE FUNCTION push(tenants int, times int) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(weir.log_query_stat('t' || i % tenants, 'orders', NULL, 'SELECT', i))
    FROM generate_series(1, times) i $$;
SET weir.capture = off;
SELECT weir.flush() >= 0 AS flushed;
SELECT capacity, captured AS captured_before, dropped AS dropped_before FROM weir.ring_status() \gset
BEGIN;
LOCK TABLE weir.query_stats IN ACCESS EXCLUSIVE MODE;
SELECT push(10, :capacity) = :capacity AS pushed;
SELECT in_ring, records_in_ring, folded_pending, dropped FROM weir.ring_status();
SELECT push(10, 1000);
SELECT in_ring, records_in_ring, folded_pending, folded, dropped FROM weir.ring_status();
-- 32 keys fit; a record that finds no room is refused
SELECT push(50, 100);
SELECT count(*) FILTER (WHERE kept) AS kept, count(*) FILTER (WHERE NOT kept) AS refused
FROM (SELECT weir.log_query_stat('u' || i, 'orders', NULL, 'SELECT', i) AS kept FROM generate_series(1, 50) i) s;
SELECT captured - :captured_before = :capacity + 1150 AS all_counted,
       captured = flushed + in_ring + folded_pending + dropped AS law, dropped - :dropped_before > 0 AS dropped
FROM weir.ring_status();
SELECT check_name, status, hint FROM weir.health() WHERE check_name IN ('ring', 'dropped') ORDER BY 1;
ROLLBACK;
SELECT weir.flush() >= 0 AS flushed;
SELECT captured - :captured_before = :capacity + 1150 AS all_counted, in_ring, folded_pending,
       captured = flushed + dropped AS law FROM weir.ring_status();
SELECT sum(calls) + (SELECT dropped FROM weir.ring_status()) = :capacity + 1150 AS log_and_dropped,
       max(calls) > 1 AS folded, sum(duration_ms * calls) > 0 AS durations
FROM weir.query_stats WHERE table_name = 'orders';
SELECT sum(calls) = (SELECT flushed FROM weir.ring_status()) AS table_holds_what_was_flushed FROM weir.query_stats;
DROP FUNCTION push;
SELECT weir.reset();
