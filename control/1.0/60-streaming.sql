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
