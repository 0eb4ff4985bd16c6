-- Roll-ups: what the flush worker sums up while it writes, so that questions need not read the log.

-- Figures refer to kinds of statements, so that names are stored once.
CREATE TABLE weir.rollup_kinds (
    kind_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id        text COLLATE "C",
    table_name       text COLLATE "C",
    field_name       text COLLATE "C",
    query_type       text COLLATE "C",
    queryid          bigint,
    userid           oid NOT NULL,
    application_name text COLLATE "C",
    toplevel         boolean,
    sqlstate         text COLLATE "C"
);
CREATE UNIQUE INDEX rollup_kinds_names ON weir.rollup_kinds
    (queryid, userid, tenant_id, application_name, table_name, field_name, query_type, toplevel, sqlstate)
    NULLS NOT DISTINCT;
COMMENT ON TABLE weir.rollup_kinds IS 'kinds of statements that weir.rollups tells apart';
COMMENT ON INDEX weir.rollup_kinds_names IS 'one row for each kind';
COMMENT ON COLUMN weir.rollup_kinds.kind_id IS 'number of the kind, with gaps';
COMMENT ON COLUMN weir.rollup_kinds.tenant_id IS 'as in weir.query_stats; __other__ beyond weir.max_rollup_kinds';
COMMENT ON COLUMN weir.rollup_kinds.table_name IS 'as in weir.query_stats; NULL beyond weir.max_rollup_kinds';
COMMENT ON COLUMN weir.rollup_kinds.field_name IS 'as in weir.query_stats; NULL beyond weir.max_rollup_kinds';
COMMENT ON COLUMN weir.rollup_kinds.query_type IS 'as in weir.query_stats';
COMMENT ON COLUMN weir.rollup_kinds.queryid IS 'as in weir.query_stats; NULL beyond weir.max_rollup_kinds';
COMMENT ON COLUMN weir.rollup_kinds.userid IS 'as in weir.query_stats';
COMMENT ON COLUMN weir.rollup_kinds.application_name IS 'as in weir.query_stats; __other__ beyond weir.max_rollup_kinds';
COMMENT ON COLUMN weir.rollup_kinds.toplevel IS 'as in weir.query_stats';
COMMENT ON COLUMN weir.rollup_kinds.sqlstate IS 'as in weir.query_stats; errors beyond weir.max_rollup_kinds are __other__';

-- What is 0 is left NULL: most kinds touch no temporary file and compile nothing.
CREATE TABLE weir.rollups (
    minutes                smallint NOT NULL,
    bucket                 timestamptz NOT NULL,
    kind_id                bigint NOT NULL,
    userid                 oid NOT NULL,
    calls                  bigint NOT NULL,
    plans                  bigint,
    first_seen             timestamptz NOT NULL,
    last_seen              timestamptz NOT NULL,
    total_ms               double precision NOT NULL,
    min_ms                 double precision NOT NULL,
    max_ms                 double precision NOT NULL,
    m2_ms                  double precision,
    plan_ms                double precision,
    plan_min_ms            double precision,
    plan_max_ms            double precision,
    plan_m2_ms             double precision,
    rows                   bigint,
    shared_blks_hit        bigint,
    shared_blks_read       bigint,
    shared_blks_dirtied    bigint,
    shared_blks_written    bigint,
    local_blks_hit         bigint,
    local_blks_read        bigint,
    local_blks_dirtied     bigint,
    local_blks_written     bigint,
    temp_blks_read         bigint,
    temp_blks_written      bigint,
    wal_records            bigint,
    wal_fpi                bigint,
    wal_bytes              bigint,
    jit_functions          bigint,
    jit_inlining_count     bigint,
    jit_optimization_count bigint,
    jit_emission_count     bigint,
    blk_read_ms            double precision,
    blk_write_ms           double precision,
    temp_blk_read_ms       double precision,
    temp_blk_write_ms      double precision,
    jit_generation_ms      double precision,
    jit_inlining_ms        double precision,
    jit_optimization_ms    double precision,
    jit_emission_ms        double precision,
    durations              weir.histogram NOT NULL
) PARTITION BY LIST (minutes);
COMMENT ON TABLE weir.rollups IS 'figures of each kind of statement by minute, hour and day (UTC)';
COMMENT ON COLUMN weir.rollups.minutes IS 'width of the bucket: 1, 60 or 1440';
COMMENT ON COLUMN weir.rollups.bucket IS 'start of the bucket';
COMMENT ON COLUMN weir.rollups.kind_id IS 'what the statements have in common, see weir.rollup_kinds';
COMMENT ON COLUMN weir.rollups.userid IS 'role that ran the statements';
COMMENT ON COLUMN weir.rollups.calls IS 'statements';
COMMENT ON COLUMN weir.rollups.plans IS 'times planned; here and below, NULL stands for 0';
COMMENT ON COLUMN weir.rollups.first_seen IS 'when the first of them ended';
COMMENT ON COLUMN weir.rollups.last_seen IS 'when the last of them ended';
COMMENT ON COLUMN weir.rollups.total_ms IS 'execution time in milliseconds';
COMMENT ON COLUMN weir.rollups.min_ms IS 'shortest execution in milliseconds';
COMMENT ON COLUMN weir.rollups.max_ms IS 'longest execution in milliseconds';
COMMENT ON COLUMN weir.rollups.m2_ms IS 'sum of squared differences from the mean execution time';
COMMENT ON COLUMN weir.rollups.plan_ms IS 'planning time in milliseconds';
COMMENT ON COLUMN weir.rollups.plan_min_ms IS 'shortest planning in milliseconds';
COMMENT ON COLUMN weir.rollups.plan_max_ms IS 'longest planning in milliseconds';
COMMENT ON COLUMN weir.rollups.plan_m2_ms IS 'sum of squared differences from the mean planning time';
COMMENT ON COLUMN weir.rollups.rows IS 'rows returned or changed';
COMMENT ON COLUMN weir.rollups.shared_blks_hit IS 'as in weir.query_stats, summed; so are those below';
COMMENT ON COLUMN weir.rollups.shared_blks_read IS 'shared blocks read';
COMMENT ON COLUMN weir.rollups.shared_blks_dirtied IS 'shared blocks dirtied';
COMMENT ON COLUMN weir.rollups.shared_blks_written IS 'shared blocks written';
COMMENT ON COLUMN weir.rollups.local_blks_hit IS 'blocks of temporary tables found in memory';
COMMENT ON COLUMN weir.rollups.local_blks_read IS 'blocks of temporary tables read';
COMMENT ON COLUMN weir.rollups.local_blks_dirtied IS 'blocks of temporary tables dirtied';
COMMENT ON COLUMN weir.rollups.local_blks_written IS 'blocks of temporary tables written';
COMMENT ON COLUMN weir.rollups.temp_blks_read IS 'blocks of temporary files read';
COMMENT ON COLUMN weir.rollups.temp_blks_written IS 'blocks of temporary files written';
COMMENT ON COLUMN weir.rollups.wal_records IS 'WAL records written';
COMMENT ON COLUMN weir.rollups.wal_fpi IS 'WAL full-page images written';
COMMENT ON COLUMN weir.rollups.wal_bytes IS 'bytes of WAL written';
COMMENT ON COLUMN weir.rollups.jit_functions IS 'functions compiled just in time';
COMMENT ON COLUMN weir.rollups.jit_inlining_count IS 'times functions were inlined';
COMMENT ON COLUMN weir.rollups.jit_optimization_count IS 'times JIT code was optimized';
COMMENT ON COLUMN weir.rollups.jit_emission_count IS 'times JIT code was emitted';
COMMENT ON COLUMN weir.rollups.blk_read_ms IS 'milliseconds spent reading blocks';
COMMENT ON COLUMN weir.rollups.blk_write_ms IS 'milliseconds spent writing blocks';
COMMENT ON COLUMN weir.rollups.temp_blk_read_ms IS 'milliseconds spent reading blocks of temporary files';
COMMENT ON COLUMN weir.rollups.temp_blk_write_ms IS 'milliseconds spent writing blocks of temporary files';
COMMENT ON COLUMN weir.rollups.jit_generation_ms IS 'milliseconds spent generating JIT code';
COMMENT ON COLUMN weir.rollups.jit_inlining_ms IS 'milliseconds spent inlining';
COMMENT ON COLUMN weir.rollups.jit_optimization_ms IS 'milliseconds spent optimizing JIT code';
COMMENT ON COLUMN weir.rollups.jit_emission_ms IS 'milliseconds spent emitting JIT code';
COMMENT ON COLUMN weir.rollups.durations IS 'how many executions took how long';

