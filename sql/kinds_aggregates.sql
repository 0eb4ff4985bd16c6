-- Aggregates whose states are kept as bytes: histograms and their percentiles.
CREATE SCHEMA ca;
SET search_path = ca, public;
SET client_min_messages = warning;
CREATE TABLE call (service text, ms float8, calls bigint);
CREATE FUNCTION add_calls(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO ca.call SELECT CASE WHEN g % 5 > 0 THEN 's' || g % 5 END, CASE WHEN g % 7 > 0 THEN g * 0.37 % 1000 END, g % 4
    FROM generate_series(first, last) g
$$;
-- Differences between a view and its definition, both ways.
CREATE FUNCTION differences(result regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    id int := (SELECT q.id FROM weir.continuous_queries q WHERE q.result = differences.result);
BEGIN
    EXECUTE format('WITH a AS (SELECT t::text FROM %1$s t), b AS (SELECT t::text FROM weir_state.q%2$s_definition t)
                    SELECT (SELECT count(*) FROM (TABLE a EXCEPT ALL TABLE b) x) + (SELECT count(*) FROM (TABLE b EXCEPT ALL TABLE a) x)',
                   result, id) INTO n;
    RETURN n;
END $$;
SELECT add_calls(1, 1000);
SELECT weir.create_query('slow', $$
    SELECT service, weir.histogram_agg(ms) AS durations, weir.percentile(weir.histogram_agg(ms), 0.99) AS p99,
           weir.percentile(weir.histogram_agg(ms, calls), 0.5) AS weighted, weir.histogram_agg(ms) FILTER (WHERE calls > 2) AS many
    FROM call GROUP BY service HAVING weir.histogram_count(weir.histogram_agg(ms)) > 10 $$);
SELECT differences('slow');
SELECT add_calls(1001, 3000);
SELECT differences('slow'), weir.wait('slow'), differences('slow');
INSERT INTO call VALUES ('new', 900000, 3);
SELECT weir.wait('slow'), differences('slow');
SELECT service, weir.histogram_count(durations), p99 > 300 AS is_slow FROM slow ORDER BY service;

-- histograms of histograms: minutes into hours
CREATE TABLE minute_of (at timestamptz, durations weir.histogram);
SELECT weir.create_query('hourly', $$
    SELECT weir.tumble(at, '1 hour') AS hour, weir.histogram_merge(durations) AS durations,
           weir.percentile(weir.histogram_merge(durations), 0.95) AS p95
    FROM minute_of GROUP BY 1 $$);
INSERT INTO minute_of SELECT '2024-01-01Z'::timestamptz + g * interval '1 min', weir.histogram_agg(v) FROM generate_series(0, 179) g, generate_series(1, 10) v GROUP BY g;
SELECT differences('hourly'), weir.wait('hourly'), differences('hourly');
INSERT INTO minute_of SELECT at, weir.histogram_merge(durations) FROM minute_of GROUP BY at;
SELECT differences('hourly'), weir.wait('hourly'), differences('hourly');
SELECT extract(hour FROM hour AT TIME ZONE 'UTC') AS hour, weir.histogram_count(durations), p95 BETWEEN 9 AND 10 AS fits FROM hourly ORDER BY 1;

-- bytes that are no histogram are refused, however they get there
SELECT weir.merge_states('weir.histogram_agg(double precision)', '\xffffffffffffffffffffffffffff');
SELECT weir.finish_states('weir.histogram_agg(double precision)', '\x01', NULL::weir.histogram);
SELECT weir.finish_states('weir.histogram_agg(double precision)', state, NULL::weir.histogram)
FROM (SELECT weir.partial_state('weir.histogram_agg(double precision)', ms) AS state
      FROM unnest(ARRAY[1, 10, 100]::float8[]) ms GROUP BY ms) s;

-- rows that come back under their primary key with other values: each is in its own group
CREATE TABLE item (id int PRIMARY KEY, kind text, n int);
CREATE TABLE item_part (id int, kind text, n int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE item_part_1 PARTITION OF item_part FOR VALUES FROM (0) TO (10);
SELECT weir.create_query('items', 'SELECT id, kind, count(*), sum(n) FROM item GROUP BY id, kind');
SELECT weir.create_query('items_part', 'SELECT kind, id, count(*), sum(n) FROM item_part GROUP BY kind, id');
SELECT weir.pause_query('items'), weir.pause_query('items_part');
INSERT INTO item VALUES (1, 'a', 1);
DELETE FROM item;
INSERT INTO item VALUES (1, 'b', 10);
INSERT INTO item_part VALUES (1, 'a', 1);
DELETE FROM item_part;
INSERT INTO item_part VALUES (1, 'b', 10);
SELECT * FROM items ORDER BY kind;
SELECT * FROM items_part ORDER BY kind;
SELECT weir.resume_query('items'), weir.resume_query('items_part');
SELECT weir.wait('items'), weir.wait('items_part');
SELECT * FROM items ORDER BY kind;
SELECT * FROM items_part ORDER BY kind;

SELECT weir.drop_query('slow'), weir.drop_query('hourly'), weir.drop_query('items'), weir.drop_query('items_part');
DROP SCHEMA ca CASCADE;
RESET search_path;
