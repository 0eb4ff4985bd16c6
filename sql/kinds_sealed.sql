-- Aggregates of extensions, whose internal state is read by functions that trust its bytes.
CREATE FUNCTION fold(internal, numeric) RETURNS internal LANGUAGE internal IMMUTABLE AS 'numeric_avg_accum';
CREATE FUNCTION fold_combine(internal, internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'numeric_avg_combine';
CREATE FUNCTION fold_write(internal) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'numeric_avg_serialize';
CREATE FUNCTION fold_read(bytea, internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'numeric_avg_deserialize';
CREATE FUNCTION fold_mean(internal) RETURNS numeric LANGUAGE internal IMMUTABLE AS 'numeric_avg';
CREATE FUNCTION fold_sum(internal) RETURNS numeric LANGUAGE internal IMMUTABLE AS 'numeric_sum';
CREATE AGGREGATE mean(numeric) (SFUNC = fold, STYPE = internal, FINALFUNC = fold_mean, COMBINEFUNC = fold_combine,
    SERIALFUNC = fold_write, DESERIALFUNC = fold_read, PARALLEL = SAFE);
CREATE AGGREGATE total(numeric) (SFUNC = fold, STYPE = internal, FINALFUNC = fold_sum, COMBINEFUNC = fold_combine,
    SERIALFUNC = fold_write, DESERIALFUNC = fold_read, PARALLEL = SAFE);
CREATE ROLE regress_weir_seal LOGIN;
CREATE SCHEMA sealed AUTHORIZATION regress_weir_seal;
GRANT EXECUTE ON FUNCTION mean(numeric), total(numeric) TO regress_weir_seal;
SET ROLE regress_weir_seal;
SET search_path = sealed, public;
CREATE TABLE bid (item int, price numeric);
INSERT INTO bid SELECT i % 5, i / 8.0 FROM generate_series(1, 1000) i;
SELECT weir.create_query('by_item', 'SELECT item, mean(price), total(price), mean(price) FILTER (WHERE price > 50) AS high FROM bid GROUP BY item');
SELECT weir.create_query('overall', 'SELECT mean(price), total(price) FROM bid');
CREATE VIEW defined AS SELECT item, mean(price), total(price), mean(price) FILTER (WHERE price > 50) AS high FROM bid GROUP BY item;
CREATE VIEW differences AS
(TABLE by_item EXCEPT ALL TABLE defined) UNION ALL (TABLE defined EXCEPT ALL TABLE by_item)
UNION ALL (SELECT 0, *, NULL::numeric FROM overall EXCEPT ALL SELECT 0, mean(price), total(price), NULL::numeric FROM bid);
TABLE differences;
INSERT INTO bid SELECT i % 7, i / 3.0 FROM generate_series(1, 1000) i;
TABLE differences;
SELECT weir.wait('by_item'), weir.wait('overall');
TABLE differences;
-- Groups that never met a value.
INSERT INTO bid VALUES (100, NULL);
TABLE differences;
SELECT weir.wait('by_item');
TABLE differences;
-- A query that is split, and one that takes rows back.
SELECT weir.create_query('split', 'SELECT item, mean(price) FROM bid GROUP BY item', parallelism => 2);
SELECT weir.create_query('taken', 'SELECT item, mean(price) FROM bid GROUP BY item', on_delete => 'retract');
INSERT INTO bid SELECT i % 9, i FROM generate_series(1, 5000) i;
SELECT weir.wait('split'), weir.wait('taken');
SELECT count(*) FROM (SELECT item, mean(price) FROM bid GROUP BY item EXCEPT ALL TABLE split) d;
SELECT count(*) FROM (SELECT item, mean(price) FROM bid GROUP BY item EXCEPT ALL TABLE taken) d;

-- Nobody makes a state of his own: not with any bytes, not of another aggregate's, not of parts.
SELECT weir.finish_states('mean(numeric)', '\x00', NULL::numeric);
SELECT weir.finish_states('mean(numeric)', decode(repeat('00', 64), 'hex'), NULL::numeric);
SELECT weir.finish_states('mean(numeric)', state, NULL::numeric) FROM (SELECT weir.partial_state('mean(numeric)', price) FROM (VALUES (1.0), (2.0)) v(price)) s(state);
SELECT weir.finish_states('total(numeric)', state, NULL::numeric) FROM (SELECT weir.partial_state('mean(numeric)', 1.0)) s(state);
SELECT weir.finish_states('mean(numeric)', substr(state, 2), NULL::numeric) FROM (SELECT weir.partial_state('mean(numeric)', 1.0)) s(state);
SELECT weir.finish_states('mean(numeric)', set_byte(state, 0, 255), NULL::numeric) FROM (SELECT weir.partial_state('mean(numeric)', 1.0)) s(state);
-- Not in the state of his query either.
SELECT state_table FROM weir.queries WHERE name::text = 'by_item' \gset
SELECT attname AS state_column FROM pg_attribute WHERE attrelid = :'state_table'::regclass AND atttypid = 'bytea'::regtype AND attnum > 0 ORDER BY attnum LIMIT 1 \gset
UPDATE :state_table SET :"state_column" = decode(repeat('00', 64), 'hex');
SELECT mean FROM by_item;
SELECT weir.refresh_query('by_item');
TABLE differences;
-- The secret is nobody's to read, whatever he may read.
TABLE weir.state_secret;
RESET ROLE;
GRANT pg_read_all_data TO regress_weir_seal;
SET ROLE regress_weir_seal;
SELECT count(*) FROM weir.state_secret;
RESET ROLE;
SELECT count(*), min(length(secret)) FROM weir.state_secret;
-- A state of which its own function writes nothing is as good as none.
CREATE FUNCTION fold_nothing(internal) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'pg_get_statisticsobjdef';
CREATE AGGREGATE nothing(numeric) (SFUNC = fold, STYPE = internal, FINALFUNC = fold_mean, COMBINEFUNC = fold_combine,
    SERIALFUNC = fold_nothing, DESERIALFUNC = fold_read, PARALLEL = SAFE);
SELECT weir.partial_state('nothing(numeric)', 1.0) IS NULL AS is_none;
SELECT weir.finish_states('nothing(numeric)', NULL, NULL::numeric) IS NULL AS is_none;
DROP AGGREGATE nothing(numeric);
DROP FUNCTION fold_nothing;
DROP VIEW differences, defined;
SELECT weir.drop_query('sealed.' || q) FROM unnest('{by_item,overall,split,taken}'::text[]) q;
SET client_min_messages = warning;
DROP SCHEMA sealed CASCADE;
DROP AGGREGATE mean(numeric);
DROP AGGREGATE total(numeric);
DROP FUNCTION fold, fold_combine, fold_write, fold_read, fold_mean, fold_sum;
DROP OWNED BY regress_weir_seal;
DROP ROLE regress_weir_seal;
