-- ROWS windows as continuous queries: the last rows of each key are the state.
CREATE SCHEMA kw;
SET search_path = kw, public;
SET client_min_messages = warning;
CREATE TABLE market (id bigint, symbol text, price float8, amount numeric, ts timestamptz);
CREATE FUNCTION add_rows(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kw.market
    SELECT g, CASE WHEN g % 11 > 0 THEN 'SYM' || g % 7 END, CASE WHEN g % 13 > 0 THEN (g * 7919) % 500 * 0.5 END, g % 97 * 1.25,
           '2024-01-15 12:00Z'::timestamptz + g * interval '1 s'
    FROM generate_series(first, last) g
$$;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared
-- Of a query's table in weir_state, by the name of its result.
CREATE FUNCTION stored(result regclass, suffix text, what text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT %s FROM weir_state.q%s%s', what, (SELECT q.id FROM weir.continuous_queries q WHERE q.result = stored.result), suffix) INTO n;
    RETURN n;
END $$;
SELECT add_rows(1, 300);
SELECT weir.create_query('moving', $$
    SELECT symbol, ts, id, avg(price) OVER w AS mean, min(price) OVER w, max(price) OVER w, count(*) OVER w AS n, sum(amount) OVER w
    FROM market WINDOW w AS (PARTITION BY symbol ORDER BY ts, id ROWS BETWEEN 99 PRECEDING AND CURRENT ROW) $$);
SELECT weir.create_query('changed', $$
    SELECT upper(symbol) AS s, id, price - lag(price) OVER w AS change, lag(id, 3, -1::bigint) OVER w AS third,
           first_value(id) OVER (w ROWS 2 PRECEDING) AS first, nth_value(id, 2) OVER (w ROWS BETWEEN 5 PRECEDING AND 1 PRECEDING) AS second,
           sum(amount) FILTER (WHERE price > 100) OVER (w ROWS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS before
    FROM market WHERE id % 3 > 0 WINDOW w AS (PARTITION BY upper(symbol), id % 2 ORDER BY ts DESC NULLS LAST, id DESC) $$);
SELECT weir.create_query('all_rows', 'SELECT id, sum(price) OVER (ORDER BY id USING < ROWS 10 PRECEDING) AS s FROM market');
SELECT weir.create_query('own_row', 'SELECT id, count(price) OVER (PARTITION BY symbol ORDER BY id ROWS CURRENT ROW) AS c FROM market');
CREATE FUNCTION q() RETURNS SETOF regclass LANGUAGE sql AS
    $$SELECT result FROM weir.continuous_queries WHERE result::oid <> 'kw.changed'::regclass ORDER BY id$$;
SELECT q, differences(q) FROM q();
SELECT differences('changed');
-- filled at first by the node that reads no frame twice; sums of numeric are not among what it does
CREATE FUNCTION filled_by(result regclass) RETURNS SETOF text LANGUAGE plpgsql SET weir.stream = 'prefer' AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) TABLE weir_state.q%s_first', (SELECT q.id FROM weir.continuous_queries q WHERE q.result = filled_by.result)) LOOP
        IF line ~ 'Window' THEN RETURN NEXT regexp_replace(line, '^.*(Custom Scan|WindowAgg)', '\1'); END IF;
    END LOOP;
END $$;
SELECT q, filled_by(q) FROM q();
SELECT add_rows(301, 500);
SELECT q, differences(q) FROM q();
SELECT q, weir.wait(q), differences(q) FROM q();
SELECT add_rows(501, 1400);
SELECT q, differences(q) FROM q();
SELECT q, weir.wait(q), differences(q) FROM q();
-- what is kept: the last rows that a result can need, and the highest
SELECT q, stored(q, '_tail', 'count(*)') AS kept, stored(q, '', 'count(*)') AS results, stored(q, '', 'count(*) FILTER (WHERE late)') AS late FROM q();
-- many small steps
DO $$ BEGIN
    FOR i IN 1 .. 80 LOOP
        PERFORM kw.add_rows(1400 + i * 5 - 4, 1400 + i * 5);
        COMMIT;
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$;
SELECT q, differences(q), weir.wait(q), differences(q) FROM q();
SELECT q, stored(q, '_tail', 'count(*)') AS kept FROM q();
SELECT count(*) > 0 AS is_seen FROM moving WHERE symbol = 'SYM1' AND n = 100;

-- in descending order every step's rows come before what was there: all of them are late
SELECT weir.wait('changed'), stored('changed', '', 'count(*) FILTER (WHERE late)') > 0 AS has_late;

-- rows that are late follow those that came before them, and are counted
CREATE TABLE late (k int, at int, v int);
INSERT INTO late VALUES (1, 10, 1), (1, 20, 2), (2, 10, 100);
SELECT weir.create_query('of_late', 'SELECT k, at, v, sum(v) OVER (PARTITION BY k ORDER BY at, v ROWS 1 PRECEDING) AS s FROM late');
SELECT weir.wait('of_late');
INSERT INTO late VALUES (1, 15, 4), (1, 30, 8), (1, 20, 16), (3, 5, 1000);
SELECT * FROM of_late ORDER BY k, at, v;
SELECT weir.wait('of_late');
SELECT * FROM of_late ORDER BY k, at, v;
SELECT stored('of_late', '', 'count(*) FILTER (WHERE late)') AS late;
INSERT INTO late VALUES (1, 25, 32), (1, 40, 64);
SELECT weir.wait('of_late');
INSERT INTO late VALUES (1, 41, 128), (2, 9, 1);
SELECT weir.wait('of_late');
SELECT * FROM of_late ORDER BY k, at, v;
SELECT stored('of_late', '', 'count(*) FILTER (WHERE late)') AS late;
SELECT weir.refresh_query('of_late');
SELECT differences('of_late'), stored('of_late', '', 'count(*) FILTER (WHERE late)') AS late;

-- rows in any order: each step's follow those of earlier steps, in their order
CREATE TABLE batch (batch int, id int, k int, at int, v float8);
SELECT weir.create_query('of_batches', $$
    SELECT id, sum(v) OVER w AS s, min(v) OVER w AS low, count(*) OVER w AS n, lag(id) OVER w AS before
    FROM batch WINDOW w AS (PARTITION BY k ORDER BY at NULLS FIRST, id DESC ROWS 6 PRECEDING) $$);
SELECT setseed(0.5);
DO $$ BEGIN
    FOR i IN 1 .. 25 LOOP
        INSERT INTO kw.batch
        SELECT i, i * 1000 + g, nullif(floor(random() * 9)::int, 0), nullif(i * 4 + floor(random() * 60)::int % (1 + i % 3 * 30), 50), random()
        FROM generate_series(1, floor(random() * 60)::int) g;
        COMMIT;
        PERFORM weir.wait('kw.of_batches');
        COMMIT;
    END LOOP;
END $$;
CREATE TABLE expected AS
SELECT id, sum(v) OVER w AS s, min(v) OVER w AS low, count(*) OVER w AS n, lag(id) OVER w AS before
FROM batch WINDOW w AS (PARTITION BY k ORDER BY batch, at NULLS FIRST, id DESC ROWS 6 PRECEDING);
SELECT (SELECT count(*) FROM expected) > 500 AS many, (SELECT count(*) FROM (TABLE expected EXCEPT ALL TABLE of_batches) a) AS missing,
       (SELECT count(*) FROM (TABLE of_batches EXCEPT ALL TABLE expected) a) AS extra;
SELECT stored('of_batches', '', 'count(*) FILTER (WHERE late)') - count(*) AS late
FROM batch b
WHERE EXISTS (SELECT FROM batch c WHERE c.k IS NOT DISTINCT FROM b.k AND c.batch < b.batch
                  AND (coalesce(c.at, -1) > coalesce(b.at, -1) OR coalesce(c.at, -1) = coalesce(b.at, -1) AND c.id < b.id));

-- pause, deletions, a rollback, keys that look equal
SELECT weir.pause_query('all_rows');
BEGIN;
SELECT add_rows(2000, 2100);
SELECT differences('all_rows');
ROLLBACK;
SELECT add_rows(2101, 2200);
SELECT differences('all_rows');
SELECT weir.resume_query('all_rows');
SELECT weir.wait('all_rows');
SELECT differences('all_rows');
CREATE TABLE pair (n numeric, t text, v int);
SELECT weir.create_query('pairs', 'SELECT n, t, v, sum(v) OVER (PARTITION BY n, t ORDER BY v ROWS 5 PRECEDING) AS s FROM pair');
INSERT INTO pair VALUES (1.0, 'a', 1), (1.00, 'a', 2), (NULL, NULL, 3), (NULL, 'a', 4);
SELECT weir.wait('pairs');
INSERT INTO pair VALUES (1, 'a', 5), (1.000, 'a', 6), (NULL, NULL, 7), (NULL, 'a', 8);
SELECT weir.wait('pairs');
SELECT differences('pairs');
DELETE FROM pair;
SELECT * FROM pairs ORDER BY v;

-- with other tables, and as a stream of its own
CREATE TABLE name_of (symbol text, name text);
INSERT INTO name_of SELECT 'SYM' || g, 'name ' || g FROM generate_series(0, 4) g;
SELECT weir.create_query('named', $$
    SELECT name, id, avg(price) OVER (PARTITION BY name ORDER BY id ROWS 4 PRECEDING) AS mean FROM market LEFT JOIN name_of USING (symbol) $$);
SELECT weir.create_query('calm', 'SELECT name, count(*), max(mean) FROM named WHERE mean < 150 GROUP BY name');
SELECT differences('named'), differences('calm');
SELECT add_rows(2201, 2300);
SELECT weir.wait('calm');
SELECT differences('named'), differences('calm'), (SELECT sum(count) FROM calm) - (SELECT count(*) FROM named WHERE mean < 150) AS missed;
SELECT weir.create_query('from_now', 'SELECT id, sum(price) OVER (ORDER BY id ROWS 3 PRECEDING) AS s FROM market', backfill => false);
SELECT add_rows(2301, 2302);
SELECT weir.wait('from_now');
SELECT id, s IS NOT DISTINCT FROM (SELECT sum(price) FROM market WHERE id BETWEEN 2301 AND f.id) AS is_sum FROM from_now f ORDER BY id;

-- changed in place, from one kind to another
CREATE TABLE reading (id int, k int, v numeric);
INSERT INTO reading SELECT g, g % 3, g FROM generate_series(1, 100) g;
\set shared :here/sql/shared/settled.sql
\i :shared
SELECT settled();
SELECT weir.create_query('changing', 'SELECT k, count(*) AS n FROM reading GROUP BY k');
INSERT INTO reading SELECT g, g % 3, g FROM generate_series(101, 150) g;
SELECT weir.alter_query('changing', 'SELECT k, count(*) OVER w AS n, sum(v) OVER w AS s FROM reading WINDOW w AS (PARTITION BY k ORDER BY id ROWS 3 PRECEDING)');
SELECT differences('changing'), stored('changing', '_tail', 'count(*)') AS kept;
INSERT INTO reading SELECT g, g % 3, g FROM generate_series(151, 200) g;
SELECT differences('changing');
SELECT weir.wait('changing');
SELECT differences('changing'), stored('changing', '_tail', 'count(*)') AS kept;
SELECT weir.create_query('odd', 'SELECT id, k FROM reading WHERE id % 2 = 1');
SELECT weir.alter_query('changing', 'SELECT k, count(*) AS n, sum(id)::numeric AS s FROM odd GROUP BY k');
SELECT differences('changing');
DROP VIEW odd;
SELECT weir.alter_query('odd', 'SELECT id, k FROM reading');
SELECT weir.alter_query('changing', 'SELECT k, count(*) AS n, sum(id)::numeric AS s FROM reading GROUP BY k');
SELECT weir.alter_query('odd', 'SELECT id, k FROM reading');
INSERT INTO reading SELECT g, g % 3, g FROM generate_series(201, 250) g;
SELECT weir.wait('odd'), weir.wait('changing'), differences('odd'), differences('changing');
DROP VIEW odd;

-- refused
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ORDER BY ts) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ORDER BY ts ROWS UNBOUNDED PRECEDING) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ORDER BY ts ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ORDER BY ts GROUPS 1 PRECEDING) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ROWS 1 PRECEDING) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ORDER BY ts ROWS 2000000 PRECEDING) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ORDER BY ts ROWS BETWEEN 9 PRECEDING AND length(current_user) PRECEDING) FROM market');
SELECT weir.create_query('r', 'SELECT row_number() OVER (ORDER BY ts ROWS 2 PRECEDING) FROM market');
SELECT weir.create_query('r', 'SELECT lead(id) OVER (ORDER BY ts) FROM market');
SELECT weir.create_query('r', 'SELECT lag(id, id::int) OVER (ORDER BY ts) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (ORDER BY ts ROWS 2 PRECEDING), lag(id) OVER (ORDER BY id) FROM market');
SELECT weir.create_query('r', 'SELECT sum(count(*)) OVER (ORDER BY ts ROWS 2 PRECEDING) FROM market GROUP BY ts');
SELECT weir.create_query('r', 'SELECT sum(id) OVER (PARTITION BY id::int::bit(8) ORDER BY ts ROWS 2 PRECEDING) FROM market');
SELECT weir.create_query('r', 'SELECT sum(id + random()::int) OVER (ORDER BY ts ROWS 2 PRECEDING) FROM market');

SELECT weir.drop_query('moving');
DROP VIEW all_rows;
DROP SCHEMA kw CASCADE;
RESET search_path;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
SELECT count(*) FROM weir.continuous_queries;
SELECT relname FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
