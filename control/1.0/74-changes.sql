-- What continuous queries give out beside their views

CREATE TABLE weir.query_streams (
    query_id     integer PRIMARY KEY,
    emit         text CHECK (emit IN ('changes', 'final')),
    notify       boolean NOT NULL,
    retention    interval,
    lateness     interval,
    late         text CHECK (late IN ('update', 'drop', 'dead_letter')),
    idle_timeout interval,
    max_future   interval,
    closing      text,
    idle         text,
    forgetting   text,
    merging      text,
    log_id       integer,
    showing      text,
    trimmed_to   bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE weir.query_streams IS 'what continuous queries give out beside their views';
COMMENT ON COLUMN weir.query_streams.query_id IS 'number of the query';
COMMENT ON COLUMN weir.query_streams.emit IS 'what the log of changes holds: changes or final; NULL: there is none';
COMMENT ON COLUMN weir.query_streams.notify IS 'whether new changes send a notification';
COMMENT ON COLUMN weir.query_streams.retention IS 'how long changes and closed windows are kept; NULL: for ever';
COMMENT ON COLUMN weir.query_streams.lateness IS 'how far the watermark is behind the newest row';
COMMENT ON COLUMN weir.query_streams.late IS 'what becomes of rows of closed windows: update, drop or dead_letter; NULL: no window closes';
COMMENT ON COLUMN weir.query_streams.idle_timeout IS 'when nothing has come for so long, what is open closes';
COMMENT ON COLUMN weir.query_streams.max_future IS 'how far ahead of the clock a row may be and still move the watermark';
COMMENT ON COLUMN weir.query_streams.closing IS 'moves the watermark';
COMMENT ON COLUMN weir.query_streams.idle IS 'closes what is open';
COMMENT ON COLUMN weir.query_streams.merging IS 'adds the partial results of rows to the state, late or not';
COMMENT ON COLUMN weir.query_streams.log_id IS 'number in the name of the log, which outlives a change of the definition';
COMMENT ON COLUMN weir.query_streams.showing IS 'the rows of the result as they are in the state and the log';
COMMENT ON COLUMN weir.query_streams.forgetting IS 'removes windows that are older than the retention';
COMMENT ON COLUMN weir.query_streams.trimmed_to IS 'newest position that is not kept any more';
SELECT pg_catalog.pg_extension_config_dump('weir.query_streams', '');
REVOKE ALL ON weir.query_streams FROM PUBLIC;

CREATE FUNCTION weir.changes(
    query    regclass,
    after    bigint DEFAULT 0,
    max_rows integer DEFAULT 1000,
    timeout  interval DEFAULT '0 seconds',
    OUT "position" bigint,
    OUT at   timestamptz,  -- when the step began
    OUT old  jsonb,        -- the row of the result as it was; NULL: there was none
    OUT new  jsonb)        -- as it is now; NULL: it is gone
RETURNS SETOF record
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 100
AS 'MODULE_PATHNAME', 'weir_changes';
COMMENT ON FUNCTION weir.changes(regclass, bigint, integer, interval) IS
    'changes of a continuous query''s result after a position, in their order; waits for one until the timeout';
REVOKE ALL ON FUNCTION weir.changes(regclass, bigint, integer, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.changes(regclass, bigint, integer, interval) TO PUBLIC;

CREATE FUNCTION weir.log_changes() RETURNS trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'weir_log_changes';
COMMENT ON FUNCTION weir.log_changes() IS 'trigger function of the state of continuous queries that keep a log of changes';
REVOKE ALL ON FUNCTION weir.log_changes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.log_changes() TO PUBLIC;
