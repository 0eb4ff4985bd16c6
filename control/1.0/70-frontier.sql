-- What continuous queries have consumed

-- Written by the ticks of a query in the transaction of their results.
CREATE TABLE weir.frontiers (
    query_id integer PRIMARY KEY,
    h        xid8 NOT NULL,   -- transactions below it are consumed
    lsn_low  pg_lsn NOT NULL  -- no transaction from h on has written at or below it
) WITH (fillfactor = 40, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE weir.frontiers IS 'how far each continuous query has consumed its source';
COMMENT ON COLUMN weir.frontiers.query_id IS 'number of the query';
COMMENT ON COLUMN weir.frontiers.h IS 'transactions below it are consumed';
COMMENT ON COLUMN weir.frontiers.lsn_low IS 'no transaction from h on has written at or below it';
REVOKE ALL ON TABLE weir.frontiers FROM PUBLIC;

-- Files of tables that ticks have read. A file that is not here is read once without its visibility
-- map.
CREATE TABLE weir.frontier_files (
    query_id     integer NOT NULL,
    relation     oid NOT NULL,   -- the table or partition
    relfilenode  oid NOT NULL,
    settled_at   xid8 NOT NULL,  -- its visibility map speaks of consumed rows once h has reached this
    rewritten_by xid8,           -- rows of this transaction are copies of older ones
    PRIMARY KEY (query_id, relation)
) WITH (fillfactor = 80);
COMMENT ON TABLE weir.frontier_files IS 'the files of a source that ticks have read';
COMMENT ON COLUMN weir.frontier_files.query_id IS 'number of the query';
COMMENT ON COLUMN weir.frontier_files.relation IS 'the table or partition';
COMMENT ON COLUMN weir.frontier_files.relfilenode IS 'its file';
COMMENT ON COLUMN weir.frontier_files.settled_at IS 'its visibility map speaks of consumed rows once h has reached this';
COMMENT ON COLUMN weir.frontier_files.rewritten_by IS 'rows of this transaction are copies of older ones';
REVOKE ALL ON TABLE weir.frontier_files FROM PUBLIC;

-- Tables that have come to a source with rows in them, and those that have left it and may come back.
CREATE TABLE weir.arrivals (
    query_id      integer NOT NULL,
    relation      oid NOT NULL,   -- the table or partition
    arrived_by    xid8,           -- its rows are consumed once h is above this; NULL: it has left
    oldest        xid8,           -- the oldest transaction that ran when it came
    changed_by    xid8[] NOT NULL, -- later ones that had changed rows of it by then
    counted_below xid8,           -- rows of older transactions were consumed before it left
    relfilenode   oid NOT NULL,   -- its file when it left
    PRIMARY KEY (query_id, relation)
);
COMMENT ON TABLE weir.arrivals IS 'tables that have come to a source with rows in them, or have left it';
COMMENT ON COLUMN weir.arrivals.query_id IS 'number of the query';
COMMENT ON COLUMN weir.arrivals.relation IS 'the table or partition';
COMMENT ON COLUMN weir.arrivals.arrived_by IS 'its rows are consumed once h is above this; NULL: it has left';
COMMENT ON COLUMN weir.arrivals.oldest IS 'the oldest transaction that ran when it came';
COMMENT ON COLUMN weir.arrivals.changed_by IS 'later ones that had changed rows of it by then';
COMMENT ON COLUMN weir.arrivals.counted_below IS 'rows of older transactions were consumed before it left';
COMMENT ON COLUMN weir.arrivals.relfilenode IS 'its file when it left';
REVOKE ALL ON TABLE weir.arrivals FROM PUBLIC;

-- STABLE and leakproof, so that it neither keeps other conditions from moving below a GROUP BY nor
-- waits for those of row security: the scan takes its place.
CREATE FUNCTION weir.delta(tableoid oid, query_id integer) RETURNS boolean
LANGUAGE C STABLE STRICT LEAKPROOF PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'weir_delta';
COMMENT ON FUNCTION weir.delta(oid, integer) IS 'in WHERE of a continuous query''s source: the rows that the query has not consumed';
REVOKE ALL ON FUNCTION weir.delta(oid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.delta(oid, integer) TO PUBLIC;

-- ALTER TABLE that copies a table gives every row a new xmin: ticks are told whose copies they are.
CREATE FUNCTION weir.on_rewrite() RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'weir_on_rewrite';
COMMENT ON FUNCTION weir.on_rewrite() IS 'keeps rows that ALTER TABLE copies from being counted again';
REVOKE ALL ON FUNCTION weir.on_rewrite() FROM PUBLIC;
CREATE EVENT TRIGGER weir_on_rewrite ON table_rewrite EXECUTE FUNCTION weir.on_rewrite();
ALTER EVENT TRIGGER weir_on_rewrite ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER weir_on_rewrite IS 'keeps rows that ALTER TABLE copies from being counted again';

-- Seals the stored states of aggregates whose reading trusts its bytes. Row security keeps roles out
-- that may read all tables.
CREATE TABLE weir.state_secret (secret bytea NOT NULL);
INSERT INTO weir.state_secret
SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
ALTER TABLE weir.state_secret ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE weir.state_secret IS 'what stored states of aggregates with internal states are sealed with';
COMMENT ON COLUMN weir.state_secret.secret IS '32 bytes, 244 of their bits random';
REVOKE ALL ON TABLE weir.state_secret FROM PUBLIC;
