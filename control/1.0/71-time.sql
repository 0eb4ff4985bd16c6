-- The time of continuous queries

CREATE FUNCTION weir.query_time(
    query_id         integer,
    OUT watermark    timestamptz,  -- no row before it is expected any more
    OUT closed_below timestamptz,  -- windows that begin before it are closed
    OUT late_rows    bigint,
    OUT dropped_rows bigint,
    OUT future_rows  bigint)
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'weir_query_time';
COMMENT ON FUNCTION weir.query_time(integer) IS 'how far the time of a continuous query is, and how many of its rows were late, dropped, or of the future';
REVOKE ALL ON FUNCTION weir.query_time(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.query_time(integer) TO PUBLIC;