-- Rows of the current minute change with each flush: there is room on the page for that.
CREATE TABLE weir.rollups_minute PARTITION OF weir.rollups FOR VALUES IN (1) WITH (fillfactor = 60);
CREATE TABLE weir.rollups_hour PARTITION OF weir.rollups FOR VALUES IN (60) WITH (fillfactor = 80);
CREATE TABLE weir.rollups_day PARTITION OF weir.rollups FOR VALUES IN (1440) WITH (fillfactor = 80);
ALTER TABLE weir.rollups_minute ADD PRIMARY KEY (bucket, kind_id);
ALTER TABLE weir.rollups_hour ADD PRIMARY KEY (bucket, kind_id);
ALTER TABLE weir.rollups_day ADD PRIMARY KEY (bucket, kind_id);
COMMENT ON TABLE weir.rollups_minute IS 'figures by minute, of the last hours';
COMMENT ON TABLE weir.rollups_hour IS 'figures by hour, of the last days';
COMMENT ON TABLE weir.rollups_day IS 'figures by day, as long as weir.rollup_retention says';

-- Hours and days hold all minutes before this time; later minutes are found by the minute only.
CREATE TABLE weir.rollup_state (
    rolled_until timestamptz PRIMARY KEY
) WITH (fillfactor = 10);
INSERT INTO weir.rollup_state VALUES (pg_catalog.date_trunc('minute', pg_catalog.now()));
COMMENT ON TABLE weir.rollup_state IS 'how far minutes are summed up into hours and days; the flush worker''s own, one row';
COMMENT ON COLUMN weir.rollup_state.rolled_until IS 'start of the first minute that is not';

-- Who sees what: as in the log.
ALTER TABLE weir.rollup_kinds ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON weir.rollup_kinds FOR SELECT USING (
    (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
    OR pg_catalog.pg_has_role(userid, 'USAGE'));
COMMENT ON POLICY own_rows ON weir.rollup_kinds IS 'rows of roles whose privileges the reader has; all rows for pg_read_all_stats';
ALTER TABLE weir.rollups ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON weir.rollups FOR SELECT USING (
    (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
    OR pg_catalog.pg_has_role(userid, 'USAGE'));
COMMENT ON POLICY own_rows ON weir.rollups IS 'rows of roles whose privileges the reader has; all rows for pg_read_all_stats';
ALTER TABLE weir.rollups_minute ENABLE ROW LEVEL SECURITY;
ALTER TABLE weir.rollups_hour ENABLE ROW LEVEL SECURITY;
ALTER TABLE weir.rollups_day ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON weir.rollup_kinds, weir.rollups, weir.rollups_minute, weir.rollups_hour, weir.rollups_day,
    weir.rollup_state FROM PUBLIC;
GRANT SELECT ON weir.rollup_kinds, weir.rollups, weir.rollup_state TO PUBLIC;
