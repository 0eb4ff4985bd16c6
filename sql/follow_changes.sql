-- The log of a continuous query's changes: replayed, it is the result.
CREATE SCHEMA changes;
SET search_path = changes, public;
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE TABLE trade (ts timestamptz, symbol text, price float8, qty int);

-- Replays a log into rows of the result and counts what differs from the result then, both ways.
CREATE FUNCTION replayed(query regclass, after bigint DEFAULT 0) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    change record;
    last bigint := after;
    steps int;
    found_rows int;
    differences bigint;
BEGIN
    EXECUTE format('CREATE TEMP TABLE copy AS SELECT to_jsonb(r) AS row FROM %s r LIMIT 0', query);
    LOOP
        steps := 0;
        FOR change IN SELECT * FROM weir.changes(query, last, 7) LOOP
            IF change.position <= last THEN RAISE 'position % after %', change.position, last; END IF;
            last := change.position;
            steps := steps + 1;
            IF change.old IS NOT NULL THEN
                DELETE FROM copy WHERE ctid = (SELECT c.ctid FROM copy c WHERE c.row = change.old LIMIT 1);
                GET DIAGNOSTICS found_rows = ROW_COUNT;
                IF found_rows <> 1 THEN RAISE 'change % of a row that is not there: %', last, change.old; END IF;
            END IF;
            IF change.new IS NOT NULL THEN INSERT INTO copy VALUES (change.new); END IF;
        END LOOP;
        EXIT WHEN steps = 0;
    END LOOP;
    EXECUTE format('SELECT (SELECT count(*) FROM (TABLE copy EXCEPT ALL SELECT to_jsonb(r) FROM %1$s r) a)
                         + (SELECT count(*) FROM (SELECT to_jsonb(r) FROM %1$s r EXCEPT ALL TABLE copy) b)', query) INTO differences;
    DROP TABLE copy;
    RETURN differences;
END $$;

INSERT INTO trade SELECT '2024-01-01 00:00Z'::timestamptz + g * interval '7 s', CASE WHEN g % 11 > 0 THEN 'S' || g % 3 END, g / 4.0, g % 10
FROM generate_series(1, 200) g;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/settled.sql
\i :shared
SELECT settled();
SELECT weir.create_query('minute', $$
    SELECT weir.tumble(ts, '1 minute') AS minute, symbol, count(*), avg(price) AS mean, stddev(qty), max(price) - min(price) AS span
    FROM trade GROUP BY 1, 2 EMIT CHANGES $$);
SELECT weir.create_query('busy', 'SELECT symbol, count(*) AS n FROM trade GROUP BY symbol HAVING count(*) % 2 = 0 emit changes');
SELECT weir.create_query('total', 'SELECT count(*), sum(qty) FROM trade EMIT CHANGES', backfill => false);
SELECT weir.create_query('large', 'SELECT symbol || ''!'' AS "the Name", qty * 2 FROM trade WHERE qty > 7 EMIT CHANGES;');
CREATE FUNCTION q() RETURNS SETOF regclass LANGUAGE sql AS
    $$SELECT result FROM weir.continuous_queries WHERE result::text NOT LIKE '%.%' ORDER BY id$$;
SELECT q, replayed(q) FROM q() q WHERE q <> 'total'::regclass;
SELECT count(*) FROM weir.changes('total');

-- new groups, changed groups, groups that come and go by HAVING
INSERT INTO trade VALUES ('2024-01-01 00:00:30Z', 'S1', 2.5, 8), ('2024-01-01 00:00:40Z', 'S9', 2.5, 1), (NULL, NULL, NULL, 9);
SELECT q, weir.wait(q) FROM q() q;
SELECT q, replayed(q) FROM q() q;
INSERT INTO trade VALUES (NULL, 'S9', 'NaN', 1), (NULL, NULL, 'infinity', 9);
SELECT q, weir.wait(q) FROM q() q;
SELECT q, replayed(q) FROM q() q;
SELECT old, new FROM weir.changes('busy') WHERE coalesce(new, old) ->> 'symbol' = 'S9';
SELECT old, new FROM weir.changes('total');
-- what changes nothing is no change
INSERT INTO trade VALUES ('2024-01-01 00:00:30Z', 'S1', 2.5, 0);
SELECT weir.wait('large');
SELECT max(position) AS last FROM weir.changes('large') \gset
INSERT INTO trade VALUES ('2024-01-01 00:00:30Z', 'S1', 2.5, 0);
SELECT weir.wait('large');
SELECT count(*) FROM weir.changes('large', :last);

-- a rebuild is in the log as well, also after rows have gone
DELETE FROM trade WHERE qty = 3;
SET TimeZone = 'Asia/Tokyo';
SET extra_float_digits = 0;
SELECT weir.refresh_query(q) IS NOT NULL AS refreshed FROM q() q;
SET TimeZone = 'UTC';
RESET extra_float_digits;
SELECT q, replayed(q) FROM q() q;

-- a join: the log is that of the result
CREATE TABLE name (symbol text PRIMARY KEY, name text);
INSERT INTO name VALUES ('S1', 'one'), ('S2', 'two');
SELECT weir.create_query('named', 'SELECT n.name, count(*), sum(t.qty) FROM trade t JOIN name n USING (symbol) GROUP BY 1 EMIT CHANGES');
INSERT INTO trade VALUES (NULL, 'S2', 1000, 1);
SELECT weir.wait('named');
SELECT replayed('named');
SELECT weir.drop_query('named');
SELECT weir.create_query('no', 'SELECT weir.tumble(t.ts, ''1 min''), n.name, count(*) FROM trade t JOIN name n USING (symbol) GROUP BY 1, 2 EMIT FINAL');

-- a result that follows its table
SELECT weir.create_query('stock', 'SELECT symbol, sum(qty), max(price) FROM trade GROUP BY symbol EMIT CHANGES', on_delete => 'retract');
SELECT weir.wait('stock');
SELECT replayed('stock');
UPDATE trade SET qty = qty + 1 WHERE symbol = 'S1';
DELETE FROM trade WHERE symbol = 'S9';
INSERT INTO trade VALUES (NULL, 'S2', 1000, 1);
SELECT weir.wait('stock');
SELECT replayed('stock');
TRUNCATE trade;
INSERT INTO trade VALUES (NULL, 'S2', 1000, 1);
SELECT weir.wait('stock');
SELECT replayed('stock');
TABLE stock;
SELECT weir.drop_query('stock');

-- following: max_rows, a token, waiting
SELECT position, new FROM weir.changes('total', max_rows => 1);
SELECT count(*) FROM weir.changes('minute', after => (SELECT max(position) FROM weir.changes('minute', 0, 1000000)));
SELECT clock_timestamp() AS before \gset
SELECT count(*) FROM weir.changes('total', 1000000, timeout => '300 ms');
SELECT clock_timestamp() - :'before' >= '300 ms' AS has_waited;
-- a transaction with one snapshot for all has nothing to wait for
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM weir.changes('total', 1000000, timeout => '1 hour');
COMMIT;

-- notifications
SELECT weir.create_query('told', 'SELECT count(*) FROM trade EMIT CHANGES', notify => true);
SELECT notify FROM weir.query_streams WHERE query_id = (SELECT id FROM weir.continuous_queries WHERE result = 'told'::regclass);

-- refused
SELECT weir.create_query('no', 'SELECT count(*) FROM trade', notify => true);
SELECT weir.create_query('no', 'SELECT count(*) FROM trade', retention => '1 day');
SELECT weir.create_query('no', 'SELECT count(*) FROM trade EMIT CHANGES', retention => '10 ms');
SELECT weir.create_query('no', 'SELECT count(*) FROM trade EMIT SOMETHING');
SELECT weir.create_query('no', 'SELECT count(*) FROM trade EMIT CHANGES WHERE true');
SELECT weir.create_query('no', NULL);
SELECT weir.create_query('no', 'SELECT sum(qty) OVER (PARTITION BY symbol ORDER BY ts ROWS 2 PRECEDING) FROM trade EMIT CHANGES');
SELECT weir.alter_query('total', definition => 'SELECT count(*), sum(qty) FROM trade WHERE qty > 0');
SELECT weir.alter_query('total', definition => 'SELECT count(*), sum(qty) FROM trade EMIT CHANGES');
SELECT weir.alter_query('total', tick => '500 ms');
SELECT weir.create_query('silent', 'SELECT count(*) FROM trade');
SELECT * FROM weir.changes('silent');
SELECT * FROM weir.changes('trade');
SELECT * FROM weir.changes('total', max_rows => 0);

-- whoever may read the result may follow it, and nobody else
CREATE ROLE regress_weir_follower;
GRANT USAGE ON SCHEMA changes TO regress_weir_follower;
SET ROLE regress_weir_follower;
SELECT count(*) FROM weir.changes('changes.total');
RESET ROLE;
GRANT SELECT ON total TO regress_weir_follower;
SET ROLE regress_weir_follower;
SELECT count(*) > 0 AS follows FROM weir.changes('changes.total');
SELECT bool_or(has_table_privilege(oid, 'SELECT')) AS reads_log FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace AND relname LIKE 'q%_changes';
CREATE TRIGGER mine AFTER INSERT ON trade FOR EACH ROW EXECUTE FUNCTION weir.log_changes();
RESET ROLE;
CREATE TRIGGER mine AFTER INSERT ON trade FOR EACH ROW EXECUTE FUNCTION weir.log_changes();
INSERT INTO trade VALUES (NULL, NULL, NULL, NULL);
DROP TRIGGER mine ON trade;

-- what is old goes, and who has not read it is told
SELECT settled();
-- in one transaction, which nobody takes anything from
BEGIN;
SELECT weir.create_query('short', 'SELECT symbol, count(*) FROM trade GROUP BY 1 EMIT CHANGES', retention => '1 second');
SELECT count(*) > 0 AS has_changes FROM weir.changes('short');
COMMIT;
DO $$
BEGIN
    FOR i IN 1 .. 300 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM weir.changes('short'));
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT count(*) FROM weir.changes('short');
SELECT * FROM weir.changes('short', 1);
SELECT trimmed_to AS last FROM weir.query_streams WHERE trimmed_to > 0 \gset
INSERT INTO trade VALUES (NULL, 'after', 1, 1);
SELECT old, new FROM weir.changes('short', :last, timeout => '30 seconds') WHERE new ->> 'symbol' = 'after';

-- the log goes with the query
SELECT weir.drop_query(result) IS NOT NULL AS dropped FROM weir.continuous_queries ORDER BY id;
SELECT count(*) FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
SELECT count(*) FROM weir.query_streams;
DROP SCHEMA changes CASCADE;
DROP ROLE regress_weir_follower;
