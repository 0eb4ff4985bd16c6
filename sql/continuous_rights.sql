-- Continuous queries run with their owner's rights, and are nobody else's.
SET client_min_messages = warning;
CREATE ROLE regress_weir_ann LOGIN;
CREATE ROLE regress_weir_bob LOGIN;
CREATE ROLE regress_weir_shy NOLOGIN;
CREATE SCHEMA rights;
GRANT CREATE, USAGE ON SCHEMA rights TO regress_weir_ann, regress_weir_bob, regress_weir_shy;
SET search_path = rights, public;

\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/has_failed.sql
\i :shared
SET ROLE regress_weir_ann;
CREATE TABLE sale (who text, n int);
SELECT weir.create_query('sales', 'SELECT who, sum(n), stddev(n) FROM sale GROUP BY who');
INSERT INTO sale VALUES ('ann', 1), ('bob', 2);
SELECT weir.wait('sales');
SELECT who, sum FROM sales ORDER BY who;
RESET ROLE;

-- Another role sees nothing, and changes nothing.
SET ROLE regress_weir_bob;
SELECT count(*) FROM weir.queries;
SELECT count(*) FROM weir.query_progress();
TABLE weir.continuous_queries;
TABLE weir.query_failures;
TABLE weir.frontiers;
SELECT * FROM sales;
SELECT count(*) FROM pg_class c WHERE relnamespace = 'weir_state'::regnamespace AND has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE');
CREATE TABLE weir_state.mine (a int);
SELECT weir.drop_query('sales');
SELECT weir.pause_query('sales');
SELECT weir.resume_query('sales');
SELECT weir.refresh_query('sales');
SELECT weir.wait('sales');
-- without rights on the table there is no query
SELECT weir.create_query('stolen', 'SELECT who, sum(n) FROM rights.sale GROUP BY who');
SELECT weir.create_query('pg_catalog.stolen', 'SELECT 1');
RESET ROLE;

-- The owner must be able to log in.
GRANT SELECT ON sale TO regress_weir_shy;
SET ROLE regress_weir_shy;
SELECT weir.create_query('of_shy', 'SELECT who, sum(n) FROM rights.sale GROUP BY who');
RESET ROLE;

