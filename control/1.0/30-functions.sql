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
