-- Statements inside functions: with weir.capture = all, and told apart by toplevel.
SELECT weir.reset();
CREATE TABLE visit (page text);
CREATE FUNCTION count_visits(page text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    INSERT INTO visit VALUES (page);
    EXECUTE 'SELECT count(*) FROM visit WHERE page = $1' INTO n USING page;
    RETURN n;
END $$;
CREATE FUNCTION total_visits() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM visit';
CREATE FUNCTION log_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM total_visits(); RETURN NULL; END $$;
CREATE PROCEDURE visit_often(times int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. times LOOP INSERT INTO visit VALUES ('often'); COMMIT; END LOOP;
END $$;
CREATE FUNCTION survive() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 / (SELECT 0 FROM visit LIMIT 1);
    RETURN 'not reached';
EXCEPTION WHEN division_by_zero THEN RETURN 'survived';
END $$;
-- With plan caches filled, plans and their number do not depend on what ran before.
SELECT count_visits('warm'), total_visits();
CREATE TRIGGER log_visit AFTER DELETE ON visit FOR EACH STATEMENT EXECUTE FUNCTION log_visit();

SET weir.tenant = 'top';
SELECT count_visits('top');
CALL visit_often(2);
DO $$ BEGIN PERFORM total_visits(); END $$;
SET weir.tenant = 'all';
SET weir.capture = 'all';
SELECT count_visits('all');
SELECT total_visits() + 1;
CALL visit_often(2);
DO $$ BEGIN PERFORM total_visits(); CREATE TABLE nested_table (); DROP TABLE nested_table; END $$;
DELETE FROM visit WHERE page = 'often';
SELECT survive();
PREPARE nested AS SELECT total_visits();
EXECUTE nested;
DEALLOCATE nested;
BEGIN;
DECLARE c CURSOR FOR SELECT page FROM visit ORDER BY page;
FETCH 2 FROM c;
CLOSE c;
COMMIT;
CREATE TABLE visit_copy AS SELECT * FROM visit;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM visit WHERE page = 'all';
RESET weir.capture;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;

-- The inner statements end, and so stand, before the outer one.
SELECT tenant_id, toplevel, query_type, table_name, calls, rows, sqlstate, query
FROM weir.query_stats LEFT JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id IN ('top', 'all') AND query_type NOT IN ('SET', 'RESET') ORDER BY id;

-- What runs inside takes no longer than what it runs in.
SELECT sum(duration_ms * calls) FILTER (WHERE NOT toplevel AND query LIKE '%visit%')
       <= sum(duration_ms * calls) FILTER (WHERE toplevel) AS inside
FROM weir.query_stats LEFT JOIN weir.query_texts USING (queryid, userid) WHERE tenant_id = 'all';

DROP TABLE visit, visit_copy;
DROP FUNCTION count_visits, total_visits, log_visit, survive;
DROP PROCEDURE visit_often;
