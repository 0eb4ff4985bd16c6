-- weir.alter_query(): options at once, a new definition in one transaction.
CREATE SCHEMA altered;
SET search_path = altered, public;
SET client_min_messages = warning;
CREATE ROLE regress_weir_alter LOGIN;
CREATE ROLE regress_weir_alter_other LOGIN;
GRANT ALL ON SCHEMA altered TO regress_weir_alter;
GRANT USAGE ON SCHEMA altered TO regress_weir_alter_other;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared

\set shared :here/sql/shared/settled.sql
\i :shared
SET ROLE regress_weir_alter;
CREATE TABLE hit (k int, v int);
INSERT INTO hit SELECT g % 10, g FROM generate_series(1, 1000) g;
SELECT weir.create_query('hits', 'SELECT k, count(*) AS n FROM hit GROUP BY k', tick => '1 hour');
GRANT SELECT ON hits TO regress_weir_alter_other;
COMMENT ON VIEW hits IS 'kept';
RESET ROLE;
SELECT max(id) AS before, max(result::oid) AS view FROM weir.continuous_queries \gset
SET ROLE regress_weir_alter;

-- Options.
SELECT weir.alter_query('hits', tick => '0 s');
SELECT tick, on_delete FROM weir.queries;
INSERT INTO hit VALUES (1, 1);
SELECT weir.wait('hits');
SELECT weir.alter_query('hits', on_delete => 'error', tick => '2 s');
DELETE FROM hit;
SELECT tick, on_delete FROM weir.queries;
SELECT weir.alter_query('hits', on_delete => 'ignore');
DELETE FROM hit WHERE k = 9;
SELECT weir.alter_query('hits', on_delete => 'maybe');
SELECT weir.alter_query('hits', tick => '-1 s');
SELECT weir.alter_query('hits');
SELECT weir.alter_query(NULL, tick => '1 s');
SELECT weir.alter_query('hit', tick => '1 s');

-- A new definition: the same view, with its grants, comment and options, over the rows there are.
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, sum(v) AS total FROM hit WHERE v % 2 = 0 GROUP BY k',
                        tick => '0 s', on_delete => 'error');
SELECT * FROM hits ORDER BY k;
RESET ROLE;
SELECT id > :before AS is_another, result::oid = :view AS same_view, tick, on_delete FROM weir.continuous_queries;
SELECT count(*) AS objects_left FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace AND relname ~ ('^q' || :before || '(_|$)');
SELECT count(*) AS rows_left FROM weir.frontiers WHERE query_id = :before;
SELECT obj_description('hits'::regclass) AS comment, has_table_privilege('regress_weir_alter_other', 'hits', 'SELECT') AS granted;
SELECT differences('hits');
SET ROLE regress_weir_alter;
INSERT INTO hit SELECT g % 10, g FROM generate_series(1, 100) g;
RESET ROLE;
SELECT differences('hits'), weir.wait('hits'), differences('hits');
DELETE FROM altered.hit;
SET ROLE regress_weir_alter;
-- from nothing, and from another table
CREATE TABLE other (k int, v int, w int);
INSERT INTO other VALUES (1, 1, 1);
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, sum(v) AS total, max(w) AS w FROM other GROUP BY k', on_delete => 'ignore');
INSERT INTO other VALUES (1, 2, 3);
SELECT weir.wait('hits');
TABLE hits;
DELETE FROM hit;
SELECT settled();
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, sum(v) AS total, max(w) AS w FROM other GROUP BY k', backfill => false);
INSERT INTO other VALUES (2, 2, 2);
SELECT weir.wait('hits');
TABLE hits;

-- Columns that readers know stay; errors leave everything as it was.
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n FROM hit GROUP BY k');
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, avg(v) AS total, max(w) AS w FROM other GROUP BY k');
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, sum(v) AS total, max(w) AS w FROM other GROUP BY k ORDER BY 1');
SELECT weir.alter_query('hits', 'SELECT 1 / count(*) FILTER (WHERE v < 0) AS k FROM other');
SELECT * FROM hits WHERE k = 2;
BEGIN;
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, sum(v) * 2 AS total, max(w) AS w FROM other GROUP BY k');
SELECT * FROM hits WHERE k = 2;
ROLLBACK;
SELECT * FROM hits WHERE k = 2;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, sum(v) AS total, max(w) AS w FROM other GROUP BY k');
ROLLBACK;
-- paused, it stays so
SELECT weir.pause_query('hits');
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, sum(v) AS total, max(w) AS w FROM other GROUP BY k');
SELECT state FROM weir.queries;
SELECT weir.resume_query('hits');
SELECT weir.wait('hits');

-- Kinds: to and from windows over rows, joins, and what another query adds.
CREATE TABLE label (k int, name text);
INSERT INTO label VALUES (1, 'one'), (2, 'two');
SELECT weir.create_query('rows_of', 'SELECT k, v FROM other WHERE v > 1');
SELECT weir.create_query('kinds', 'SELECT k, count(*) AS n FROM other GROUP BY k', parallelism => 2);
SELECT weir.alter_query('kinds', 'SELECT o.k, count(*) AS n, max(l.name) AS name FROM other o JOIN label l ON l.k = o.k GROUP BY o.k', parallelism => 1);
INSERT INTO other VALUES (2, 3, 3);
SELECT weir.wait('kinds');
SELECT k, name, n > 0 AS counted FROM kinds ORDER BY k;
SELECT weir.alter_query('kinds', 'SELECT k, count(*) AS n, NULL::text AS name FROM rows_of GROUP BY k');
INSERT INTO other VALUES (2, 4, 4);
SELECT weir.wait('rows_of'), weir.wait('kinds');
SELECT (SELECT sum(n) FROM kinds) = (SELECT count(*) FROM rows_of) AS exact;
SELECT weir.alter_query('rows_of', 'SELECT k, v FROM other WHERE v > 2');
DROP VIEW rows_of;
SELECT weir.alter_query('kinds', 'SELECT k, count(*) OVER (PARTITION BY k ORDER BY v ROWS 1 PRECEDING) AS n, NULL::text AS name FROM other');
SELECT weir.alter_query('rows_of', 'SELECT k, v FROM other WHERE v > 2');
SELECT weir.drop_query('rows_of');
INSERT INTO other VALUES (2, 5, 5);
SELECT weir.wait('kinds');
SELECT max(n) AS n FROM kinds WHERE k = 2;
SELECT weir.drop_query('kinds');

-- Rights: nobody else's, and the definition is its owner's alone.
RESET ROLE;
SET ROLE regress_weir_alter_other;
SELECT weir.alter_query('hits', tick => '1 s');
RESET ROLE;
SELECT weir.alter_query('hits', 'SELECT k, count(*) AS n, sum(v) AS total, max(w) AS w FROM other GROUP BY k');
SELECT weir.alter_query('hits', tick => '1 s');
SELECT weir.drop_query('hits');
SELECT count(*) FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace AND relname ~ '^q[0-9]+(_|$)' AND relowner = 'regress_weir_alter'::regrole;
DROP SCHEMA altered CASCADE;
DROP ROLE regress_weir_alter, regress_weir_alter_other;
