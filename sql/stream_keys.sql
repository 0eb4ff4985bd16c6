-- Keys of every type that can be hashed: the type's own functions say which values are equal, and
-- the first of its group is shown.
SET extra_float_digits = 3;
CREATE EXTENSION citext;
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE pair AS (a numeric, b text);
CREATE TYPE mood AS ENUM ('low', 'mid', 'high');
CREATE TYPE span AS RANGE (subtype = numeric);
CREATE DOMAIN tags AS text[] CHECK (array_length(VALUE, 1) < 9);
CREATE TABLE thing (
    id int, body jsonb, list int[], exact numeric[], words tags, net inet, block cidr, mac macaddr, mac8 macaddr8,
    loose text COLLATE nocase, loose_char char(9) COLLATE nocase, ci citext, couple pair, pairs pair[], feeling mood,
    feelings mood[], during tsrange, spans span, many nummultirange, price money, zone timetz, place tid, lsn pg_lsn,
    xid xid8, role regrole, vec oidvector, word tsvector, cmd cid, flat numeric, level float4, big text[]);
INSERT INTO thing
SELECT i, jsonb_build_object('n', (ARRAY['1', '1.0', '1.00', '2'])[i % 4 + 1]::numeric, 'k', i % 3),
       CASE WHEN i % 5 > 0 THEN ARRAY[i % 3, NULL, 7] END,
       ARRAY[(ARRAY['1', '1.0', '2.50', '2.5', 'NaN'])[i % 5 + 1]::numeric],
       ARRAY['t' || i % 4], format('10.0.%s.1/%s', i % 3, 24 - i % 2)::inet, format('10.%s.0.0/16', i % 3)::cidr,
       format('08:00:2b:01:02:0%s', i % 4)::macaddr, format('08:00:2b:01:02:03:04:0%s', i % 4)::macaddr8,
       (ARRAY['abc', 'ABC', 'Abc', 'x', NULL])[i % 5 + 1], (ARRAY['abc', 'ABC  ', 'y'])[i % 3 + 1],
       (ARRAY['one', 'ONE', 'two', 'Two'])[i % 4 + 1],
       CASE WHEN i % 6 > 0 THEN ROW((ARRAY['1', '1.0'])[i % 2 + 1]::numeric, 'p' || i % 3)::pair END,
       ARRAY[ROW((ARRAY['1', '1.0'])[i % 2 + 1]::numeric, 'p' || i % 2)::pair],
       (ARRAY['low', 'mid', 'high'])[i % 3 + 1]::mood, ARRAY['low', 'mid']::mood[],
       tsrange('2024-01-01', timestamp '2024-01-02' + i % 3 * interval '1 day'),
       span((ARRAY['1', '1.0', '1.00'])[i % 3 + 1]::numeric, 4), nummultirange(numrange(i % 3, 9)),
       (i % 4)::money, ('10:00:0' || i % 3 || '+0' || i % 2)::timetz, format('(%s,1)', i % 3)::tid,
       ('0/' || i % 4)::pg_lsn, (i % 4)::text::xid8, 'pg_monitor'::regrole, (i % 3)::text::oidvector,
       to_tsvector('simple', 'word' || i % 3), (i % 3)::text::cid,
       (ARRAY['1.0', '1.00', '-0.5', 'NaN', '1e200', '0', NULL])[i % 7 + 1]::numeric,
       (ARRAY['-0', '0', 'NaN', '0.1', NULL])[i % 5 + 1]::float4,
       ARRAY[repeat('long ' || i % 3, 900), md5((i % 3)::text)]
  FROM generate_series(1, 3000) i;
ALTER TABLE thing ALTER big SET STORAGE EXTERNAL;
INSERT INTO thing (id, big) SELECT -i, ARRAY[repeat('outside ' || i % 3, 900)] FROM generate_series(1, 30) i;
VACUUM ANALYZE thing;

CREATE TEMP TABLE query (number serial, text text);
INSERT INTO query (text)
SELECT format('SELECT %1$s AS k, count(*), sum(id), min(id) FROM thing GROUP BY 1', attname)
  FROM pg_attribute WHERE attrelid = 'thing'::regclass AND attnum > 1
    AND attname NOT IN ('word', 'price') ORDER BY attnum;
