-- The time of continuous queries: watermarks, late rows, quiet streams, windows of local time and months.
CREATE SCHEMA times;
SET search_path = times, public;
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE TABLE event (at timestamptz, local timestamp, kind text, n int);
CREATE FUNCTION add_event(at timestamptz, n int DEFAULT 1, kind text DEFAULT 'a') RETURNS void LANGUAGE sql AS
    $$INSERT INTO times.event VALUES (at, at AT TIME ZONE 'UTC', kind, n)$$;
-- The rows of a log, replayed.
CREATE FUNCTION replayed(query regclass) RETURNS SETOF jsonb LANGUAGE sql AS $$
    SELECT r.row FROM (SELECT new AS row, 1 AS n FROM weir.changes(query, 0, 1000000) WHERE new IS NOT NULL
                       UNION ALL SELECT old, -1 FROM weir.changes(query, 0, 1000000) WHERE old IS NOT NULL) r,
         generate_series(1, 1) GROUP BY 1 HAVING sum(r.n) > 0
$$;
CREATE FUNCTION differs(query regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    differences bigint;
BEGIN
    EXECUTE format('SELECT (SELECT count(*) FROM (SELECT replayed(%1$L) EXCEPT ALL SELECT to_jsonb(r) FROM %1$s r) a)
                         + (SELECT count(*) FROM (SELECT to_jsonb(r) FROM %1$s r EXCEPT ALL SELECT replayed(%1$L)) b)', query)
        INTO differences;
    RETURN differences;
END $$;
SELECT weir.create_query('live', 'SELECT weir.tumble(at, ''1 minute'') AS minute, kind, sum(n) FROM event GROUP BY 1, 2 EMIT CHANGES',
    lateness => '30 s');
SELECT weir.create_query('final', 'SELECT weir.tumble(at, ''1 minute'') AS minute, kind, sum(n) FROM event GROUP BY 1, 2 EMIT FINAL',
    lateness => '30 s');
SELECT weir.create_query('strict', 'SELECT kind, date_bin(''1 minute'', at, ''2000-01-01Z'') AS minute, sum(n) FROM event GROUP BY 1, 2 EMIT FINAL',
    lateness => '30 s', late => 'drop');
SELECT weir.create_query('dropping', 'SELECT weir.tumble(local, ''1 minute'') AS minute, sum(n) FROM event GROUP BY 1 HAVING sum(n) <> 5',
    late => 'drop');
CREATE FUNCTION all_consumed() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s %s', q.result, weir.wait(q.result)) FROM weir.continuous_queries q ORDER BY q.id
$$;

-- a window closes once the watermark has reached its end
SELECT add_event('2024-01-01 00:00:10Z'), add_event('2024-01-01 00:00:50Z', 2), add_event('2024-01-01 00:01:29Z', 4);
SELECT all_consumed();
SELECT name, watermark, closed_below, late_rows, dropped_rows, future_rows FROM weir.queries ORDER BY name::text;
TABLE live ORDER BY 1;
TABLE final;
SELECT add_event('2024-01-01 00:01:30Z', 8), add_event('2024-01-01 00:00:00Z', 16);
-- the row of 00:00:00 came with the one that closes its window, and is in time
SELECT all_consumed();
TABLE final;
TABLE strict;
-- late rows: live and final follow at once, strict and dropping never count them
SELECT add_event('2024-01-01 00:00:59.999999Z', 32), add_event('2024-01-01 00:00:00Z', 64, 'b'), add_event('-infinity', 128);
TABLE live ORDER BY 1, 2;
TABLE final ORDER BY 1, 2;
TABLE strict;
TABLE dropping ORDER BY 1;
SELECT all_consumed();
TABLE live ORDER BY 1, 2;
TABLE final ORDER BY 1, 2;
TABLE strict;
TABLE dropping ORDER BY 1;
SELECT old, new FROM weir.changes('final');
SELECT old, new FROM weir.changes('strict');
-- rows of the future, at infinity and without a time are counted and move nothing
SELECT add_event('2099-01-01Z'), add_event('infinity'), add_event(NULL), add_event('2024-01-01 00:02:00Z');
SELECT all_consumed();
SELECT name, watermark, closed_below, late_rows, dropped_rows, future_rows FROM weir.queries ORDER BY name::text;
SELECT differs(q) FROM unnest(ARRAY['live', 'final', 'strict']::regclass[]) q;
TABLE dropping ORDER BY 1;

-- a rebuild counts what is there, and begins the time anew
SELECT weir.refresh_query(q) IS NOT NULL AS refreshed FROM unnest(ARRAY['final', 'strict', 'dropping']::regclass[]) q;
SELECT name, watermark, closed_below, late_rows, dropped_rows, future_rows FROM weir.queries ORDER BY name::text;
TABLE strict ORDER BY 1, 2;
SELECT differs(q) FROM unnest(ARRAY['live', 'final', 'strict']::regclass[]) q;

-- a quiet stream closes
SELECT weir.create_query('quiet', 'SELECT weir.tumble(at, ''1 hour'') AS hour, count(*) FROM event GROUP BY 1 EMIT FINAL',
    lateness => '10 min', idle_timeout => '500 ms', late => 'drop');
SELECT new FROM weir.changes('quiet', max_rows => 1, timeout => '60 s');
DO $$
BEGIN
    FOR i IN 1 .. 600 LOOP
        EXIT WHEN (SELECT closed_below FROM weir.query_time((SELECT id FROM weir.continuous_queries WHERE result = 'quiet'::regclass))) = '2024-01-01 00:00:00.000001Z';
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT watermark, closed_below FROM weir.queries WHERE name = 'quiet'::regclass;
SELECT max(position) AS last FROM weir.changes('quiet', 0, 100000) \gset
SELECT add_event('2024-01-01 00:59:59Z'), add_event('2024-01-01 01:00:00Z');
SELECT weir.wait('quiet');
SELECT late_rows, dropped_rows FROM weir.queries WHERE name = 'quiet'::regclass;
SELECT new FROM weir.changes('quiet', :last, timeout => '60 s');

-- months and local days, over the change to summer time and back
CREATE TABLE reading (at timestamptz, local timestamp, v numeric);
SELECT weir.create_query('days', 'SELECT date_trunc(''day'', at, ''Europe/Berlin'') AS day, count(*), sum(v) FROM reading GROUP BY 1 EMIT FINAL');
SELECT weir.create_query('local_days', 'SELECT weir.tumble(at AT TIME ZONE ''Europe/Berlin'', ''1 day'') AS day, count(*), sum(v) FROM reading GROUP BY 1 EMIT FINAL');
SELECT weir.create_query('months', 'SELECT weir.tumble(local, ''1 month'') AS month, count(*), sum(v) FROM reading GROUP BY 1 EMIT FINAL');
SELECT weir.create_query('quarters', 'SELECT date_trunc(''quarter'', local) AS quarter, count(*), sum(v) FROM reading GROUP BY 1 EMIT FINAL');
DO $$
BEGIN
    FOR i IN 0 .. 11 LOOP
        INSERT INTO reading SELECT t, t AT TIME ZONE 'UTC', extract(epoch FROM t) FROM generate_series(
            '2024-01-01Z'::timestamptz + i * interval '30 days', '2024-01-01Z'::timestamptz + (i + 1) * interval '30 days' - interval '1 s', '37 min') t;
        COMMIT;
        PERFORM weir.wait('days'), weir.wait('local_days'), weir.wait('months'), weir.wait('quarters');
        COMMIT;
    END LOOP;
END $$;
SELECT name, late_rows, closed_below FROM weir.queries WHERE name::text ~ 'days|months|quarters' ORDER BY name::text;
SELECT count(*) FROM ((TABLE days EXCEPT ALL SELECT date_trunc('day', at, 'Europe/Berlin'), count(*), sum(v) FROM reading GROUP BY 1)
    UNION ALL (SELECT date_trunc('day', at, 'Europe/Berlin') AS day, count(*), sum(v) FROM reading WHERE at < '2024-12-25 23:00Z' GROUP BY 1 EXCEPT ALL TABLE days)) d;
SELECT count(*) FROM ((TABLE local_days EXCEPT ALL SELECT date_trunc('day', at AT TIME ZONE 'Europe/Berlin'), count(*), sum(v) FROM reading GROUP BY 1)
    UNION ALL (SELECT date_trunc('day', at AT TIME ZONE 'Europe/Berlin') AS day, count(*), sum(v) FROM reading WHERE at < '2024-12-25 23:00Z' GROUP BY 1 EXCEPT ALL TABLE local_days)) d;
SELECT count(*) FROM ((TABLE months EXCEPT ALL SELECT date_trunc('month', local), count(*), sum(v) FROM reading GROUP BY 1)
    UNION ALL (SELECT date_trunc('month', local), count(*), sum(v) FROM reading WHERE local < '2024-12-01' GROUP BY 1 EXCEPT ALL TABLE months)) d;
TABLE months ORDER BY 1;
TABLE quarters ORDER BY 1;
SELECT day, count FROM days WHERE day::date IN ('2024-03-30', '2024-03-31', '2024-10-26', '2024-10-27') ORDER BY 1;
SELECT q, differs(q) FROM unnest(ARRAY['days', 'local_days', 'months', 'quarters']::regclass[]) q;

-- windows that are over for long are forgotten, and stay so
SELECT weir.create_query('kept', 'SELECT weir.tumble(at, ''1 minute'') AS minute, sum(n) FROM event GROUP BY 1', retention => '1 minute');
SELECT weir.wait('kept');
DO $$
BEGIN
    FOR i IN 1 .. 600 LOOP
        EXIT WHEN (SELECT min(minute) FROM kept) > '2024-01-01 00:01Z';
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
TABLE kept ORDER BY 1;
SELECT add_event('2024-01-01 00:00:30Z', 1000);
TABLE kept ORDER BY 1;
SELECT weir.wait('kept');
TABLE kept ORDER BY 1;
SELECT late_rows, dropped_rows FROM weir.queries WHERE name = 'kept'::regclass;

-- late rows as dead letters: out of the result until they are put through again
SELECT weir.create_query('lettered', 'SELECT kind, weir.tumble(at, ''1 minute'') AS minute, count(*), sum(100 / n) FROM event WHERE n < 5000 GROUP BY 1, 2 EMIT FINAL',
    late => 'dead_letter', on_error => 'dead_letter', tick => '50 ms');
SELECT weir.wait('lettered');
SELECT add_event('2024-01-01 00:00:30Z', 4000), add_event('2024-01-01 00:00:30Z', 6000), add_event('2024-01-01 00:00:30Z', 0),
       add_event('2024-01-02 00:00:30Z', 3), add_event('2024-01-02 00:01:30Z', 5);
SELECT kind, count FROM lettered WHERE minute = '2024-01-01 00:00Z' ORDER BY 1;
SELECT weir.wait('lettered', '5 minutes');
SELECT "row" ->> 'at' AS at, "row" ->> 'n' AS n, sqlstate, message FROM weir.dead_letters ORDER BY id;
SELECT late_rows, dropped_rows FROM weir.queries WHERE name = 'lettered'::regclass;
SELECT minute, count, sum FROM lettered WHERE kind = 'a' AND minute IN ('2024-01-01 00:00Z', '2024-01-02 00:00Z') ORDER BY 1;
SELECT weir.retry_dead_letters('lettered');
SELECT minute, count, sum FROM lettered WHERE kind = 'a' AND minute IN ('2024-01-01 00:00Z', '2024-01-02 00:00Z') ORDER BY 1;
SELECT "row" ->> 'n' AS n, sqlstate FROM weir.dead_letters ORDER BY id;
SELECT differs('lettered');

-- refused
SELECT weir.create_query('no', 'SELECT weir.tumble(at, ''1 min''), count(*) FROM event GROUP BY 1 EMIT FINAL', on_delete => 'retract');
SELECT weir.create_query('no', 'SELECT kind, count(*) FROM event GROUP BY 1 EMIT FINAL');
SELECT weir.create_query('no', 'SELECT kind FROM event EMIT FINAL');
SELECT weir.create_query('no', 'SELECT weir.tumble(at, ''1 min''), weir.tumble(at, ''1 hour'') AS hour, count(*) FROM event GROUP BY 1, 2', lateness => '1 s');
SELECT weir.create_query('no', 'SELECT weir.tumble(n, 10), count(*) FROM event GROUP BY 1 EMIT FINAL');
SELECT weir.create_query('no', 'SELECT weir.tumble(at + ''1 s'', ''1 min''), count(*) FROM event GROUP BY 1', late => 'drop');
SELECT weir.create_query('no', 'SELECT weir.tumble(at, ''1 min''), count(*) FROM event GROUP BY 1', late => 'never');
SELECT weir.create_query('no', 'SELECT weir.tumble(at, ''1 min''), count(*) FROM event GROUP BY 1', lateness => '-1 s');
SELECT weir.create_query('no', 'SELECT weir.tumble(at, ''1 min''), count(*) FROM event GROUP BY 1', idle_timeout => '0');

SELECT weir.drop_query(result) IS NOT NULL AS dropped FROM weir.continuous_queries ORDER BY id;
SELECT count(*) FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace;
DROP SCHEMA times CASCADE;
