-- weir.alter_query() with a new definition, for queries with a log of changes and with windows that close.
CREATE SCHEMA ac;
SET search_path = ac, public;
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE TABLE trade (id int, ts timestamptz, symbol text, qty int);
INSERT INTO trade SELECT g, '2024-01-01Z'::timestamptz + g * interval '7 s', 'S' || g % 3, g % 10 FROM generate_series(1, 30) g;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/settled.sql
\i :shared
SELECT settled();
SELECT weir.create_query('sums', 'SELECT symbol, count(*) AS n FROM trade GROUP BY symbol EMIT CHANGES', tick => '0 s', notify => true, retention => '1 day');
SELECT weir.create_query('seen', $$SELECT count(*), count(old) AS gone, max(position) FROM weir.changes('sums')$$, tick => '0 s');
SELECT old, new FROM weir.changes('sums') ORDER BY new;

-- The log goes on where it was, with what the result has lost and won; what is the same is not there.
SELECT weir.alter_query('sums', 'SELECT symbol, count(*) FILTER (WHERE symbol <> ''S1'') AS n FROM trade GROUP BY symbol EMIT CHANGES');
SELECT position, old, new FROM weir.changes('sums', 3);
SELECT weir.alter_query('sums', 'SELECT symbol, count(*) AS n, max(qty) AS most FROM trade WHERE id > 3 GROUP BY symbol HAVING count(*) > 1');
SELECT position, old, new FROM weir.changes('sums', 5);
INSERT INTO trade VALUES (31, '2024-01-01 01:00Z', 'S1', 50);
SELECT weir.wait('sums');
SELECT position, old, new FROM weir.changes('sums', 11);
SELECT weir.wait('seen');
TABLE seen;
-- undone, with what the log would have said
BEGIN;
SELECT weir.alter_query('sums', 'SELECT symbol, 0::bigint AS n, max(qty) AS most FROM trade GROUP BY symbol');
SELECT count(*) FROM weir.changes('sums', 12);
ROLLBACK;
SELECT count(*) FROM weir.changes('sums', 12);
-- from nothing
SELECT weir.alter_query('sums', 'SELECT symbol, count(*) AS n, max(qty) AS most FROM trade GROUP BY symbol', backfill => false);
SELECT count(*), count(new) FROM weir.changes('sums', 12);
-- what is emitted, and how, stays
SELECT weir.alter_query('sums', 'SELECT symbol, count(*) AS n, max(qty) AS most FROM trade GROUP BY symbol EMIT FINAL');
SELECT weir.alter_query('seen', 'SELECT count(*), count(old) AS gone, max(position) FROM weir.changes(''sums'') EMIT CHANGES');
SELECT emit, notify, retention, (SELECT count(*) FROM weir.continuous_queries q WHERE q.id = s.log_id) AS is_named_after_a_query
FROM weir.query_streams s JOIN weir.continuous_queries q ON q.id = s.query_id WHERE q.result = 'sums'::regclass;
-- a query above follows the state, which would go
SELECT weir.create_query('above', 'SELECT count(*), sum(n) FROM sums', on_delete => 'retract', tick => '0 s');
SELECT weir.alter_query('sums', 'SELECT symbol, count(*) AS n, max(qty) AS most FROM trade GROUP BY symbol');
SELECT weir.drop_query('above');

-- A query that follows its table says what is new with the step that fills it.
SELECT weir.create_query('stock', 'SELECT symbol, sum(qty) AS n FROM trade GROUP BY symbol EMIT CHANGES', on_delete => 'retract', tick => '0 s');
SELECT weir.wait('stock');
SELECT weir.alter_query('stock', 'SELECT symbol, max(qty)::bigint AS n FROM trade GROUP BY symbol');
SELECT weir.wait('stock');
SELECT count(old) AS gone, count(new) AS new FROM weir.changes('stock', 3);
DELETE FROM trade WHERE qty = 50;
SELECT weir.wait('stock');
SELECT old, new FROM weir.changes('stock', 9);

-- Windows that close: those that are over by the rows there are.
SELECT weir.create_query('minutes', 'SELECT weir.tumble(ts, ''1 minute'') AS minute, count(*) AS n FROM trade GROUP BY 1 EMIT FINAL',
                         lateness => '10 s', late => 'drop', tick => '0 s');
SELECT * FROM minutes ORDER BY 1;
SELECT weir.alter_query('minutes', 'SELECT weir.tumble(ts, ''30 s'') AS minute, count(*) AS n FROM trade WHERE symbol <> ''S1'' GROUP BY 1');
SELECT * FROM minutes ORDER BY 1;
SELECT count(old) AS gone, count(new) AS new FROM weir.changes('minutes', 3);
INSERT INTO trade VALUES (32, '2024-01-01 00:04:30Z', 'S0', 1), (33, '2024-01-01 00:00Z', 'S0', 1);
SELECT weir.wait('minutes');
INSERT INTO trade VALUES (34, '2024-01-01 00:00Z', 'S0', 1);
SELECT weir.wait('minutes');
SELECT * FROM minutes ORDER BY 1 DESC LIMIT 2;
SELECT dropped_rows FROM weir.queries WHERE name = 'minutes'::regclass;
SELECT weir.alter_query('minutes', 'SELECT ts AS minute, count(*) AS n FROM trade GROUP BY 1');
SELECT settled();
SELECT weir.alter_query('minutes', 'SELECT weir.tumble(ts, ''30 s'') AS minute, count(*) AS n FROM trade GROUP BY 1', backfill => false);
SELECT count(*) FROM minutes;
SELECT count(old) - count(new) AS gone FROM weir.changes('minutes');
-- What all changes together give is the result.
CREATE FUNCTION replayed(query regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT row, sum(n) AS n FROM (
        SELECT old AS row, -1 AS n FROM weir.changes(%1$L, 0, 100000) WHERE old IS NOT NULL
        UNION ALL SELECT new, 1 FROM weir.changes(%1$L, 0, 100000) WHERE new IS NOT NULL
        UNION ALL SELECT to_jsonb(r), -1 FROM %1$s r) x GROUP BY row HAVING sum(n) <> 0) d', query) INTO n;
    RETURN n;
END $$;
SELECT weir.wait('sums');
SELECT replayed('sums'), replayed('stock'), replayed('minutes');
SELECT weir.drop_query('seen');
SELECT weir.drop_query('sums'), weir.drop_query('stock'), weir.drop_query('minutes');
SELECT relname FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
DROP SCHEMA ac CASCADE;
RESET search_path;
