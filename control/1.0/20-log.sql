-- The log

-- Names compare by bytes: that is what sorting and grouping millions of them needs.
-- Ids are taken a thousand at a time; they are unique, and have gaps.
CREATE TABLE weir.query_stats (
    id                     bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000),
    tenant_id              text COLLATE "C",
    table_name             text COLLATE "C",
    field_name             text COLLATE "C",
    query_type             text COLLATE "C",
    duration_ms            double precision NOT NULL,
    created_at             timestamptz NOT NULL,
    queryid                bigint,
    userid                 oid,
    application_name       text COLLATE "C",
    client_addr            inet,
    toplevel               boolean,
    calls                  bigint NOT NULL,
    rows                   bigint,
    min_ms                 double precision,
    max_ms                 double precision,
    m2_ms                  double precision,
    plans                  bigint,
    plan_ms                double precision,
    plan_min_ms            double precision,
    plan_max_ms            double precision,
    plan_m2_ms             double precision,
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
    blk_read_ms            double precision,
    blk_write_ms           double precision,
    temp_blk_read_ms       double precision,
    temp_blk_write_ms      double precision,
    wal_records            bigint,
    wal_fpi                bigint,
    wal_bytes              bigint,
    jit_functions          bigint,
    jit_generation_ms      double precision,
    jit_inlining_count     bigint,
    jit_inlining_ms        double precision,
    jit_optimization_count bigint,
    jit_optimization_ms    double precision,
    jit_emission_count     bigint,
    jit_emission_ms        double precision,
    sqlstate               text COLLATE "C"
) PARTITION BY RANGE (created_at);

-- Rows arrive nearly in the order of created_at and partitions hold one day each. A block range
-- index finds an hour in a day at next to no cost for the insert; a B-tree, a primary key included,
-- would cost each row more than the row itself.
CREATE INDEX query_stats_created_at_idx ON weir.query_stats
    USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);

COMMENT ON TABLE weir.query_stats IS 'finished statements, one row each or, folded, several of a kind in one row; a partition per UTC day';
COMMENT ON INDEX weir.query_stats_created_at_idx IS 'finds a stretch of time within a day';
COMMENT ON COLUMN weir.query_stats.id IS 'unique number, with gaps';
COMMENT ON COLUMN weir.query_stats.tenant_id IS 'tenant that the session worked for; __other__ beyond weir.max_tenants';
COMMENT ON COLUMN weir.query_stats.table_name IS 'largest table scanned or written; NULL when there is none';
COMMENT ON COLUMN weir.query_stats.field_name IS 'first column of that table that the statement restricts; NULL when there is none';
COMMENT ON COLUMN weir.query_stats.query_type IS 'command tag, as SELECT or CREATE TABLE';
COMMENT ON COLUMN weir.query_stats.duration_ms IS 'execution time in milliseconds; the mean when calls > 1';
COMMENT ON COLUMN weir.query_stats.created_at IS 'when the statement, or the last of them, ended';
COMMENT ON COLUMN weir.query_stats.queryid IS 'query identifier as in pg_stat_activity.query_id; NULL when none was computed';
COMMENT ON COLUMN weir.query_stats.userid IS 'role that ran the statement';
COMMENT ON COLUMN weir.query_stats.application_name IS 'application name of the session';
COMMENT ON COLUMN weir.query_stats.client_addr IS 'address of the client; NULL for local connections';
COMMENT ON COLUMN weir.query_stats.toplevel IS 'false for a statement inside a function; NULL in rows logged by an application';
COMMENT ON COLUMN weir.query_stats.calls IS 'statements in this row: 1 unless folded';
COMMENT ON COLUMN weir.query_stats.rows IS 'rows returned or changed';
COMMENT ON COLUMN weir.query_stats.min_ms IS 'shortest execution in milliseconds; NULL when calls = 1';
COMMENT ON COLUMN weir.query_stats.max_ms IS 'longest execution in milliseconds; NULL when calls = 1';
COMMENT ON COLUMN weir.query_stats.m2_ms IS 'sum of squared differences from the mean execution time; NULL when calls = 1';
COMMENT ON COLUMN weir.query_stats.plans IS 'times planned; NULL when never';
COMMENT ON COLUMN weir.query_stats.plan_ms IS 'total planning time in milliseconds; NULL when never planned';
COMMENT ON COLUMN weir.query_stats.plan_min_ms IS 'shortest planning in milliseconds; NULL unless plans > 1';
COMMENT ON COLUMN weir.query_stats.plan_max_ms IS 'longest planning in milliseconds; NULL unless plans > 1';
COMMENT ON COLUMN weir.query_stats.plan_m2_ms IS 'sum of squared differences from the mean planning time; NULL unless plans > 1';
COMMENT ON COLUMN weir.query_stats.shared_blks_hit IS 'shared blocks found in the buffer cache';
COMMENT ON COLUMN weir.query_stats.shared_blks_read IS 'shared blocks read';
COMMENT ON COLUMN weir.query_stats.shared_blks_dirtied IS 'shared blocks dirtied';
COMMENT ON COLUMN weir.query_stats.shared_blks_written IS 'shared blocks written';
COMMENT ON COLUMN weir.query_stats.local_blks_hit IS 'blocks of temporary tables found in memory; NULL when all four are 0';
COMMENT ON COLUMN weir.query_stats.local_blks_read IS 'blocks of temporary tables read';
COMMENT ON COLUMN weir.query_stats.local_blks_dirtied IS 'blocks of temporary tables dirtied';
COMMENT ON COLUMN weir.query_stats.local_blks_written IS 'blocks of temporary tables written';
COMMENT ON COLUMN weir.query_stats.temp_blks_read IS 'blocks of temporary files read; NULL when both are 0';
COMMENT ON COLUMN weir.query_stats.temp_blks_written IS 'blocks of temporary files written';
COMMENT ON COLUMN weir.query_stats.blk_read_ms IS 'milliseconds spent reading blocks, if track_io_timing is on; NULL when all four are 0';
COMMENT ON COLUMN weir.query_stats.blk_write_ms IS 'milliseconds spent writing blocks';
COMMENT ON COLUMN weir.query_stats.temp_blk_read_ms IS 'milliseconds spent reading blocks of temporary files';
COMMENT ON COLUMN weir.query_stats.temp_blk_write_ms IS 'milliseconds spent writing blocks of temporary files';
COMMENT ON COLUMN weir.query_stats.wal_records IS 'WAL records written; NULL when there were none';
COMMENT ON COLUMN weir.query_stats.wal_fpi IS 'WAL full-page images written';
COMMENT ON COLUMN weir.query_stats.wal_bytes IS 'bytes of WAL written';
COMMENT ON COLUMN weir.query_stats.jit_functions IS 'functions compiled just in time; NULL when none were';
COMMENT ON COLUMN weir.query_stats.jit_generation_ms IS 'milliseconds spent generating JIT code';
COMMENT ON COLUMN weir.query_stats.jit_inlining_count IS 'times functions were inlined';
COMMENT ON COLUMN weir.query_stats.jit_inlining_ms IS 'milliseconds spent inlining';
COMMENT ON COLUMN weir.query_stats.jit_optimization_count IS 'times JIT code was optimized';
COMMENT ON COLUMN weir.query_stats.jit_optimization_ms IS 'milliseconds spent optimizing JIT code';
COMMENT ON COLUMN weir.query_stats.jit_emission_count IS 'times JIT code was emitted';
COMMENT ON COLUMN weir.query_stats.jit_emission_ms IS 'milliseconds spent emitting JIT code';
COMMENT ON COLUMN weir.query_stats.sqlstate IS 'error code of a statement that failed; NULL for success';

