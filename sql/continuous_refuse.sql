-- What cannot be kept up to date is refused when it is created, with the place and a way out.
CREATE SCHEMA refuse;
SET search_path = refuse;
CREATE TABLE event (at timestamptz, local timestamp, kind text, n int, x float8);
CREATE VIEW events AS SELECT * FROM event;
CREATE TABLE parent (a int);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE parted (a int) PARTITION BY RANGE (a);
CREATE UNLOGGED TABLE fleeting (a int);
CREATE TEMPORARY TABLE passing (a int);
CREATE FUNCTION any_time(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT $1';

SELECT weir.create_query('r', 'SELECT kind, count(*) FROM event GROUP BY kind ORDER BY kind');
SELECT weir.create_query('r', 'SELECT kind, n FROM event LIMIT 3');
SELECT weir.create_query('r', 'SELECT kind, n FROM event OFFSET 3');
SELECT weir.create_query('r', 'SELECT DISTINCT kind FROM event');
SELECT weir.create_query('r', 'WITH e AS (SELECT 1) SELECT kind FROM event');
SELECT weir.create_query('r', 'WITH e AS (DELETE FROM event RETURNING *) SELECT kind FROM event');
SELECT weir.create_query('r', 'SELECT kind FROM event UNION ALL SELECT kind FROM event');
SELECT weir.create_query('r', 'SELECT kind, count(*) FROM event GROUP BY ROLLUP (kind)');
SELECT weir.create_query('r', 'SELECT kind, rank() OVER (ORDER BY n) FROM event');
SELECT weir.create_query('r', 'SELECT kind, generate_series(1, n) FROM event');
SELECT weir.create_query('r', 'SELECT kind FROM event WHERE n IN (SELECT a FROM parent)');
SELECT weir.create_query('r', 'SELECT kind FROM event FOR UPDATE');
SELECT weir.create_query('r', 'SELECT 1');
SELECT weir.create_query('r', 'SELECT e.kind FROM event e RIGHT JOIN parent p ON p.a = e.n');
SELECT weir.create_query('r', 'SELECT event.kind FROM event, events');
SELECT weir.create_query('r', 'SELECT kind FROM (SELECT * FROM event) e');
SELECT weir.create_query('r', 'SELECT * FROM generate_series(1, 3)');
SELECT weir.create_query('r', 'SELECT kind FROM events');
SELECT weir.create_query('r', 'SELECT kind FROM event TABLESAMPLE system (1)');
SELECT weir.create_query('r', 'SELECT a FROM ONLY parted');
SELECT weir.create_query('r', 'SELECT a FROM parent');
SELECT weir.create_query('r', 'SELECT a FROM fleeting');
SELECT weir.create_query('r', 'SELECT a FROM passing');
SELECT weir.create_query('r', 'SELECT oid FROM pg_class');
SELECT weir.create_query('r', 'SELECT ctid, kind FROM event');
SELECT weir.create_query('r', 'SELECT event FROM event');

-- Functions that may say something else tomorrow, or to somebody else.
SELECT weir.create_query('r', 'SELECT kind FROM event WHERE at > now()');
SELECT weir.create_query('r', 'SELECT kind FROM event WHERE at > CURRENT_TIMESTAMP');
SELECT weir.create_query('r', 'SELECT kind FROM event WHERE kind = current_user');
SELECT weir.create_query('r', 'SELECT any_time(n) FROM event');
SELECT weir.create_query('r', 'SELECT random(), kind FROM event');
SELECT weir.create_query('r', 'SELECT date_trunc(''day'', at), count(*) FROM event GROUP BY 1');
SELECT weir.create_query('r', 'SELECT weir.tumble(at, ''1 month''), count(*) FROM event GROUP BY 1');
SELECT weir.create_query('r', 'SELECT at::text FROM event');

-- Aggregates that need every value.
SELECT weir.create_query('r', 'SELECT count(DISTINCT kind) FROM event');
SELECT weir.create_query('r', 'SELECT kind, string_agg(kind, '','' ORDER BY at) FROM event GROUP BY 1');
SELECT weir.create_query('r', 'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM event');
SELECT weir.create_query('r', 'SELECT kind, array_agg(n) FROM event GROUP BY 1');

-- Not one SELECT at all.
SELECT weir.create_query('r', '');
SELECT weir.create_query('r', 'SELECT 1; SELECT 2');
SELECT weir.create_query('r', 'DELETE FROM event');
SELECT weir.create_query('r', 'DROP TABLE event');
SELECT weir.create_query('r', 'SELECT kind INTO other FROM event');
SELECT weir.create_query('r', 'SELECT kind FORM event');
SELECT weir.create_query('r', 'SELECT kynd FROM event');
SELECT weir.create_query('r', 'SELECT kind, n FROM event GROUP BY kind');
SELECT weir.create_query('r', 'SELECT kind FROM event WHERE n = $1');

-- Options and names.
SELECT weir.create_query('r', 'SELECT kind FROM event', on_delete => 'explode');
SELECT weir.create_query('r', 'SELECT kind FROM event', tick => '-1 s');
SELECT weir.create_query('r', 'SELECT kind FROM event', tick => '1 month');
SELECT weir.create_query('event', 'SELECT kind FROM event');
SELECT weir.create_query('pg_temp.r', 'SELECT kind FROM event');
SELECT weir.create_query('nowhere.r', 'SELECT kind FROM event');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT weir.create_query('r', 'SELECT kind FROM event');
ROLLBACK;
SELECT weir.drop_query('event');
SELECT weir.wait('events');

-- Nothing is left of any of them.
SELECT name FROM weir.queries;
SELECT count(*) FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
SELECT count(*) FROM weir.frontiers;

RESET search_path;
DROP SCHEMA refuse CASCADE;