-- A superuser uses what superusers own, out of the box, and nothing of anybody else's.
CREATE TABLE own (a int);
SELECT weir.create_query('of_own', 'SELECT a, count(*) FROM own GROUP BY a');
SELECT weir.create_query('of_sale', 'SELECT who, sum(n) FROM sale GROUP BY who');
SET ROLE regress_weir_bob;
CREATE FUNCTION sly(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    $$BEGIN EXECUTE 'ALTER ROLE regress_weir_bob SUPERUSER'; RETURN $1; END$$;
CREATE FUNCTION sly_equal(int, bigint) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
    $$BEGIN EXECUTE 'ALTER ROLE regress_weir_bob SUPERUSER'; RETURN true; END$$;
CREATE OPERATOR = (LEFTARG = int, RIGHTARG = bigint, FUNCTION = sly_equal);
CREATE FUNCTION sly_add(bigint, bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS
    $$BEGIN EXECUTE 'ALTER ROLE regress_weir_bob SUPERUSER'; RETURN 0; END$$;
CREATE OPERATOR + (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = sly_add);
CREATE FUNCTION int8pl(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT rights.sly_add($1, $2)';
CREATE DOMAIN sly_int AS int CHECK (sly(VALUE) > 0);
CREATE AGGREGATE sly_sum(int) (SFUNC = int4pl, STYPE = int, COMBINEFUNC = int4pl, INITCOND = '0');
RESET ROLE;
SELECT weir.create_query('r', 'SELECT rights.sly(a) FROM own');
SELECT weir.create_query('r', 'SELECT a::rights.sly_int FROM own');
SELECT weir.create_query('r', 'SELECT rights.sly_sum(a) FROM own');
SELECT weir.create_query('r', 'SELECT a FROM own WHERE a OPERATOR(rights.=) 1::bigint');

-- A hostile search_path, with functions and operators that would be found first, gains nothing: what
-- the extension runs is named in full, and what the query runs, runs as its owner.
SET search_path = rights, pg_catalog;
SET ROLE regress_weir_bob;
CREATE TABLE rights.trap (a int, b bigint);
SELECT weir.create_query('trapped', 'SELECT a, sum(b), count(*) FROM rights.trap GROUP BY a');
CREATE FUNCTION rights.gain() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN EXECUTE 'ALTER ROLE regress_weir_bob SUPERUSER'; RETURN NEW; END$$;
INSERT INTO trap VALUES (1, 1), (1, 2);
SELECT weir.wait('rights.trapped');
INSERT INTO trap VALUES (1, 3);
SELECT weir.wait('rights.trapped');
SELECT * FROM rights.trapped;
SELECT weir.create_query('rights.hostile', 'SELECT rights.sly(a) FROM rights.trap');
SELECT weir.create_query('rights.hostile', 'SELECT rights.sly(a) FROM rights.trap', backfill => false);
INSERT INTO trap VALUES (2, 3);
SELECT rights.has_failed('rights.hostile'), weir.wait('rights.hostile', '500 ms');
SELECT state, sqlstate FROM weir.queries WHERE name = 'rights.hostile'::regclass;
SELECT weir.pause_query('rights.trapped'), weir.resume_query('rights.trapped');
SELECT weir.drop_query('rights.hostile');
-- a trigger on the state runs as the owner too
SELECT state_table FROM weir.queries WHERE name = 'rights.trapped'::regclass \gset
CREATE TRIGGER gain BEFORE INSERT ON :state_table FOR EACH ROW EXECUTE FUNCTION rights.gain();
INSERT INTO trap VALUES (3, 3);
SELECT rights.has_failed('rights.trapped'), weir.wait('rights.trapped', '500 ms');
SELECT state, sqlstate, last_error FROM weir.queries WHERE name = 'rights.trapped'::regclass;
RESET ROLE;

SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_weir_bob';
SET search_path = rights, public;

-- What is revoked stops the query, with a clear state, and nothing else.
CREATE TABLE shared (a int);
GRANT SELECT ON shared TO regress_weir_ann;
SET ROLE regress_weir_ann;
SELECT weir.create_query('of_shared', 'SELECT count(*) FROM shared');
RESET ROLE;
REVOKE SELECT ON shared FROM regress_weir_ann;
INSERT INTO shared VALUES (1), (2);
INSERT INTO sale VALUES ('ann', 10);
SET ROLE regress_weir_ann;
SELECT has_failed('of_shared'), weir.wait('of_shared', '500 ms'), weir.wait('sales');
SELECT name, regexp_replace(state, '^(running|waiting)$', 'runs') AS state, sqlstate, last_error FROM weir.queries ORDER BY name::text;
SELECT * FROM of_shared;
RESET ROLE;
GRANT SELECT ON shared TO regress_weir_ann;
SET ROLE regress_weir_ann;
SELECT weir.resume_query('of_shared');
SELECT weir.wait('of_shared');
SELECT * FROM of_shared;
SELECT name, state IN ('running', 'waiting') AS runs, last_error FROM weir.queries ORDER BY name::text;
RESET ROLE;

-- Row security of the source applies as it does to the owner.
CREATE TABLE secret (who text, n int);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secret USING (who = current_user);
GRANT SELECT ON secret TO regress_weir_ann;
INSERT INTO secret VALUES ('regress_weir_ann', 1), ('regress_weir_bob', 2);
SET client_min_messages = notice;
SET ROLE regress_weir_ann;
SELECT weir.create_query('of_secret', 'SELECT who, sum(n) FROM secret GROUP BY who');
RESET ROLE;
SET client_min_messages = warning;
INSERT INTO secret VALUES ('regress_weir_ann', 10), ('regress_weir_bob', 20);
SET ROLE regress_weir_ann;
TABLE of_secret;
SELECT weir.wait('of_secret');
RESET ROLE;
TABLE of_secret;

-- The aggregates behind the views believe nothing that they are told.
SELECT weir.partial_state('sum(int)', a) FROM (VALUES ('x'::text)) v(a);
SELECT weir.finish_states('avg(float8)', '\x00', NULL::text);
SELECT weir.finish_states('avg(float8)', '\x00', NULL::float8);
SELECT weir.merge_states('numeric_add(numeric,numeric)', '\x00');
SELECT weir.merge_states('var_pop(numeric)', '\x0000');
SELECT weir.merge_states('array_agg(anyarray)', '\x00');
SELECT weir.merge_states(NULL, '\x00');
SELECT weir.state_written(NULL);
SELECT weir.refuse_change();

DROP SCHEMA rights CASCADE;
RESET search_path;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
SELECT count(*) FROM weir.queries;
DROP ROLE regress_weir_ann, regress_weir_bob, regress_weir_shy;
