-- Histograms of durations

CREATE TYPE weir.histogram;
COMMENT ON TYPE weir.histogram IS 'how many durations were how long: four buckets an octave from a microsecond to an hour';

CREATE FUNCTION weir.histogram_in(cstring) RETURNS weir.histogram
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_in';
COMMENT ON FUNCTION weir.histogram_in(cstring) IS 'I/O';
CREATE FUNCTION weir.histogram_out(weir.histogram) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_out';
COMMENT ON FUNCTION weir.histogram_out(weir.histogram) IS 'I/O';
CREATE FUNCTION weir.histogram_recv(internal) RETURNS weir.histogram
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_recv';
COMMENT ON FUNCTION weir.histogram_recv(internal) IS 'I/O';
CREATE FUNCTION weir.histogram_send(weir.histogram) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_send';
COMMENT ON FUNCTION weir.histogram_send(weir.histogram) IS 'I/O';

CREATE TYPE weir.histogram (
    INPUT = weir.histogram_in, OUTPUT = weir.histogram_out,
    RECEIVE = weir.histogram_recv, SEND = weir.histogram_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended);

CREATE FUNCTION weir.percentile(histogram weir.histogram, p double precision) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'weir_percentile';
COMMENT ON FUNCTION weir.percentile(weir.histogram, double precision) IS
    'duration in milliseconds that the share p (0 to 1) of all did not exceed, with an error of at most 12.5 %';

CREATE FUNCTION weir.histogram_count(histogram weir.histogram, from_ms double precision DEFAULT 0) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'weir_histogram_count';
COMMENT ON FUNCTION weir.histogram_count(weir.histogram, double precision) IS
    'durations in a histogram that lie in the bucket of the given one or above it';

CREATE FUNCTION weir.histogram_buckets(
    histogram weir.histogram,
    OUT bucket integer, OUT from_ms double precision, OUT to_ms double precision, OUT count bigint)
RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME', 'weir_histogram_buckets';
COMMENT ON FUNCTION weir.histogram_buckets(weir.histogram) IS 'the buckets in use, with their edges in milliseconds';

-- What the aggregates are made of

CREATE FUNCTION weir.histogram_accumulate(internal, double precision) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_accumulate';
COMMENT ON FUNCTION weir.histogram_accumulate(internal, double precision) IS 'aggregate transition function';
CREATE FUNCTION weir.histogram_accumulate(internal, double precision, bigint) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_accumulate_counted';
COMMENT ON FUNCTION weir.histogram_accumulate(internal, double precision, bigint) IS 'aggregate transition function';
CREATE FUNCTION weir.histogram_accumulate(internal, weir.histogram) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_accumulate_histogram';
COMMENT ON FUNCTION weir.histogram_accumulate(internal, weir.histogram) IS 'aggregate transition function';
CREATE FUNCTION weir.histogram_combine(internal, internal) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_combine';
COMMENT ON FUNCTION weir.histogram_combine(internal, internal) IS 'aggregate combine function';
CREATE FUNCTION weir.histogram_serialize(internal) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_serialize';
COMMENT ON FUNCTION weir.histogram_serialize(internal) IS 'aggregate serial function';
CREATE FUNCTION weir.histogram_deserialize(bytea, internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_deserialize';
COMMENT ON FUNCTION weir.histogram_deserialize(bytea, internal) IS 'aggregate deserial function';
CREATE FUNCTION weir.histogram_final(internal) RETURNS weir.histogram
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_histogram_final';
COMMENT ON FUNCTION weir.histogram_final(internal) IS 'aggregate final function';

CREATE AGGREGATE weir.histogram_agg(ms double precision) (
    SFUNC = weir.histogram_accumulate, STYPE = internal, SSPACE = 1040, FINALFUNC = weir.histogram_final,
    COMBINEFUNC = weir.histogram_combine, SERIALFUNC = weir.histogram_serialize,
    DESERIALFUNC = weir.histogram_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE weir.histogram_agg(double precision) IS 'histogram of durations in milliseconds';
CREATE AGGREGATE weir.histogram_agg(ms double precision, calls bigint) (
    SFUNC = weir.histogram_accumulate, STYPE = internal, SSPACE = 1040, FINALFUNC = weir.histogram_final,
    COMBINEFUNC = weir.histogram_combine, SERIALFUNC = weir.histogram_serialize,
    DESERIALFUNC = weir.histogram_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE weir.histogram_agg(double precision, bigint) IS
    'histogram of durations in milliseconds, each counted as often as said';
CREATE AGGREGATE weir.histogram_merge(histogram weir.histogram) (
    SFUNC = weir.histogram_accumulate, STYPE = internal, SSPACE = 1040, FINALFUNC = weir.histogram_final,
    COMBINEFUNC = weir.histogram_combine, SERIALFUNC = weir.histogram_serialize,
    DESERIALFUNC = weir.histogram_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE weir.histogram_merge(weir.histogram) IS 'all histograms in one';

REVOKE ALL ON FUNCTION
    weir.histogram_in(cstring), weir.histogram_out(weir.histogram), weir.histogram_recv(internal),
    weir.histogram_send(weir.histogram), weir.percentile(weir.histogram, double precision),
    weir.histogram_count(weir.histogram, double precision), weir.histogram_buckets(weir.histogram),
    weir.histogram_accumulate(internal, double precision),
    weir.histogram_accumulate(internal, double precision, bigint),
    weir.histogram_accumulate(internal, weir.histogram), weir.histogram_combine(internal, internal),
    weir.histogram_serialize(internal), weir.histogram_deserialize(bytea, internal),
    weir.histogram_final(internal), weir.histogram_agg(double precision),
    weir.histogram_agg(double precision, bigint), weir.histogram_merge(weir.histogram) FROM PUBLIC;
-- What an aggregate is made of is its owner's business.
GRANT EXECUTE ON FUNCTION
    weir.histogram_in(cstring), weir.histogram_out(weir.histogram), weir.histogram_recv(internal),
    weir.histogram_send(weir.histogram), weir.percentile(weir.histogram, double precision),
    weir.histogram_count(weir.histogram, double precision), weir.histogram_buckets(weir.histogram),
    weir.histogram_agg(double precision), weir.histogram_agg(double precision, bigint),
    weir.histogram_merge(weir.histogram) TO PUBLIC;
