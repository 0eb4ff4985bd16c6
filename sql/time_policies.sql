-- The scenarios that time_scenarios leaves: filters, ROWS windows, late rows as dead letters, one row of a far
-- future, and the last windows of a stream that falls silent; against what stock SQL makes of the same rows.
CREATE SCHEMA policies;
SET search_path = policies, public;
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE TABLE orders (batch int, order_id bigint, customer_id bigint, order_date timestamptz, total_amount numeric(10, 2));
CREATE TABLE market_data (batch int, id bigint, trader_id bigint, symbol text, price float8, quantity bigint, trade_time timestamptz);
-- Of a hundred rows two are 20 s behind, which the lateness allows for, and two are four minutes behind. One is of 2099.
CREATE FUNCTION add_batch(batch int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO policies.market_data
    SELECT batch, i, i % 10, 'SYM' || i % 5, 100 + (i % 500) * 0.1, i % 1000,
           CASE WHEN i = 2345 THEN timestamptz '2099-06-01Z' ELSE timestamptz '2024-01-15 12:00Z' + i * interval '100 ms' END
           - CASE WHEN i % 50 = 0 THEN interval '20 s' WHEN i % 50 = 25 THEN interval '4 min' ELSE interval '0' END
    FROM generate_series(batch * 700::bigint, batch * 700 + 699) i;
    INSERT INTO policies.orders
    SELECT batch, i, i % 97, timestamptz '2024-01-15Z' + i * interval '1 s', (i * 7919) % 20000 / 100.0
    FROM generate_series(batch * 100::bigint, batch * 100 + 99) i
$$;
SELECT add_batch(0);
SELECT weir.create_query('s0', 'SELECT order_id, customer_id, order_date, total_amount FROM orders WHERE total_amount > 100');
SELECT weir.create_query('s0_changes', 'SELECT order_id, customer_id, order_date, total_amount FROM orders WHERE total_amount > 195 EMIT CHANGES');
SELECT weir.create_query('s1', 'SELECT id, symbol, avg(price) OVER w AS mean, min(price) OVER w AS low, max(price) OVER w AS high FROM market_data
    WINDOW w AS (PARTITION BY symbol ORDER BY trade_time, id ROWS BETWEEN 99 PRECEDING AND CURRENT ROW)');
CREATE FUNCTION tumbling(name text, emit text, late text, idle interval) RETURNS regclass LANGUAGE sql AS $$
    SELECT weir.create_query(name, 'SELECT weir.tumble(trade_time, ''1 minute'') AS minute, trader_id, symbol, count(*), avg(price),
        sum(quantity) AS quantity, sum(price * quantity) AS value FROM policies.market_data GROUP BY 1, 2, 3 ' || emit,
        lateness => '30 s', late => late, idle_timeout => idle)
$$;
SELECT tumbling('s3a_letter', 'EMIT FINAL', 'dead_letter', NULL), tumbling('s3b_letter', 'EMIT CHANGES', 'dead_letter', NULL),
       tumbling('s3_live', '', 'dead_letter', NULL);
CREATE FUNCTION all_consumed() RETURNS bool LANGUAGE sql AS $$SELECT bool_and(weir.wait(result)) FROM weir.continuous_queries$$;

-- What each batch meets is known before it comes: the watermark of what came before.
DO $$
BEGIN
    FOR b IN 1 .. 14 LOOP
        PERFORM policies.all_consumed();
        COMMIT;
        PERFORM policies.add_batch(b);
        COMMIT;
    END LOOP;
END $$;
SELECT all_consumed();
CREATE MATERIALIZED VIEW rows AS
SELECT m.*, date_bin('1 minute', m.trade_time, 'epoch') AS minute,
       coalesce(date_bin('1 minute', m.trade_time, 'epoch') < date_bin('1 minute', w.watermark, 'epoch'), false) AS is_late
FROM market_data m
LEFT JOIN LATERAL (SELECT max(trade_time) - interval '30 s' AS watermark FROM market_data o WHERE o.batch < m.batch AND o.trade_time < '2090-01-01Z') w ON true;
SELECT count(*) FILTER (WHERE is_late) > 100 AS some_are_late, count(*) FILTER (WHERE is_late) * 20 < count(*) AS few_are_late,
       count(*) FILTER (WHERE NOT is_late AND id % 50 = 0) > 100 AS some_are_out_of_order, count(*) FILTER (WHERE minute > '2090-01-01Z') AS far FROM rows;
CREATE FUNCTION oracle(with_late bool, below timestamptz)
RETURNS TABLE (minute timestamptz, trader_id bigint, symbol text, count bigint, avg float8, quantity numeric, value float8) LANGUAGE sql AS $$
    SELECT r.minute, r.trader_id, r.symbol, count(*), avg(r.price), sum(r.quantity), sum(r.price * r.quantity)
    FROM policies.rows r WHERE (with_late OR NOT r.is_late) AND r.minute < below GROUP BY 1, 2, 3
$$;
-- equal: exactly, and fractions to 12 digits; both ways
CREATE FUNCTION differing(result regclass, with_late bool, below timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s r FULL JOIN policies.oracle(%L, %L) o USING (minute, trader_id, symbol)
        WHERE (r.count, r.quantity) IS DISTINCT FROM (o.count, o.quantity)
           OR abs(r.avg - o.avg) > 1e-12 * abs(o.avg) OR abs(r.value - o.value) > 1e-12 * abs(o.value)', result, with_late, below) INTO n;
    RETURN n;
END $$;

-- S0, and as its changes tell it
SELECT count(*) AS s0 FROM ((TABLE s0 EXCEPT ALL SELECT order_id, customer_id, order_date, total_amount FROM orders WHERE total_amount > 100)
    UNION ALL (SELECT order_id, customer_id, order_date, total_amount FROM orders WHERE total_amount > 100 EXCEPT ALL TABLE s0)) d;
SELECT count(*) > 30 AS has_some, count(*) FILTER (WHERE old IS NOT NULL) AS revised FROM weir.changes('s0_changes', 0, 100000);
CREATE VIEW told AS SELECT t.* FROM weir.changes('s0_changes', 0, 100000) c, jsonb_populate_record(NULL::s0_changes, c.new) t;
SELECT count(*) AS s0_changes FROM ((TABLE told EXCEPT ALL SELECT order_id, customer_id, order_date, total_amount FROM orders WHERE total_amount > 195)
    UNION ALL (SELECT order_id, customer_id, order_date, total_amount FROM orders WHERE total_amount > 195 EXCEPT ALL TABLE told)) d;

-- S1: rows of a batch come in their order, after those of batches before
SELECT count(*) AS s1 FROM s1 r FULL JOIN (
    SELECT id, symbol, avg(price) OVER w AS mean, min(price) OVER w AS low, max(price) OVER w AS high FROM market_data
    WINDOW w AS (PARTITION BY symbol ORDER BY batch, trade_time, id ROWS BETWEEN 99 PRECEDING AND CURRENT ROW)) o USING (id, symbol)
WHERE (r.low, r.high) IS DISTINCT FROM (o.low, o.high) OR abs(r.mean - o.mean) > 1e-12 * abs(o.mean);

-- S3: rows that were late are dead letters, each once, and in no result
SELECT closed_below AS below FROM weir.queries WHERE name = 's3a_letter'::regclass \gset
SELECT timestamptz :'below' BETWEEN '2024-01-15 12:10Z' AND '2024-01-15 12:20Z' AS is_not_dragged;
SELECT name, late_rows > 100 AS has_late, late_rows = (SELECT count(*) FROM rows WHERE is_late) AS late_is_right, future_rows,
       (SELECT count(*) FROM weir.dead_letters d WHERE d.query = q.name AND d.sqlstate = '01000') = late_rows AS are_letters
FROM weir.queries q WHERE name::text LIKE 's3%' ORDER BY name::text;
SELECT count(*) AS differ FROM (SELECT ("row" ->> 'id')::bigint AS id FROM weir.dead_letters WHERE query = 's3a_letter'::regclass) l
FULL JOIN (SELECT id FROM rows WHERE is_late) r USING (id) WHERE l.id IS NULL OR r.id IS NULL;
SELECT differing('s3a_letter', false, :'below') AS s3a, differing('s3b_letter', false, 'infinity') AS s3b, differing('s3_live', false, 'infinity') AS live;
SELECT count(*) AS far FROM s3b_letter WHERE minute > '2090-01-01Z';
-- put through again they are
SELECT q.result, weir.retry_dead_letters(q.result) = (SELECT count(*) FROM rows WHERE is_late) AS all_landed
FROM weir.continuous_queries q WHERE q.result::text LIKE 's3%' ORDER BY q.id;
SELECT differing('s3a_letter', true, :'below') AS s3a, differing('s3b_letter', true, 'infinity') AS s3b, differing('s3_live', true, 'infinity') AS live;
SELECT count(*) AS letters FROM weir.dead_letters;

-- the log of changes comes to the same
CREATE FUNCTION told_last(query regclass)
RETURNS TABLE (minute timestamptz, trader_id bigint, symbol text, count bigint, avg float8, quantity numeric, value float8) LANGUAGE sql AS $$
    SELECT r.* FROM (SELECT DISTINCT ON (coalesce(new, old) - '{count,avg,quantity,value}'::text[]) new FROM weir.changes(query, 0, 1000000)
                     ORDER BY coalesce(new, old) - '{count,avg,quantity,value}'::text[], position DESC) l,
        jsonb_populate_record(NULL::policies.s3a_letter, l.new) r
$$;
CREATE VIEW told_final AS SELECT * FROM told_last('s3a_letter');
CREATE VIEW told_changes AS SELECT * FROM told_last('s3b_letter');
SELECT differing('told_final', true, :'below') AS s3a, differing('told_changes', true, 'infinity') AS s3b;

-- a stream that falls silent: what is open closes, under each policy; but for the row of 2099, whose window is to come
SELECT tumbling('idle_' || late, 'EMIT FINAL', late, '200 ms') FROM unnest(ARRAY['update', 'drop', 'dead_letter']) late;
DO $$
BEGIN
    FOR i IN 1 .. 600 LOOP
        EXIT WHEN (SELECT bool_and(closed_below > '2024-01-15 12:17Z') FROM weir.queries WHERE name::text LIKE 'idle%');
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT q, differing(q, true, '2090-01-01Z') FROM unnest(ARRAY['idle_update', 'idle_drop', 'idle_dead_letter']::regclass[]) q;
-- and what comes then is late
INSERT INTO market_data VALUES (15, 100000, 1, 'SYM1', 1, 1, '2024-01-15 12:17:29Z');
SELECT all_consumed();
SELECT name, late_rows, dropped_rows, future_rows FROM weir.queries WHERE name::text LIKE 'idle%' ORDER BY name::text;
REFRESH MATERIALIZED VIEW rows;
SELECT differing('idle_update', true, '2090-01-01Z') AS "update", count(*) AS dropped
FROM idle_drop r JOIN oracle(true, '2090-01-01Z') o USING (minute, trader_id, symbol) WHERE o.count = r.count + 1;
SELECT weir.retry_dead_letters('idle_dead_letter');
SELECT differing('idle_dead_letter', true, '2090-01-01Z');

DROP VIEW told;
-- local days over both changes of the clock, and months, each with rows that are late and rows that are only behind
SELECT weir.drop_query(result) IS NOT NULL AS dropped FROM weir.continuous_queries WHERE result::text ~ '^(idle|s0|s1)' ORDER BY id DESC;
CREATE TABLE reading (batch int, id int, at timestamptz, local timestamp, v numeric);
CREATE FUNCTION calendar(name text, unit text, emit text, late text) RETURNS regclass LANGUAGE sql AS $$
    SELECT weir.create_query(name, format('SELECT %s AS start, count(*), sum(v) FROM policies.reading GROUP BY 1 %s',
        CASE unit WHEN 'day' THEN 'date_trunc(''day'', at, ''Europe/Berlin'')' ELSE 'weir.tumble(local, ''1 month'')' END, emit), lateness => '25 h', late => late)
$$;
SELECT calendar(unit || '_' || kind || '_' || late, unit, 'EMIT ' || kind, late)
FROM unnest(ARRAY['day', 'month']) unit, unnest(ARRAY['final', 'changes']) kind, unnest(ARRAY['update', 'drop', 'dead_letter']) late;
DO $$
BEGIN
    FOR b IN 0 .. 21 LOOP
        INSERT INTO policies.reading
        SELECT b, b * 1000 + g, t, t AT TIME ZONE 'UTC', b * 1000 + g
        FROM generate_series(0, 499) g, LATERAL (SELECT timestamptz '2024-02-20Z' + b * interval '12 days' + g * interval '34 min'
            - CASE WHEN g % 40 = 7 THEN interval '24 h' WHEN g % 40 = 13 THEN interval '20 days' ELSE interval '0' END AS t) x;
        COMMIT;
        PERFORM policies.all_consumed();
        COMMIT;
    END LOOP;
END $$;
CREATE FUNCTION start_of(unit text, at timestamptz) RETURNS timestamptz LANGUAGE sql AS
    $$SELECT CASE unit WHEN 'day' THEN date_trunc('day', at, 'Europe/Berlin') ELSE date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' END$$;
CREATE MATERIALIZED VIEW met AS
SELECT unit, r.*, start_of(unit, r.at) AS start, coalesce(start_of(unit, r.at) < start_of(unit, w.watermark), false) AS is_late,
       start_of(unit, (SELECT max(at) - interval '25 h' FROM reading)) AS below
FROM reading r CROSS JOIN unnest(ARRAY['day', 'month']) unit
LEFT JOIN (SELECT b.batch, max(o.at) - interval '25 h' AS watermark FROM (SELECT DISTINCT batch FROM reading) b JOIN reading o ON o.batch < b.batch GROUP BY 1) w USING (batch);
SELECT unit, count(*) FILTER (WHERE is_late) > 100 AS some_are_late, count(DISTINCT start) AS windows,
       count(*) FILTER (WHERE start IN (timestamptz '2024-03-31 Europe/Berlin', timestamptz '2024-10-27 Europe/Berlin')) AS on_changes FROM met GROUP BY 1 ORDER BY 1;
CREATE FUNCTION calendar_differs(query regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    with_late bool := query::text ~ 'update';
    expected text := format('SELECT start, count(*), sum(v) FROM policies.met WHERE unit = %L AND (%L OR NOT is_late) AND (%L OR start < below) GROUP BY 1',
        split_part(query::text, '_', 1), with_late, query::text ~ 'changes');
BEGIN
    EXECUTE format('SELECT count(*) FROM ((SELECT start::timestamptz, count, sum FROM %1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL SELECT start::timestamptz, count, sum FROM %1$s)) d',
        query, expected) INTO n;
    RETURN n;
END $$;
SELECT q.name, calendar_differs(q.name) AS differ, q.late_rows = m.late AS late_is_right, q.dropped_rows = CASE WHEN q.name::text LIKE '%update' THEN 0 ELSE m.late END AS dropped_is_right
FROM weir.queries q JOIN (SELECT unit, count(*) FILTER (WHERE is_late) AS late FROM met GROUP BY 1) m ON q.name::text LIKE unit || '\_%' ORDER BY q.name::text;
SELECT count(*) AS letters_differ FROM (SELECT split_part(query::text, '_', 1) AS unit, ("row" ->> 'id')::int AS id FROM weir.dead_letters WHERE query::text LIKE '%final%') l
FULL JOIN (SELECT unit, id FROM met WHERE is_late) m USING (unit, id) WHERE l.id IS NULL OR m.id IS NULL;

DROP VIEW told_final, told_changes;
SELECT weir.drop_query(result) IS NOT NULL AS dropped FROM weir.continuous_queries ORDER BY id DESC;
DROP SCHEMA policies CASCADE;
