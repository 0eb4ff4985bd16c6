-- What a column is compared with or added to, and when it is evaluated: the same as PostgreSQL's own nodes, errors included.
CREATE TABLE word (x int, y int8, f real, b int, t text);
INSERT INTO word SELECT i - 50, i - 50, i / 4.0, i % 5 - 2, (ARRAY['abc', 'ABC', '', NULL, 'longer than sixteen bytes'])[i % 5 + 1] FROM generate_series(1, 3000) i;
CREATE TABLE parted (x int) PARTITION BY HASH (x);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX ON parted (x);
INSERT INTO parted SELECT i % 50 - 25 FROM generate_series(1, 4000) i;
CREATE TABLE low (o oid PRIMARY KEY, name text);
INSERT INTO low SELECT i, 'n' || i FROM generate_series(1, 100) i;
INSERT INTO low VALUES (4294967295, 'last');
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE one (n text COLLATE nocase, x xml);
INSERT INTO one VALUES ('abc', 'abc');
-- A type with the form of another one.
CREATE TYPE big;
CREATE FUNCTION big_in(cstring) RETURNS big LANGUAGE internal IMMUTABLE STRICT AS 'int8in';
CREATE FUNCTION big_out(big) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int8out';
CREATE TYPE big (INPUT = big_in, OUTPUT = big_out, LIKE = int8);
CREATE CAST (big AS int8) WITHOUT FUNCTION;
CREATE CAST (int8 AS big) WITHOUT FUNCTION;
CREATE TABLE bigs AS SELECT i::int8::big AS v, i % 7 AS k FROM generate_series(1, 2000) i;
VACUUM ANALYZE word, parted, low, one, bigs;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared
CREATE TABLE q (n serial, t text);
INSERT INTO q (t) VALUES
-- Text beside values of other types and collations.
('select count(*), min(t collate "C") from word where t collate "C" = (select n from one)'),
('select count(*), min(t collate "C") from word where t = (select n from one)::text collate "C"'),
('select count(*) from word where t collate "C" <> (select n from one)'),
('select count(*) from word where t = (select xmlserialize(content x as text) from one)'),
('select count(*) from word where t = (select x::text from one)'),
-- An integer taken for an oid.
('select max(x::oid), min(x::oid), count(x::oid) from word'),
('select count(*) from word where x::oid > 5::oid'),
('select count(*) from word where 4294967290::oid <= x::oid'),
('select count(*) from word where x::oid in (4294967295, 3)'),
('select count(*) from word where x::oid is not null'),
('select x::oid, count(*) from word group by 1'),
('select x::oid::regclass::oid, count(*) from word group by 1'),
('select x::oid::int8 / 10, count(*) from word group by 1'),
('select sum(case when x::oid > 5::oid then x else 0 end), max(case when b > 0 then x::oid else 7::oid end) from word'),
('select x, row_number() over (order by x::oid) from word'),
('select x, rank() over (partition by b order by x::oid) from word'),
('select x::oid, count(*) from parted group by 1'),
('select name, count(*) from word join low on low.o = word.x::oid group by 1'),
('select o, count(*) from word join low on low.o = word.x::oid group by 1'),
('select v::int8, count(*) from bigs group by 1'),
('select max(v::int8), count(*) from bigs where v::int8 > 5 and v::int8 in (3, 7, 9)'),
('select count(*) from word where y = (select v::int8 from bigs where k = 6 order by v::int8 limit 1)'),
('select count(*) from word where y = (select ''7''::big)::int8'),
-- Constants under a cast.
('select sum((case when b > 0 then f else 1.5::float4 end)::float8) from word'),
('select sum((case when b > 0 then 1.5::float4 else f end)::float8) from word'),
('select sum((case when b > 0 then 2.5::float4 end)::float8), sum(f::float8) filter (where b > 0) from word'),
('select (case when b > 0 then f else 1.5::float4 end)::float8 + 1, count(*) from word group by 1'),
('select sum((case when b > 0 then x else -3 end)::int8), sum((case when b > 0 then b::int2 else (-3)::int2 end)::int8) from word'),
('select sum(case when b > 0 then ((-3)::int2)::int8 else y end), count(case when b > 0 then ''x'' end) from word'),
('select case when b > 0 then ''pg_class''::regclass else ''pg_type''::regclass end, count(*) from word group by 1'),
-- Times near now.
('select count(*), sum(x) from word where timestamptz ''2000-01-01'' + y * interval ''1 day'' > now() - interval ''1 day'' or b > 1'),
('select count(*) filter (where current_date - 3 > date ''2000-01-01'') from word');
SELECT n, pg_temp.run(t, 'require') = pg_temp.run(t, 'off') AS same FROM q ORDER BY 1;
-- Index-only scans of partitions come in the order of integers.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
SELECT n, pg_temp.run(t, 'require') = pg_temp.run(t, 'off') AS same FROM q WHERE t LIKE '%from parted%' OR t LIKE '%by x::oid%';
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET enable_sort;