INSERT INTO query (text)
SELECT format('SELECT DISTINCT %1$s, id %% 3 FROM thing', attname)
  FROM pg_attribute WHERE attrelid = 'thing'::regclass AND attname IN ('body', 'loose', 'couple', 'big', 'xid');
INSERT INTO query (text) VALUES
    ('SELECT body, list, couple, ci, loose, id % 2, count(*), sum(id) FROM thing GROUP BY 1, 2, 3, 4, 5, 6'),
    ('SELECT flat, body, level, count(*) FROM thing GROUP BY 1, 2, 3'),
    ('SELECT body -> ''n'', words || ARRAY[''x''], count(*) FROM thing GROUP BY 1, 2'),
    ('SELECT CASE WHEN id > 9 THEN body END, count(*) FROM thing GROUP BY 1'),
    ('SELECT loose || ''x'', count(*) FROM thing GROUP BY 1'),
    ('SELECT t.couple, count(*), sum(u.id) FROM thing t JOIN thing u ON u.id = t.id + 1 GROUP BY 1'),
    ('SELECT body, count(*) FROM (SELECT body FROM thing UNION ALL SELECT body FROM thing) u GROUP BY 1 HAVING count(*) > 5'),
    ('SELECT jsonb_build_object(''id'', id), list, count(*), sum(id) FROM thing GROUP BY 1, 2'),
    ('SELECT ARRAY[id, id % 7], loose, count(*), sum(id) FROM thing GROUP BY 1, 2');

\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared

-- No line: each query gives the same both ways.
SELECT number, text FROM query
 WHERE pg_temp.run(text, 'require', false) IS DISTINCT FROM pg_temp.run(text, 'off', false)
 ORDER BY number;

-- The same with little memory, which spills values that have no number yet.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT number, text FROM query
 WHERE pg_temp.run(text, 'require', false) IS DISTINCT FROM pg_temp.run(text, 'off', false)
 ORDER BY number;
CREATE FUNCTION pg_temp.spilled(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
    RETURN (plan #>> '{0,Plan,Spilled Partitions}')::int > 0;
END $$;
SET weir.stream = require;
SET max_parallel_workers_per_gather = 0;
SELECT pg_temp.spilled('SELECT ARRAY[id, id % 7] AS k, count(*) FROM thing GROUP BY 1');
RESET work_mem;
RESET hash_mem_multiplier;

-- Some results for human eyes: the first of its group is what a key looks like.
SELECT exact, count(*) FROM thing WHERE id > 0 GROUP BY 1 ORDER BY 1;
SELECT ci, loose, count(*) FROM thing WHERE id > 0 GROUP BY 1, 2 ORDER BY 1, 2 NULLS FIRST;
SELECT couple, count(*) FROM thing WHERE id > 0 GROUP BY 1 ORDER BY 1;


-- Workers hand their keys on.
RESET weir.stream;
SET weir.stream = prefer;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT count(*), sum(id) FROM thing WHERE id > 0 GROUP BY body -> 'n', ci ORDER BY 1, 2;
RESET max_parallel_workers_per_gather;

-- Types without a hash stay with PostgreSQL, and so do errors of a type's own.
SET weir.stream = require;
SELECT word, count(*) FROM thing GROUP BY 1 ORDER BY 1;
-- An operator of the user's choice, which tells 1.0 from 1.00 and has no hash.
SELECT DISTINCT couple FROM thing WHERE id < 7 ORDER BY couple USING OPERATOR(*<);
SELECT b, count(*) FROM (SELECT (id % 4)::bit(3) AS b FROM thing) t GROUP BY 1 ORDER BY 1;

-- The function behind an equality is called in the user's name.
CREATE ROLE regress_weir_reader;
GRANT SELECT ON thing TO regress_weir_reader;
REVOKE EXECUTE ON FUNCTION jsonb_eq FROM PUBLIC;
SET ROLE regress_weir_reader;
SELECT body, count(*) FROM thing GROUP BY 1;
RESET ROLE;
GRANT EXECUTE ON FUNCTION jsonb_eq TO PUBLIC;
DROP TABLE thing;
DROP OWNED BY regress_weir_reader;
DROP ROLE regress_weir_reader;
DROP DOMAIN tags;
DROP TYPE span, mood, pair;
DROP COLLATION nocase;
DROP EXTENSION citext;
