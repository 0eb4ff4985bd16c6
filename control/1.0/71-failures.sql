-- Continuous queries that fail, and the rows they fail on

CREATE FUNCTION weir.failure_state(failures integer, next_retry timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN failures < pg_catalog.current_setting('weir.failures_until_broken')::integer THEN 'failing'
            WHEN next_retry > pg_catalog.clock_timestamp() THEN 'broken'
            WHEN failures IS NOT NULL THEN 'half-open' END;
COMMENT ON FUNCTION weir.failure_state(integer, timestamptz) IS
    'what weir.queries calls a query with that many failed steps in a row: failing, broken or half-open';
REVOKE ALL ON FUNCTION weir.failure_state(integer, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.failure_state(integer, timestamptz) TO PUBLIC;

CREATE TABLE weir.dead_letter_rows (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    query_id integer NOT NULL,
    "row"    jsonb NOT NULL,
    sqlstate text NOT NULL,
    message  text NOT NULL,
    at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX dead_letter_rows_query_id_idx ON weir.dead_letter_rows (query_id);
COMMENT ON TABLE weir.dead_letter_rows IS 'rows that continuous queries have failed on; weir.dead_letters shows them to the owners';
COMMENT ON COLUMN weir.dead_letter_rows.id IS 'number of the row';
COMMENT ON COLUMN weir.dead_letter_rows.query_id IS 'number of the query';
COMMENT ON COLUMN weir.dead_letter_rows."row" IS 'the row of the source as it was inserted';
COMMENT ON COLUMN weir.dead_letter_rows.sqlstate IS 'code of the error';
COMMENT ON COLUMN weir.dead_letter_rows.message IS 'text of the error';
COMMENT ON COLUMN weir.dead_letter_rows.at IS 'when the row failed last';
REVOKE ALL ON TABLE weir.dead_letter_rows FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('weir.dead_letter_rows', '');
SELECT pg_catalog.pg_extension_config_dump('weir.dead_letter_rows_id_seq', '');
