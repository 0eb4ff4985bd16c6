-- Streaming scenarios as continuous queries, with late rows inside and outside the lateness, against what
-- stock SQL makes of the same rows.
CREATE SCHEMA scenarios;
SET search_path = scenarios, public;
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE TABLE market_data (batch int, id bigint, trader_id bigint, symbol text, price float8, quantity bigint, trade_time timestamptz);
CREATE FUNCTION add_batch(batch int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO scenarios.market_data
    SELECT batch, i, i % 10, 'SYM' || i % 5, 100 + (i % 500) * 0.1, i % 1000,
           timestamptz '2024-01-15 12:00Z' + i * interval '100 ms'
           - CASE WHEN i % 50 = 0 THEN interval '20 s' WHEN i % 50 = 25 THEN interval '4 min' ELSE interval '0' END
    FROM generate_series(batch * 700::bigint, batch * 700 + 699) i
$$;
SELECT weir.create_query('s2', 'SELECT trader_id, symbol, count(*), avg(price), sum(quantity) AS quantity, sum(price * quantity) AS value
    FROM market_data GROUP BY 1, 2 EMIT CHANGES');
CREATE FUNCTION tumbling(name text, emit text, late text) RETURNS regclass LANGUAGE sql AS $$
    SELECT weir.create_query(name, 'SELECT weir.tumble(trade_time, ''1 minute'') AS minute, trader_id, symbol, count(*), avg(price),
        sum(quantity) AS quantity, sum(price * quantity) AS value FROM scenarios.market_data GROUP BY 1, 2, 3 ' || emit,
        lateness => '30 s', late => late)
$$;
SELECT tumbling('s3a_update', 'EMIT FINAL', 'update'), tumbling('s3a_drop', 'EMIT FINAL', 'drop'),
       tumbling('s3b_update', 'EMIT CHANGES', 'update'), tumbling('s3b_drop', 'EMIT CHANGES', 'drop');

-- What each batch meets is known before it comes: the watermark of what came before. The last batch stays
-- outside of the state.
DO $$
BEGIN
    FOR b IN 0 .. 14 LOOP
        PERFORM scenarios.add_batch(b);
        COMMIT;
        PERFORM weir.wait(q.result) FROM weir.continuous_queries q;
        COMMIT;
    END LOOP;
    PERFORM weir.pause_query(q.result) FROM weir.continuous_queries q;
    PERFORM scenarios.add_batch(15);
END $$;
CREATE VIEW met AS
SELECT m.*, date_bin('1 minute', m.trade_time, 'epoch') AS minute,
       date_bin('1 minute', w.watermark, 'epoch') AS closed_below
FROM market_data m
LEFT JOIN LATERAL (SELECT max(trade_time) - interval '30 s' AS watermark FROM market_data o WHERE o.batch < m.batch) w ON true;
CREATE MATERIALIZED VIEW rows AS SELECT *, coalesce(minute < closed_below, false) AS is_late FROM met;
SELECT count(*) FILTER (WHERE is_late) > 100 AS some_are_late, count(*) FILTER (WHERE is_late) * 20 < count(*) AS few_are_late,
       count(*) FILTER (WHERE NOT is_late AND id % 50 = 0) > 100 AS some_are_out_of_order FROM rows;
-- now, and as of the last step
CREATE FUNCTION oracle(with_late bool, below timestamptz, last_batch int)
RETURNS TABLE (minute timestamptz, trader_id bigint, symbol text, count bigint, avg float8, quantity numeric, value float8) LANGUAGE sql AS $$
    SELECT r.minute, r.trader_id, r.symbol, count(*), avg(r.price), sum(r.quantity), sum(r.price * r.quantity)
    FROM scenarios.rows r
    WHERE (with_late OR NOT r.is_late) AND r.minute < below AND r.batch <= last_batch GROUP BY 1, 2, 3
$$;
SELECT closed_below AS below FROM weir.queries WHERE name = 's3a_update'::regclass \gset
SELECT count(*) AS differ FROM rows WHERE batch = 15 AND closed_below <> :'below';
-- equal: exactly, and fractions to 12 digits; both ways
CREATE FUNCTION differing(result regclass, oracle text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s r FULL JOIN %s o USING (minute, trader_id, symbol)
        WHERE (r.count, r.quantity) IS DISTINCT FROM (o.count, o.quantity)
           OR abs(r.avg - o.avg) > 1e-12 * abs(o.avg) OR abs(r.value - o.value) > 1e-12 * abs(o.value)', result, oracle) INTO n;
    RETURN n;
END $$;
SELECT differing('s3a_update', format('oracle(true, %L, 15)', :'below')) AS s3a_update,
       differing('s3a_drop', format('oracle(false, %L, 15)', :'below')) AS s3a_drop,
       differing('s3b_update', 'oracle(true, ''infinity'', 15)') AS s3b_update,
       differing('s3b_drop', 'oracle(false, ''infinity'', 15)') AS s3b_drop;
SELECT count(*) AS s2 FROM s2 r FULL JOIN (
    SELECT trader_id, symbol, count(*), avg(price), sum(quantity) AS quantity, sum(price * quantity) AS value FROM market_data GROUP BY 1, 2) o
    USING (trader_id, symbol)
WHERE (r.count, r.quantity) IS DISTINCT FROM (o.count, o.quantity)
   OR abs(r.avg - o.avg) > 1e-12 * abs(o.avg) OR abs(r.value - o.value) > 1e-12 * abs(o.value);
SELECT (SELECT count(*) FROM s3a_update) > 150 AS has_closed, (SELECT count(*) FROM s3b_update) > (SELECT count(*) FROM s3a_update) AS has_open;

-- what was counted as late and dropped
SELECT q.name, q.late_rows = l.late AS late_is_right, q.dropped_rows = CASE WHEN q.name::text LIKE '%drop' THEN l.late ELSE 0 END AS dropped_is_right
FROM weir.queries q, (SELECT count(*) FILTER (WHERE is_late AND batch < 15) AS late FROM rows) l
WHERE q.name::text LIKE 's3%' ORDER BY q.name::text;

-- the logs: each change begins where the last one of its group ended; what each group came to is the result
CREATE FUNCTION log_of(query regclass) RETURNS TABLE (pos bigint, key jsonb, old jsonb, new jsonb) LANGUAGE sql AS $$
    SELECT position, coalesce(new, old) - '{count,avg,quantity,value}'::text[], old, new FROM weir.changes(query, 0, 1000000)
$$;
SELECT q, (SELECT count(*) FROM (SELECT old, lag(new) OVER (PARTITION BY key ORDER BY pos) AS before FROM log_of(q)) c
           WHERE old IS DISTINCT FROM before) AS gaps,
       (SELECT max(n) FROM (SELECT count(*) AS n FROM log_of(q) GROUP BY key) k) > 1 AS revised
FROM unnest(ARRAY['s2', 's3a_update', 's3a_drop', 's3b_update', 's3b_drop']::regclass[]) q;
CREATE FUNCTION last_of(query regclass)
RETURNS TABLE (minute timestamptz, trader_id bigint, symbol text, count bigint, avg float8, quantity numeric, value float8) LANGUAGE sql AS $$
    SELECT r.* FROM (SELECT DISTINCT ON (key) new FROM log_of(query) ORDER BY key, pos DESC) l,
        jsonb_populate_record(NULL::scenarios.s3a_update, l.new) r
$$;
SELECT count(*) AS differ FROM (
    SELECT 's3a_update' AS q, l.minute, l.trader_id, l.symbol, l.count, l.quantity FROM last_of('s3a_update') l
    UNION ALL SELECT 's3a_drop', l.minute, l.trader_id, l.symbol, l.count, l.quantity FROM last_of('s3a_drop') l
    UNION ALL SELECT 's3b_update', l.minute, l.trader_id, l.symbol, l.count, l.quantity FROM last_of('s3b_update') l
    UNION ALL SELECT 's3b_drop', l.minute, l.trader_id, l.symbol, l.count, l.quantity FROM last_of('s3b_drop') l) l
FULL JOIN (
    SELECT 's3a_update' AS q, o.* FROM oracle(true, :'below', 14) o
    UNION ALL SELECT 's3a_drop', o.* FROM oracle(false, :'below', 14) o
    UNION ALL SELECT 's3b_update', o.* FROM oracle(true, 'infinity', 14) o
    UNION ALL SELECT 's3b_drop', o.* FROM oracle(false, 'infinity', 14) o) o USING (q, minute, trader_id, symbol)
WHERE (l.count, l.quantity) IS DISTINCT FROM (o.count, o.quantity);
-- and on again
SELECT weir.resume_query(q.result) IS NOT NULL AS resumed FROM weir.continuous_queries q;
SELECT bool_and(weir.wait(q.result)) FROM weir.continuous_queries q;
SELECT differing('s3b_update', 'oracle(true, ''infinity'', 15)') AS s3b_update, differing('s3b_drop', 'oracle(false, ''infinity'', 15)') AS s3b_drop;
SELECT weir.drop_query(result) IS NOT NULL AS dropped FROM weir.continuous_queries ORDER BY id;
DROP SCHEMA scenarios CASCADE;