CREATE TABLE weir.query_texts (
    queryid    bigint NOT NULL,
    userid     oid NOT NULL,
    query      text NOT NULL,
    first_seen timestamptz NOT NULL,
    PRIMARY KEY (queryid, userid)
);
COMMENT ON TABLE weir.query_texts IS 'statement texts without literals and comments';
COMMENT ON INDEX weir.query_texts_pkey IS 'one text for each query and role';
COMMENT ON COLUMN weir.query_texts.queryid IS 'query identifier as in weir.query_stats';
COMMENT ON COLUMN weir.query_texts.userid IS 'role that ran the statement';
COMMENT ON COLUMN weir.query_texts.query IS 'normalised text, or the command tag of a statement that may carry secrets';
COMMENT ON COLUMN weir.query_texts.first_seen IS 'when the text was first stored';

-- Updated with every flush: room on the page keeps it one page and its updates heap-only.
CREATE TABLE weir.flush_state (
    epoch      bigint,
    position   bigint,
    flushed_at timestamptz,
    clean      boolean NOT NULL
) WITH (fillfactor = 10);
-- One row needs no key; without an identity, though, a publication FOR ALL TABLES would refuse updates.
ALTER TABLE weir.flush_state REPLICA IDENTITY FULL;
INSERT INTO weir.flush_state (clean) VALUES (true);
COMMENT ON TABLE weir.flush_state IS 'how far the flush worker has committed; the worker''s own, one row';
COMMENT ON COLUMN weir.flush_state.epoch IS 'the ring that the position is of';
COMMENT ON COLUMN weir.flush_state.position IS 'first record of that ring that is not committed';
COMMENT ON COLUMN weir.flush_state.flushed_at IS 'when the position was written';
COMMENT ON COLUMN weir.flush_state.clean IS 'the worker stopped with nothing left to write';

CREATE TABLE weir.interruptions (
    since  timestamptz NOT NULL,
    until  timestamptz NOT NULL,
    reason text NOT NULL
);
COMMENT ON TABLE weir.interruptions IS 'stretches of time of which records may have been lost because the server stopped without warning';
COMMENT ON COLUMN weir.interruptions.since IS 'everything captured before this time was flushed';
COMMENT ON COLUMN weir.interruptions.until IS 'the server started again';
COMMENT ON COLUMN weir.interruptions.reason IS 'what happened';

-- Everybody sees what roles did whose privileges he has; members of pg_read_all_stats see
-- everything, rows of roles that were dropped included. The membership is looked up once a query.
ALTER TABLE weir.query_stats ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON weir.query_stats FOR SELECT USING (
    (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
    OR pg_catalog.pg_has_role(userid, 'USAGE'));
COMMENT ON POLICY own_rows ON weir.query_stats IS 'rows of roles whose privileges the reader has; all rows for pg_read_all_stats';

ALTER TABLE weir.query_texts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON weir.query_texts FOR SELECT USING (
    (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
    OR pg_catalog.pg_has_role(userid, 'USAGE'));
COMMENT ON POLICY own_rows ON weir.query_texts IS 'rows of roles whose privileges the reader has; all rows for pg_read_all_stats';

REVOKE ALL ON weir.query_stats, weir.query_texts, weir.flush_state, weir.interruptions FROM PUBLIC;
GRANT SELECT ON weir.query_stats, weir.query_texts, weir.interruptions TO PUBLIC;
