-- Texts: once for each query and role, without literals, comments and secrets.
SELECT weir.reset();
CREATE TABLE note (id int, "Body" text, data bytea, at timestamptz, tags text[]);
SET weir.tenant = 'texts';

-- literals of every kind
SELECT count(*) FROM note WHERE "Body" = 'it''s' || E'\tescaped\'quote' || $$dollar's$$ || $tag$ $$nested$$ $tag$ || U&'d\0061ta';
SELECT count(*) FROM note WHERE id IN (1, -2, 3.5, .5, 1e10, 0) AND data = '\xdeadbeef' AND id::bit(4) = B'1010' AND X'1F'::int > id;
SELECT count(*) FROM note WHERE at > timestamp with time zone '2024-01-01' AND at < now() - interval '1 day' AND tags = ARRAY['secret', 'words'];
SELECT N'national', NULL, true, 'a'
  'continued';
SELECT typed.x FROM (VALUES (1, 'one'), (2, 'two')) AS typed (x, y) LIMIT 1 OFFSET 1;
-- comments and blanks
SELECT /* password is hunter2 */ count(*) -- and so is this: hunter3
     FROM   note   /* nested /* comments */ too */
WHERE
  id=1;
-- identifiers stay as they are, quoted or not, keywords as they are written
select "Body" as "String 'with' quotes" from NOTE where "Body" is not null;
SELECT 'ünïcödé', 'Grüße' AS "Grüße", '日本語' AS 日本語, U&"d\0061t\+000061" FROM (SELECT 1 AS data) d;
-- parameters keep their numbers, literals go on from there
PREPARE p(int, text) AS SELECT count(*) FROM note WHERE id = $1 AND "Body" = $2 AND id > 5 AND "Body" <> 'x';
EXECUTE p(1, 'one');
DEALLOCATE p;
-- several statements in one string have a text each
SELECT 1 AS first\; SELECT 2 + 2 AS second\; SELECT 3 * 3 * 3 AS third;
-- the same query with other literals is the same query
SELECT id FROM note WHERE id = 1 OR id = 2;
SELECT id FROM note WHERE id = 33 OR id = 44;
-- very long texts are cut
SELECT 'SELECT cardinality(ARRAY[' || string_agg(i::text, ',') || '])' AS long
FROM generate_series(1, 60000) i \gset
:long;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT calls, left(query, 250) AS query
FROM (SELECT queryid, userid, sum(calls) AS calls, min(id) AS id FROM weir.query_stats
      WHERE tenant_id = 'texts' AND query_type = 'SELECT' GROUP BY 1, 2) s
JOIN weir.query_texts USING (queryid, userid) ORDER BY s.id;
SELECT length(query) > 100000 AS long, right(query, 3) AS cut FROM weir.query_texts WHERE query LIKE 'SELECT cardinality%';
SELECT texts_waiting_bytes < 1000 AS sent, texts_rejected FROM weir.ring_status();

-- Statements that may carry secrets leave nothing but their tag.
SET weir.tenant = 'secrets';
CREATE ROLE regress_weir_secret LOGIN PASSWORD 'canary-1';
ALTER ROLE regress_weir_secret PASSWORD 'canary-2';
CREATE USER regress_weir_secret_user PASSWORD 'canary-3';
CREATE GROUP regress_weir_secret_group;
ALTER USER regress_weir_secret SET search_path = 'canary-4';
ALTER DATABASE regress_weir SET application_name = 'canary-5';
ALTER DATABASE regress_weir RESET application_name;
ALTER SYSTEM SET primary_conninfo = 'password=canary-6';
ALTER SYSTEM RESET primary_conninfo;
SET application_name = 'canary';
SET SESSION search_path TO "canary-8";
RESET search_path;
SET LOCAL work_mem = '1MB';
CREATE FOREIGN DATA WRAPPER regress_weir_fdw OPTIONS (token 'canary-9');
ALTER FOREIGN DATA WRAPPER regress_weir_fdw OPTIONS (SET token 'canary-10');
CREATE SERVER regress_weir_server FOREIGN DATA WRAPPER regress_weir_fdw OPTIONS (password 'canary-11');
ALTER SERVER regress_weir_server OPTIONS (SET password 'canary-12');
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_weir_server OPTIONS (password 'canary-13');
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_weir_server OPTIONS (SET password 'canary-14');
CREATE FOREIGN TABLE regress_weir_foreign (id int) SERVER regress_weir_server OPTIONS (password 'canary-15');
CREATE SUBSCRIPTION regress_weir_sub CONNECTION 'password=canary-16' PUBLICATION p WITH (connect = false);
ALTER SUBSCRIPTION regress_weir_sub CONNECTION 'password=canary-17';
ALTER SUBSCRIPTION regress_weir_sub SET (slot_name = NONE);
DROP SUBSCRIPTION regress_weir_sub;
DO $$ BEGIN PERFORM 'canary-18'; END $$;
CREATE PROCEDURE regress_weir_procedure(text) LANGUAGE sql AS '';
CALL regress_weir_procedure('canary-19');
COPY note FROM PROGRAM 'true canary-20';
SELECT set_config('application_name', 'canary-21', false);
PREPARE secret AS SELECT 'canary-22', $1::text;
EXECUTE secret('canary-23');
DEALLOCATE secret;
EXPLAIN (COSTS OFF) SELECT 'canary-24' FROM note WHERE "Body" = 'canary-25';
DECLARE secret_cursor CURSOR WITH HOLD FOR SELECT 'canary-26';
CLOSE secret_cursor;
COMMENT ON TABLE note IS 'canary-27';
NOTIFY canary, 'canary-28';
SECURITY LABEL ON TABLE note IS 'canary-29';
SELECT 'canary-30' /* canary-31 */ -- canary-32
;
SELECT 1 / 0 AS failed, 'canary-33';
CREATE ROLE regress_weir_secret PASSWORD 'canary-34';
SET weir.tenant = '';
RESET application_name;
SELECT weir.flush() >= 0 AS flushed;
SELECT query, count(*) FROM weir.query_texts WHERE query LIKE '%canary-%' GROUP BY query ORDER BY query;
SELECT DISTINCT query_type, query FROM weir.query_stats LEFT JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id = 'secrets' ORDER BY query_type, query;

-- A role has texts of its own, and a text that is thrown away is sent again.
SET weir.tenant = 'roles';
CREATE ROLE regress_weir_reader;
GRANT SELECT ON note TO regress_weir_reader;
SELECT count(*) AS of_both FROM note WHERE id < 99;
SET ROLE regress_weir_reader;
SELECT count(*) AS of_both FROM note WHERE id < 100;
RESET ROLE;
SELECT weir.flush() >= 0 AS flushed;
SELECT userid::regrole, query FROM weir.query_texts WHERE query LIKE '%of_both%' ORDER BY 1;
SELECT weir.reset();
SELECT count(*) AS of_both FROM note WHERE id < 98;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT userid::regrole, query FROM weir.query_texts WHERE query LIKE '%of_both%' ORDER BY 1;

DROP FOREIGN DATA WRAPPER regress_weir_fdw CASCADE;
DROP PROCEDURE regress_weir_procedure;
DROP TABLE note;
DROP ROLE regress_weir_secret, regress_weir_secret_user, regress_weir_secret_group, regress_weir_reader;
