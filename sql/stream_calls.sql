-- Aggregates without a loop of their own are streamed through their own functions, to the same
-- rows as stock: every kind of state, strictness and initial value among them.
SET extra_float_digits = 3;
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('low', 'mid', 'high');
CREATE TABLE sample (
    id int, k int, small int2, big int8, price numeric, odd numeric, span interval, name text, loose text COLLATE nocase,
    label char(5), feeling mood, list int[], net inet, cost money, zone timetz, place tid, lsn pg_lsn, xid xid8,
    level float8, load float4, is_on boolean, bits bit(4), body jsonb, during int4range, at timestamptz, long text);
INSERT INTO sample
SELECT i, i % 7, i % 40 - 20, i * 1000000007::int8, (i % 90 - 40)::numeric / 8,
       (ARRAY['1.0', '1.00', '-0.5', 'NaN', '1e60', '1e-30', 'Infinity', NULL])[i % 8 + 1]::numeric,
       (ARRAY['1 month', '30 days', '720 hours', '-1 day', NULL])[i % 5 + 1]::interval,
       nullif('n' || i % 11, 'n3'), (ARRAY['abc', 'ABC', 'b', NULL])[i % 4 + 1], (ARRAY['x', 'x ', 'Y'])[i % 3 + 1],
       (ARRAY['low', 'mid', 'high'])[i % 3 + 1]::mood, ARRAY[i % 3, NULL], format('10.0.%s.1', i % 9)::inet,
       (i % 5 - 2)::money, ('10:00:0' || i % 3 || '+0' || i % 2)::timetz, format('(%s,1)', i % 3)::tid,
       ('F0000000/' || i % 4)::pg_lsn, (i % 4)::text::xid8, (i % 9 - 4)::float8 * 0.1, (i % 9 - 4)::float4 * 0.1,
       nullif(i % 3, 0) = 1, (i % 16)::bit(4), jsonb_build_object('n', i % 3), int4range(i % 5, 9),
       timestamptz '2024-01-01Z' + i * interval '1 min', repeat(md5(i::text), 200)
  FROM generate_series(1, 1200) i;
INSERT INTO sample (id, k) VALUES (0, 3), (-1, 99), (-2, NULL);
VACUUM ANALYZE sample;

-- Without a strict function: the first value is skipped, NULLs are counted.
CREATE FUNCTION note(state int[], value int, weight int) RETURNS int[] LANGUAGE sql IMMUTABLE
  AS 'SELECT state || coalesce(value, -1) + coalesce(weight, 0)';
CREATE AGGREGATE notes(int, int) (SFUNC = note, STYPE = int[], INITCOND = '{}');
CREATE AGGREGATE joined(anycompatiblearray) (SFUNC = array_cat, STYPE = anycompatiblearray);
CREATE FUNCTION keep_odd(state int, value int) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT
  AS $$ BEGIN RETURN CASE WHEN value % 2 = 1 THEN state + value END; END $$;
