\set ECHO none
-- How many rows two relations differ in, both ways: a relation's name and a query, or the result of a
-- continuous query and its definition over what is stored.
CREATE FUNCTION differences(one text, other text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT (SELECT count(*) FROM (TABLE %1$s EXCEPT ALL (%2$s)) a)
                         + (SELECT count(*) FROM ((%2$s) EXCEPT ALL TABLE %1$s) b)', one, other)
        INTO n;
    RETURN n;
END $$;
CREATE FUNCTION differences(result regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id int := (SELECT q.id FROM weir.continuous_queries q WHERE q.result = differences.result);
BEGIN
    RETURN differences(result::text, format('TABLE weir_state.q%s_definition', id));
END $$;
\set ECHO all