-- Generic plans.
SET plan_cache_mode = force_generic_plan;
SET weir.stream = require;
PREPARE same_text(xml) AS SELECT count(*), min(t) FROM word WHERE t = $1::text;
EXECUTE same_text('abc');
PREPARE same_big(big) AS SELECT count(*), min(y) FROM word WHERE y = $1::int8;
EXECUTE same_big('7');
PREPARE real_else(float4) AS SELECT sum((CASE WHEN b > 0 THEN f ELSE $1 END)::float8) = sum(CASE WHEN b > 0 THEN f::float8 ELSE 1.5 END) FROM word;
EXECUTE real_else(1.5);
PREPARE oid_else(int) AS SELECT max(CASE WHEN b > 0 THEN 1::oid ELSE $1::oid END) FROM word;
EXECUTE oid_else(-1);

-- What no row needs is not evaluated: no division by zero, no second row of a subquery.
CREATE TABLE empty (a int, b int, f float8);
CREATE TABLE two AS SELECT generate_series(1, 2) v;
PREPARE nothing(int) AS SELECT count(*), sum(a) FROM empty WHERE a < 100 / $1;
EXECUTE nothing(0);
PREPARE nothing_added(int) AS SELECT sum(a + 100 / $1), sum(f * (1 / $1)) FROM empty;
EXECUTE nothing_added(0);
PREPARE behind(int) AS SELECT count(*), sum(x) FROM word WHERE b = 5 AND x < 100 / $1;
EXECUTE behind(0);
PREPARE behind_server(int) AS SELECT count(*), sum(x) FROM word WHERE b % 2 = 7 AND x < 100 / ($1 + $1 * 2 - $1);
EXECUTE behind_server(0);
PREPARE either(int) AS SELECT count(*), sum(x) FROM word WHERE x > -1000 OR x < 100 / $1;
EXECUTE either(0);
PREPARE in_case(int) AS SELECT sum(CASE WHEN b > 100 AND x < 100 / $1 THEN x END), count(*) FILTER (WHERE b > 5 AND x < 1 / $1) FROM word;
EXECUTE in_case(0);
SELECT count(*) FROM empty WHERE a = (SELECT v FROM two);
SELECT count(*), sum(x) FROM word WHERE b = 5 AND x = (SELECT v FROM two);
SELECT sum(CASE WHEN b > 0 THEN a ELSE (SELECT v FROM two) END) FROM empty;
SELECT sum(CASE WHEN b > -10 THEN x ELSE (SELECT v FROM two) END) FROM word;
SELECT sum(a + (SELECT v FROM two)), count(*) FILTER (WHERE b > (SELECT v FROM two)) FROM empty;
SELECT b, count(*) FROM word WHERE b = 5 AND f > (SELECT v FROM two) GROUP BY 1;
-- What a row needs is, and once.
EXECUTE behind(1);
EXECUTE in_case(1);
PREPARE reached(int) AS SELECT count(*), sum(x) FROM word WHERE b = 1 AND x < 100 / $1;
EXECUTE reached(0);
EXECUTE reached(3);
SELECT count(*), sum(x) FROM word WHERE b = 1 AND x = (SELECT v FROM two);
SELECT count(*), sum(x) FROM word WHERE b = 1 AND x = (SELECT max(v) FROM two) AND f > (SELECT min(v) FROM two);
SELECT sum(x + (SELECT max(v) FROM two)), count(*) FILTER (WHERE x > (SELECT max(v) FROM two)) FROM word;
SELECT sum(x + (SELECT v FROM two)) FROM word;
-- Subqueries that run for no row, and for the first one.
CREATE FUNCTION told(v int) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE NOTICE 'asked for %', v; RETURN v; END $$;
SELECT count(*) FROM word WHERE b = 5 AND x = (SELECT told(1));
SELECT count(*) FROM word WHERE b = 1 AND x > (SELECT told(2)) AND y < (SELECT told(3));
SELECT count(*) FROM word WHERE b = 1 AND x > (SELECT told(4)) AND y < (SELECT told(5));
SELECT sum(CASE WHEN b > 5 THEN x + (SELECT told(6)) ELSE 1 END) FROM word;
-- Each scan evaluates them again.
SELECT g, (SELECT count(*) FROM word WHERE b = 1 AND x < 100 / g AND y > (SELECT min(v) FROM two WHERE v >= g)) FROM generate_series(1, 3) g ORDER BY 1;
SELECT g, (SELECT count(*) FROM word WHERE b = g AND x < 100 / (g - 3)) FROM generate_series(3, 4) g ORDER BY 1;
RESET plan_cache_mode;
DROP TABLE word, parted, low, one, bigs, q, empty, two;
SET client_min_messages = warning;
DROP TYPE big CASCADE;
DROP FUNCTION told;
DROP COLLATION nocase;