CREATE AGGREGATE odd_or_null(int) (SFUNC = keep_odd, STYPE = int);
CREATE FUNCTION sized(state int, value anyelement) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT state + pg_column_size(value)';
CREATE FUNCTION shown(state int, value anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'size ' || state $$;
CREATE AGGREGATE sizes(anyelement) (SFUNC = sized, STYPE = int, INITCOND = '0', FINALFUNC = shown, FINALFUNC_EXTRA);
CREATE FUNCTION more(state int8) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT state + 2';
CREATE AGGREGATE twice(*) (SFUNC = more, STYPE = int8, INITCOND = '0');

CREATE TEMP TABLE query (number serial, text text);
INSERT INTO query (text)
SELECT format('SELECT k, min(%1$s), max(%1$s) FROM sample GROUP BY 1', attname)
  FROM pg_attribute WHERE attrelid = 'sample'::regclass AND attnum > 0
   AND attname NOT IN ('is_on', 'bits', 'body', 'during') ORDER BY attnum;
INSERT INTO query (text)
SELECT format('SELECT k, var_pop(%1$s), var_samp(%1$s), stddev_pop(%1$s), stddev_samp(%1$s), variance(%1$s), stddev(%1$s) FROM sample GROUP BY 1', attname)
  FROM pg_attribute WHERE attrelid = 'sample'::regclass
   AND attname IN ('small', 'id', 'big', 'price', 'odd', 'level', 'load') ORDER BY attnum;
INSERT INTO query (text) VALUES
    ('SELECT k, sum(span), avg(span), sum(cost), sum(big), avg(odd), sum(price) FROM sample GROUP BY 1'),
    ('SELECT k, array_agg(id), array_agg(name), array_agg(list) FILTER (WHERE id > 0), array_agg(price) FROM sample GROUP BY 1'),
    ('SELECT k, string_agg(name, '',''), string_agg(name, label), string_agg(convert_to(name, ''UTF8''), NULL) FROM sample GROUP BY 1'),
    ('SELECT k, json_agg(body), jsonb_agg(price), json_object_agg(id, name), jsonb_object_agg(id, name) FROM sample GROUP BY 1'),
    ('SELECT k, corr(level, id), covar_pop(level, load), regr_slope(id, level), regr_count(small, id), regr_r2(id, k) FROM sample GROUP BY 1'),
    ('SELECT k, bit_and(bits), bit_or(bits), bit_xor(bits), range_agg(during), range_intersect_agg(during) FROM sample GROUP BY 1'),
    ('SELECT k, notes(id, small), joined(list), odd_or_null(id * 2 - 1), odd_or_null(id), sizes(name), twice(*) FROM sample GROUP BY 1'),
    ('SELECT k, array_agg(id) FILTER (WHERE is_on), string_agg(name, ''-'') FILTER (WHERE id > 900), max(price) FILTER (WHERE NOT is_on), twice(*) FILTER (WHERE is_on), notes(10 / small, 1) FILTER (WHERE small <> 0) FROM sample GROUP BY 1'),
    ('SELECT array_agg(id), max(price), stddev(big), jsonb_agg(name) FROM sample'),
    ('SELECT array_agg(id), max(price), stddev(big), jsonb_agg(name), twice(*), notes(1, 2) FROM sample WHERE id > 99999'),
    ('SELECT k, array_agg(id) FROM sample WHERE id > 99999 GROUP BY 1'),
    ('SELECT body, during, array_agg(id), max(odd), count(*), sum(small) FROM sample GROUP BY 1, 2'),
    ('SELECT k, max(name || id), array_agg(upper(name) || ''x''), max(price * 2) - min(price), array_agg(list[1:1]) FILTER (WHERE id > 0) FROM sample GROUP BY 1 HAVING min(span) < ''40 days'''),
    ('SELECT s.k, array_agg(t.id), max(t.price) FROM sample s JOIN sample t ON t.id = s.id + 1 GROUP BY 1'),
    ('SELECT id, array_agg(name), max(price), stddev(big) FROM sample GROUP BY 1'),
    ('SELECT id % 400, max(long), min(long), array_agg(k) FROM (SELECT id, long, 1 AS k FROM sample OFFSET 0) s GROUP BY 1'),
    ('SELECT id % 400, max(long), min(long) FROM sample GROUP BY 1');

\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared

-- No line: each query gives the same both ways.
SELECT number, text FROM query
 WHERE pg_temp.run(text, 'require', false) IS DISTINCT FROM pg_temp.run(text, 'off', false)
 ORDER BY number;

-- The same with little memory, which spills.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT number, text FROM query
 WHERE pg_temp.run(text, 'require', false) IS DISTINCT FROM pg_temp.run(text, 'off', false)
 ORDER BY number;
RESET work_mem;
RESET hash_mem_multiplier;

-- Some results for human eyes.
SET weir.stream = require;
SELECT k, min(span), max(odd), stddev(big), var_pop(price), string_agg(name, ',') FILTER (WHERE id < 20)
  FROM sample WHERE id < 60 GROUP BY 1 ORDER BY 1;
SELECT min(loose), max(loose), max(label), min(feeling), max(net), sum(span), notes(k, id) FROM sample WHERE id BETWEEN 1 AND 9;

-- Rewinding a cursor asks for the results once more; ordered input lets groups leave early.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT k, array_agg(id) FROM sample WHERE id BETWEEN 1 AND 9 GROUP BY 1 ORDER BY 1;
FETCH 2 FROM c;
MOVE ABSOLUTE 0 FROM c;
FETCH 2 FROM c;
COMMIT;
CREATE INDEX ON sample (id);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id / 100, string_agg(label, '') FROM sample GROUP BY 1 ORDER BY 1 LIMIT 2;
SELECT id / 500, max(price), string_agg(label, '') FROM sample WHERE id % 97 = 0 GROUP BY 1 ORDER BY 1 LIMIT 2;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- Workers hand their states on.
SET weir.stream = prefer;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT k, max(odd), stddev(big) FROM sample GROUP BY 1 ORDER BY 1;
SELECT k, min(span), max(price), stddev(big), var_pop(price), avg(span), max(name) FROM sample GROUP BY 1 ORDER BY 1;
RESET max_parallel_workers_per_gather;

-- A function with side effects is called once for each row.
SET weir.stream = require;
CREATE SEQUENCE calls;
CREATE FUNCTION counted(state int8, value float8) RETURNS int8 LANGUAGE sql VOLATILE AS $$ SELECT nextval('calls') $$;
CREATE AGGREGATE counting(float8) (SFUNC = counted, STYPE = int8);
SELECT counting(level), avg(CASE WHEN id = 900 THEN 1e140 ELSE level END) > 1 FROM sample WHERE id > 0;
SELECT last_value FROM calls;

-- Errors of the functions are theirs; after one the next query runs.
CREATE FUNCTION fails(state int, value int) RETURNS int LANGUAGE plpgsql IMMUTABLE
  AS $$ BEGIN IF value = 700 THEN RAISE 'at %', value; END IF; RETURN value; END $$;
CREATE AGGREGATE failing(int) (SFUNC = fails, STYPE = int);
SELECT k, failing(id) FROM sample GROUP BY 1;
SELECT failing(id) FROM sample WHERE id = 3;

-- Aggregates and what they call need the right to be executed.
CREATE ROLE regress_weir_reader;
GRANT SELECT ON sample TO regress_weir_reader;
REVOKE EXECUTE ON FUNCTION notes(int, int) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION sum(int2) FROM PUBLIC;
SET ROLE regress_weir_reader;
SELECT notes(id, k) FROM sample;
SELECT k, sum(small) FROM sample GROUP BY 1;
SELECT odd_or_null(id) FROM sample WHERE id IN (1, 3);
RESET ROLE;
GRANT EXECUTE ON FUNCTION sum(int2) TO PUBLIC;
DROP TABLE sample;
DROP OWNED BY regress_weir_reader;
DROP ROLE regress_weir_reader;
DROP AGGREGATE notes(int, int), joined(anycompatiblearray), odd_or_null(int), sizes(anyelement), twice(*), counting(float8), failing(int);
DROP FUNCTION note, keep_odd, sized, shown, more, counted, fails;
DROP SEQUENCE calls;
DROP TYPE mood;
DROP COLLATION nocase;
