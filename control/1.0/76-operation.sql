-- How continuous queries do: what their steps cost, how far long work is

CREATE TABLE weir.query_backfills (
    query_id    integer PRIMARY KEY,
    finished_at timestamptz NOT NULL,
    pages       bigint NOT NULL,
    groups      bigint NOT NULL,
    took_ms     double precision NOT NULL
);
COMMENT ON TABLE weir.query_backfills IS 'how continuous queries were last filled from the rows there were; weir.query_metrics shows it';
COMMENT ON COLUMN weir.query_backfills.query_id IS 'number of the query';
COMMENT ON COLUMN weir.query_backfills.finished_at IS 'when the last row was read';
COMMENT ON COLUMN weir.query_backfills.pages IS 'pages that the table had';
COMMENT ON COLUMN weir.query_backfills.groups IS 'rows of the state that were made';
COMMENT ON COLUMN weir.query_backfills.took_ms IS 'how long it took';
REVOKE ALL ON weir.query_backfills FROM PUBLIC;

CREATE TABLE weir.query_lanes (
    query_id    integer PRIMARY KEY,
    parallelism integer NOT NULL CHECK (parallelism BETWEEN 1 AND 16),
    statement   text NOT NULL
);
COMMENT ON TABLE weir.query_lanes IS 'continuous queries whose steps several processes may share';
COMMENT ON COLUMN weir.query_lanes.query_id IS 'number of the query';
COMMENT ON COLUMN weir.query_lanes.parallelism IS 'processes that a step may take';
COMMENT ON COLUMN weir.query_lanes.statement IS 'adds the partial results of several processes to the state';
SELECT pg_catalog.pg_extension_config_dump('weir.query_lanes', '');
REVOKE ALL ON weir.query_lanes FROM PUBLIC;

CREATE FUNCTION weir.query_figures(
    OUT query_id       integer,
    OUT split_ticks    bigint,             -- spread over several processes
    OUT groups_changed bigint,             -- rows of the state inserted or updated by steps
    OUT failed_ticks   bigint,
    OUT longest_ms     double precision,
    OUT durations      weir.histogram)
RETURNS SETOF record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 20
AS 'MODULE_PATHNAME', 'weir_query_figures';
COMMENT ON FUNCTION weir.query_figures() IS 'what the steps of this database''s continuous queries have done and cost since the server started';
REVOKE ALL ON FUNCTION weir.query_figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.query_figures() TO PUBLIC;

CREATE VIEW weir.query_metrics WITH (security_barrier) AS
SELECT q.result AS name,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       coalesce(l.parallelism, 1) AS parallelism,
       p.ticks,
       g.split_ticks,
       p.rows_in,
       g.groups_changed,
       g.failed_ticks,
       p.total_tick_ms AS tick_total_ms,
       p.total_tick_ms / nullif(p.ticks, 0) AS tick_avg_ms,
       least(weir.percentile(g.durations, 0.5), g.longest_ms) AS tick_p50_ms,
       least(weir.percentile(g.durations, 0.99), g.longest_ms) AS tick_p99_ms,
       g.longest_ms AS tick_max_ms,
       g.durations AS tick_durations,
       pg_catalog.pg_total_relation_size(s.oid) AS state_bytes,
       CASE WHEN s.reltuples >= 0 THEN s.reltuples::bigint END AS state_rows,
       b.finished_at AS backfilled_at,
       b.took_ms AS backfill_ms,
       b.pages AS backfill_pages,
       b.groups AS backfill_groups
FROM weir.continuous_queries q
JOIN pg_catalog.pg_class c ON c.oid = q.result
LEFT JOIN pg_catalog.pg_class s ON s.relnamespace = 'weir_state'::pg_catalog.regnamespace AND s.relname = 'q' || q.id
LEFT JOIN weir.query_progress() p ON p.query_id = q.id
LEFT JOIN weir.query_figures() g ON g.query_id = q.id
LEFT JOIN weir.query_lanes l ON l.query_id = q.id
LEFT JOIN weir.query_backfills b ON b.query_id = q.id
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')
   OR (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'));
COMMENT ON VIEW weir.query_metrics IS 'what continuous queries of the reader have cost, those of all for pg_read_all_stats: steps, state, backfill';
REVOKE ALL ON weir.query_metrics FROM PUBLIC;
GRANT SELECT ON weir.query_metrics TO PUBLIC;

CREATE FUNCTION weir.work_progress(
    OUT query_id    integer,
    OUT owner       oid,
    OUT pid         integer,
    OUT work        text,                  -- backfill, refresh, alter or step
    OUT started_at  timestamptz,
    OUT pages_done  bigint,
    OUT pages_total bigint,
    OUT rows_done   bigint)                -- new rows found, by steps
RETURNS SETOF record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 5
AS 'MODULE_PATHNAME', 'weir_work_progress';
COMMENT ON FUNCTION weir.work_progress() IS 'what processes do for continuous queries of this database at this moment';
REVOKE ALL ON FUNCTION weir.work_progress() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.work_progress() TO PUBLIC;

-- A query that is being created has no name yet for anybody else.
CREATE VIEW weir.progress WITH (security_barrier) AS
SELECT q.result AS name,
       w.query_id,
       pg_catalog.pg_get_userbyid(w.owner) AS owner,
       w.work,
       w.pid,
       w.started_at,
       t.elapsed,
       w.pages_done,
       w.pages_total,
       w.rows_done,
       100.0::double precision * w.pages_done / nullif(w.pages_total, 0) AS percent,
       w.pages_done / nullif(t.seconds, 0) AS pages_per_second,
       w.rows_done / nullif(t.seconds, 0) AS rows_per_second,
       CASE WHEN w.pages_done > 0
            THEN t.elapsed * (greatest(w.pages_total - w.pages_done, 0)::double precision / w.pages_done)
            END AS eta
FROM weir.work_progress() w
CROSS JOIN LATERAL (SELECT pg_catalog.clock_timestamp() - w.started_at) e (elapsed)
CROSS JOIN LATERAL (SELECT e.elapsed, EXTRACT(epoch FROM e.elapsed)::double precision) t (elapsed, seconds)
LEFT JOIN weir.continuous_queries q ON q.id = w.query_id
WHERE w.work <> 'step' OR t.seconds >= 1;
COMMENT ON VIEW weir.progress IS 'backfills and steps of more than a second that go on now: pages and rows done, rate, time left';
REVOKE ALL ON weir.progress FROM PUBLIC;
GRANT SELECT ON weir.progress TO PUBLIC;

CREATE FUNCTION weir.alter_query(
    query      regclass,
    definition text DEFAULT NULL,
    tick       interval DEFAULT NULL,
    on_delete  text DEFAULT NULL,
    backfill   boolean DEFAULT true,
    parallelism integer DEFAULT NULL)
RETURNS regclass
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_alter_query';
COMMENT ON FUNCTION weir.alter_query(regclass, text, interval, text, boolean, integer) IS
    'changes options of a continuous query, or its definition, of which a new result is built before it takes the place of the old one';
REVOKE ALL ON FUNCTION weir.alter_query(regclass, text, interval, text, boolean, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.alter_query(regclass, text, interval, text, boolean, integer) TO PUBLIC;
