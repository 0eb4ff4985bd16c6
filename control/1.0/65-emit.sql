
-- Streaming queries: a query's text in, its rows out as they come

CREATE FUNCTION weir.query(sql text, emit text DEFAULT NULL, lateness interval DEFAULT NULL, late text DEFAULT 'drop') RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'weir_query';
COMMENT ON FUNCTION weir.query(text, text, interval, text) IS 'runs one SELECT, which may end in EMIT CHANGES or EMIT FINAL, and gives its rows as they come';
REVOKE ALL ON FUNCTION weir.query(text, text, interval, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.query(text, text, interval, text) TO PUBLIC;

CREATE FUNCTION weir.query_json(sql text, emit text DEFAULT NULL, lateness interval DEFAULT NULL, late text DEFAULT 'drop') RETURNS SETOF jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'weir_query_json';
COMMENT ON FUNCTION weir.query_json(text, text, interval, text) IS 'like weir.query, each row as one jsonb object';
REVOKE ALL ON FUNCTION weir.query_json(text, text, interval, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.query_json(text, text, interval, text) TO PUBLIC;
