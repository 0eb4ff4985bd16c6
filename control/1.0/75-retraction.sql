-- Continuous queries that follow changes of their table: on_delete => 'retract'

CREATE FUNCTION weir.log_change() RETURNS trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'weir_log_change';
COMMENT ON FUNCTION weir.log_change() IS 'writes down the groups of a continuous query that an UPDATE or DELETE touches';
REVOKE ALL ON FUNCTION weir.log_change() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.log_change() TO PUBLIC;

-- Cheap, so that they are asked before conditions of the query's, which may fail for rows that are gone.
CREATE FUNCTION weir.touched(query_id integer, VARIADIC keys "any") RETURNS boolean
LANGUAGE C STABLE PARALLEL RESTRICTED COST 0.0001 AS 'MODULE_PATHNAME', 'weir_touched';
COMMENT ON FUNCTION weir.touched(integer, "any") IS
    'in a continuous query''s views: whether the group has lost rows since it was computed';
REVOKE ALL ON FUNCTION weir.touched(integer, "any") FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.touched(integer, "any") TO PUBLIC;

CREATE FUNCTION weir.touched_all(query_id integer) RETURNS boolean
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 0.0001 AS 'MODULE_PATHNAME', 'weir_touched_all';
COMMENT ON FUNCTION weir.touched_all(integer) IS 'in a continuous query''s views: whether every group has to be computed from the table';
REVOKE ALL ON FUNCTION weir.touched_all(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.touched_all(integer) TO PUBLIC;

CREATE FUNCTION weir.touched_rest(query_id integer) RETURNS boolean
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 0.0001 AS 'MODULE_PATHNAME', 'weir_touched_rest';
COMMENT ON FUNCTION weir.touched_rest(integer) IS 'in a continuous query''s views: whether touched groups have keys that are NULL, or all groups are touched';
REVOKE ALL ON FUNCTION weir.touched_rest(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.touched_rest(integer) TO PUBLIC;
