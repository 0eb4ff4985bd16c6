-- Continuous queries

-- Tables of partial results and the views over them, each owned by who created the query.
CREATE SCHEMA weir_state;
GRANT USAGE ON SCHEMA weir_state TO PUBLIC;
COMMENT ON SCHEMA weir_state IS 'pg_weir: partial results of continuous queries';

CREATE TABLE weir.continuous_queries (
    id         integer PRIMARY KEY,
    result     regclass NOT NULL UNIQUE,
    statement  text NOT NULL,
    contents   text NOT NULL,
    tick       interval NOT NULL,
    on_delete  text NOT NULL CHECK (on_delete IN ('ignore', 'error')),
    paused     boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE weir.continuous_queries IS 'continuous queries, one row each; weir.queries shows them';
COMMENT ON COLUMN weir.continuous_queries.id IS 'number in the names of the query''s objects in schema weir_state';
COMMENT ON COLUMN weir.continuous_queries.result IS 'the view that shows the result';
COMMENT ON COLUMN weir.continuous_queries.statement IS 'adds the partial results of new rows to the state';
COMMENT ON COLUMN weir.continuous_queries.contents IS 'the state with the partial results of newer rows merged in';
COMMENT ON COLUMN weir.continuous_queries.tick IS 'shortest time between two steps';
COMMENT ON COLUMN weir.continuous_queries.on_delete IS 'what becomes of rows that are deleted or updated: ignore or error';
COMMENT ON COLUMN weir.continuous_queries.paused IS 'whether no step is taken; the view stays exact';
COMMENT ON COLUMN weir.continuous_queries.created_at IS 'when the query was created';

CREATE SEQUENCE weir.continuous_query_ids AS integer OWNED BY weir.continuous_queries.id;
COMMENT ON SEQUENCE weir.continuous_query_ids IS 'numbers of continuous queries';

-- Definitions and results are dumped; frontiers and failures are of this server alone.
SELECT pg_catalog.pg_extension_config_dump('weir.continuous_queries', '');
SELECT pg_catalog.pg_extension_config_dump('weir.continuous_query_ids', '');

CREATE TABLE weir.query_failures (
    query_id   integer PRIMARY KEY,
    failures   integer NOT NULL,
    sqlstate   text NOT NULL,
    message    text NOT NULL,
    failed_at  timestamptz NOT NULL,
    next_retry timestamptz NOT NULL
);
COMMENT ON TABLE weir.query_failures IS 'continuous queries whose last step failed';
COMMENT ON COLUMN weir.query_failures.query_id IS 'number of the query';
COMMENT ON COLUMN weir.query_failures.failures IS 'failed steps in a row';
COMMENT ON COLUMN weir.query_failures.sqlstate IS 'code of the last error';
COMMENT ON COLUMN weir.query_failures.message IS 'text of the last error';
COMMENT ON COLUMN weir.query_failures.failed_at IS 'when the last step failed';
COMMENT ON COLUMN weir.query_failures.next_retry IS 'when the step is tried again';

REVOKE ALL ON weir.continuous_queries, weir.query_failures FROM PUBLIC;
REVOKE ALL ON SEQUENCE weir.continuous_query_ids FROM PUBLIC;

CREATE FUNCTION weir.create_query(
    name      text,
    query     text,
    tick      interval DEFAULT '1 second',
    on_delete text DEFAULT 'ignore',
    backfill  boolean DEFAULT true,
    parallelism integer DEFAULT 1)
RETURNS regclass
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_create_query';
COMMENT ON FUNCTION weir.create_query(text, text, interval, text, boolean, integer) IS
    'keeps the result of a SELECT up to date from now on, and makes the view that shows it';
REVOKE ALL ON FUNCTION weir.create_query(text, text, interval, text, boolean, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.create_query(text, text, interval, text, boolean, integer) TO PUBLIC;

CREATE FUNCTION weir.drop_query(query regclass) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_drop_query';
COMMENT ON FUNCTION weir.drop_query(regclass) IS 'drops a continuous query, its view and its state';
REVOKE ALL ON FUNCTION weir.drop_query(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.drop_query(regclass) TO PUBLIC;

CREATE FUNCTION weir.pause_query(query regclass) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_pause_query';
COMMENT ON FUNCTION weir.pause_query(regclass) IS 'stops the steps of a continuous query; its view stays exact';
REVOKE ALL ON FUNCTION weir.pause_query(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.pause_query(regclass) TO PUBLIC;

CREATE FUNCTION weir.resume_query(query regclass) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_resume_query';
COMMENT ON FUNCTION weir.resume_query(regclass) IS 'lets a continuous query go on, also one that waits after a failure';
REVOKE ALL ON FUNCTION weir.resume_query(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.resume_query(regclass) TO PUBLIC;

CREATE FUNCTION weir.refresh_query(query regclass) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_refresh_query';
COMMENT ON FUNCTION weir.refresh_query(regclass) IS 'builds the result of a continuous query anew from the rows there are';
REVOKE ALL ON FUNCTION weir.refresh_query(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.refresh_query(regclass) TO PUBLIC;

CREATE FUNCTION weir.wait(query regclass, timeout interval DEFAULT '30 seconds') RETURNS boolean
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_wait';
COMMENT ON FUNCTION weir.wait(regclass, interval) IS
    'waits until everything committed before the call is in the state of a continuous query; false when it takes longer';
REVOKE ALL ON FUNCTION weir.wait(regclass, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.wait(regclass, interval) TO PUBLIC;

-- Aggregates that keep, merge and finish partial results. They run the functions of other aggregates
-- with the rights of who calls them.
CREATE FUNCTION weir.partial_accumulate(state internal, aggregate regprocedure, VARIADIC arguments "any")
RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_partial_accumulate';
COMMENT ON FUNCTION weir.partial_accumulate(internal, regprocedure, "any") IS 'transition function of weir.partial_state()';

CREATE FUNCTION weir.merge_accumulate(state internal, aggregate regprocedure, other bytea)
RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_merge_accumulate';
COMMENT ON FUNCTION weir.merge_accumulate(internal, regprocedure, bytea) IS 'transition function of weir.merge_states()';

CREATE FUNCTION weir.finish_accumulate(state internal, aggregate regprocedure, other bytea, result anyelement)
RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_finish_accumulate';
COMMENT ON FUNCTION weir.finish_accumulate(internal, regprocedure, bytea, anyelement) IS 'transition function of weir.finish_states()';

CREATE FUNCTION weir.state_written(state internal) RETURNS bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_state_written';
COMMENT ON FUNCTION weir.state_written(internal) IS 'final function of weir.partial_state() and weir.merge_states()';

CREATE FUNCTION weir.state_finished(state internal, aggregate regprocedure, other bytea, result anyelement)
RETURNS anyelement
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_state_finished';
COMMENT ON FUNCTION weir.state_finished(internal, regprocedure, bytea, anyelement) IS 'final function of weir.finish_states()';

CREATE AGGREGATE weir.partial_state(aggregate regprocedure, VARIADIC arguments "any") (
    SFUNC = weir.partial_accumulate, STYPE = internal, FINALFUNC = weir.state_written, PARALLEL = SAFE);
COMMENT ON AGGREGATE weir.partial_state(regprocedure, "any") IS 'transition state of an aggregate, to be merged later';

CREATE AGGREGATE weir.merge_states(aggregate regprocedure, state bytea) (
    SFUNC = weir.merge_accumulate, STYPE = internal, FINALFUNC = weir.state_written, PARALLEL = SAFE);
COMMENT ON AGGREGATE weir.merge_states(regprocedure, bytea) IS 'one transition state out of several';

CREATE AGGREGATE weir.finish_states(aggregate regprocedure, state bytea, result anyelement) (
    SFUNC = weir.finish_accumulate, STYPE = internal, FINALFUNC = weir.state_finished, FINALFUNC_EXTRA,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE weir.finish_states(regprocedure, bytea, anyelement) IS
    'result of an aggregate out of transition states; the last argument is a NULL of its type';

REVOKE ALL ON FUNCTION weir.partial_accumulate(internal, regprocedure, "any"),
    weir.merge_accumulate(internal, regprocedure, bytea),
    weir.finish_accumulate(internal, regprocedure, bytea, anyelement),
    weir.state_written(internal), weir.state_finished(internal, regprocedure, bytea, anyelement),
    weir.partial_state(regprocedure, "any"), weir.merge_states(regprocedure, bytea),
    weir.finish_states(regprocedure, bytea, anyelement) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.partial_accumulate(internal, regprocedure, "any"),
    weir.merge_accumulate(internal, regprocedure, bytea),
    weir.finish_accumulate(internal, regprocedure, bytea, anyelement),
    weir.state_written(internal), weir.state_finished(internal, regprocedure, bytea, anyelement),
    weir.partial_state(regprocedure, "any"), weir.merge_states(regprocedure, bytea),
    weir.finish_states(regprocedure, bytea, anyelement) TO PUBLIC;

CREATE FUNCTION weir.refuse_change() RETURNS trigger
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'weir_refuse_change';
COMMENT ON FUNCTION weir.refuse_change() IS 'trigger function of continuous queries with on_delete => error';
REVOKE ALL ON FUNCTION weir.refuse_change() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.refuse_change() TO PUBLIC;

CREATE FUNCTION weir.query_progress(
    OUT query_id      integer,
    OUT worker_pid    integer,
    OUT frontier      xid8,                -- everything below it is in the state
    OUT pending_xids  bigint,              -- transaction ids since then
    OUT checked_at    timestamptz,
    OUT caught_up_at  timestamptz,         -- when the state last held everything committed
    OUT ticks         bigint,
    OUT rows_in       bigint,
    OUT last_tick_ms  double precision,
    OUT total_tick_ms double precision,
    OUT blocker_pid   integer,             -- 0 for a prepared transaction
    OUT blocker_xid   xid,
    OUT blocker_age   interval)
RETURNS SETOF record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 20
AS 'MODULE_PATHNAME', 'weir_query_progress';
COMMENT ON FUNCTION weir.query_progress() IS 'what the workers of this database''s continuous queries have done since they started';
REVOKE ALL ON FUNCTION weir.query_progress() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.query_progress() TO PUBLIC;

CREATE FUNCTION weir.hold_status(
    OUT is_held boolean,
    OUT xmin    xid8,      -- rows deleted by transactions from here on are kept
    OUT age     bigint)    -- transactions since
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'weir_hold_status';
COMMENT ON FUNCTION weir.hold_status() IS 'what this database''s continuous queries keep vacuum from removing';
REVOKE ALL ON FUNCTION weir.hold_status() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.hold_status() TO PUBLIC;

-- STABLE, so that who does not ask for it does not pay for it.
CREATE FUNCTION weir.pending_rows(query_id integer) RETURNS bigint
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_pending_rows';
COMMENT ON FUNCTION weir.pending_rows(integer) IS 'rows of its table that are not yet in the state of a continuous query; NULL where that cannot be told now';
REVOKE ALL ON FUNCTION weir.pending_rows(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.pending_rows(integer) TO PUBLIC;

CREATE VIEW weir.queries WITH (security_barrier) AS
SELECT q.result AS name,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       CASE WHEN f.query_id IS NULL THEN 'void'
            WHEN NOT h.is_held OR f.h < h.xmin THEN 'stale'
            WHEN q.paused THEN 'paused'
            WHEN NOT r.rolcanlogin THEN 'no login'
            WHEN e.query_id IS NOT NULL THEN 'failing'
            WHEN p.worker_pid IS NULL THEN 'starting'
            WHEN p.blocker_xid IS NOT NULL THEN 'waiting'
            ELSE 'running' END AS state,
       CASE WHEN f.query_id IS NULL OR NOT h.is_held OR f.h < h.xmin
                THEN pg_catalog.format('SELECT weir.refresh_query(%L)', q.result)
            WHEN q.paused THEN pg_catalog.format('SELECT weir.resume_query(%L)', q.result)
            WHEN NOT r.rolcanlogin THEN pg_catalog.format('ALTER ROLE %I LOGIN', r.rolname)
            END AS remedy,
       q.tick,
       q.on_delete,
       coalesce(p.frontier, f.h) AS frontier,
       p.pending_xids,
       weir.pending_rows(q.id) AS lag_rows,
       CASE WHEN p.caught_up_at >= p.checked_at AND NOT q.paused THEN 0
            ELSE EXTRACT(epoch FROM pg_catalog.clock_timestamp() - p.caught_up_at)::double precision
            END AS lag_seconds,
       p.blocker_pid,
       p.blocker_xid,
       p.blocker_age,
       h.age AS hold_age,
       e.failures,
       e.sqlstate,
       e.message AS last_error,
       e.failed_at,
       e.next_retry,
       p.worker_pid,
       p.checked_at,
       p.ticks,
       p.rows_in,
       p.last_tick_ms,
       p.total_tick_ms,
       pg_catalog.to_regclass('weir_state.q' || q.id) AS state_table,
       q.created_at,
       pg_catalog.pg_get_viewdef(pg_catalog.to_regclass('weir_state.q' || q.id || '_definition')) AS definition
FROM weir.continuous_queries q
JOIN pg_catalog.pg_class c ON c.oid = q.result
LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
LEFT JOIN weir.frontiers f ON f.query_id = q.id
LEFT JOIN weir.query_failures e ON e.query_id = q.id
LEFT JOIN weir.query_progress() p ON p.query_id = q.id
CROSS JOIN weir.hold_status() h
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')
   OR (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'));
COMMENT ON VIEW weir.queries IS 'continuous queries of the reader, all of them for pg_read_all_stats: state, progress, what is in the way';
REVOKE ALL ON weir.queries FROM PUBLIC;
GRANT SELECT ON weir.queries TO PUBLIC;
