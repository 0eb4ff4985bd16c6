-- What roll-ups are asked for: workloads, spikes, sustained use, errors, the most of something, and how
-- things went.
-- Days are told apart below: not across midnight.
SELECT pg_sleep(CASE WHEN second > 86340 THEN 86401 - second ELSE 0 END) FROM (SELECT extract(epoch FROM now())::numeric % 86400 AS second) s;
SELECT weir.reset();
CREATE TABLE stock (id int PRIMARY KEY, amount int);
CREATE TABLE note (id int, words text);
SET weir.tenant = 'questions';
INSERT INTO stock SELECT i, i FROM generate_series(1, 10) i;
INSERT INTO note VALUES (1, 'a');
INSERT INTO note VALUES (2, 'b');
SELECT words FROM note WHERE id = 1;
SELECT amount FROM stock WHERE id = 1;
SELECT amount FROM stock WHERE id = 2;
SELECT amount FROM stock WHERE id = 3;
TRUNCATE note;
SELECT 1 / amount FROM stock WHERE id - amount = 0 AND 1 / (id - 1) > 0;
SELECT 1 / amount FROM stock WHERE id - amount = 0 AND 1 / (id - 2) > 0;
SELECT 1 / 0;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;

-- reads and writes of each table; the thresholds are arguments
SELECT table_name, workload, calls, reads, writes, round(share_read::numeric, 3) AS share_read FROM weir.workload() WHERE table_name IN ('stock', 'note') ORDER BY 1;
SELECT table_name, workload FROM weir.workload(read_ratio => 0.9, write_ratio => 0.9) WHERE table_name IN ('stock', 'note') ORDER BY 1;
SELECT table_name, workload FROM weir.workload(read_ratio => 0.3) WHERE table_name IN ('stock', 'note') ORDER BY 1;

-- errors by code and query
SELECT sqlstate, errors, calls, tenants, query_type, table_name, query, last_seen >= first_seen AS seen FROM weir.errors() ORDER BY errors DESC, query;

-- the most of something
SELECT value, round(share::numeric, 2) <= 1 AS share, calls, errors, rows, tenants, query FROM weir.top('errors', 1);
SELECT value = calls AS value, calls, query FROM weir.top('calls', 100) WHERE query LIKE 'SELECT amount%';
SELECT value = max(value) OVER () AS first FROM weir.top('rows', 1);
SELECT count(*) AS metrics FROM unnest(ARRAY['total_ms', 'calls', 'avg_ms', 'max_ms', 'p95_ms', 'errors', 'rows', 'plan_ms', 'blocks',
    'blocks_read', 'temp_blocks', 'wal_bytes']) m, LATERAL (SELECT count(*) AS n, bool_and(value >= 0) AS good FROM weir.top(m, 3)) t WHERE n = 3 AND good;
SELECT * FROM weir.top('money');
SELECT count(*) FROM weir.top('calls', 0);

-- a spike: three times the average of all minutes since the tenant's first; and sustained use
SELECT count(weir.log_query_stat('spiky', 't', NULL, 'SELECT', 1)) FROM generate_series(1, 20);
SELECT count(weir.log_query_stat('even', 't', NULL, 'SELECT', 1)) FROM generate_series(1, 20);
SET weir.clock_shift = '-600s';
SELECT count(weir.log_query_stat('spiky', 't', NULL, 'SELECT', 1)) FROM generate_series(1, 2);
SELECT weir.flush() >= 0 AS flushed;
DO $$
BEGIN
    FOR minute IN 1 .. 12 LOOP
        PERFORM set_config('weir.clock_shift', (-60 * minute)::text, false);
        PERFORM weir.log_query_stat('even', 't', NULL, 'SELECT', 1) FROM generate_series(1, 20);
    END LOOP;
    FOR day IN 1 .. 3 LOOP
        PERFORM set_config('weir.clock_shift', (-86400 * day)::text, false);
        PERFORM weir.log_query_stat('steady', 't', NULL, 'SELECT', 1) FROM generate_series(1, 40 + 10 * day);
    END LOOP;
END $$;
RESET weir.clock_shift;
SELECT weir.flush() >= 0 AS flushed;
SELECT tenant_id, calls, avg_calls BETWEEN 1.5 AND 2.5 AS avg_calls, ratio > 8 AS ratio FROM weir.spikes() WHERE tenant_id IN ('spiky', 'even');
SELECT tenant_id FROM weir.spikes(50) WHERE tenant_id IN ('spiky', 'even');
SELECT tenant_id FROM weir.spikes(min_calls => 21) WHERE tenant_id IN ('spiky', 'even');
SELECT tenant_id, days, calls, calls_per_day, busiest_day = date_trunc('day', now() - interval '3 days', 'UTC') AS busiest_day, busiest_calls FROM weir.sustained();
SELECT tenant_id FROM weir.sustained(min_calls => 51);
SELECT tenant_id FROM weir.sustained(min_days => 4);

-- by time: the buckets add up to the whole, gaps are there
SELECT count(*) BETWEEN 60 AND 62 AS buckets, sum(value) = (SELECT sum(calls) FROM weir.query_stats_summary('1 hour')) AS calls,
       max(length(bar)) AS longest_bar, min(value) AS least FROM weir.timeline();
SELECT sum(value) FROM weir.timeline('errors', '1 hour', '5 min');
SELECT count(*) FILTER (WHERE n > 0) AS metrics FROM unnest(ARRAY['calls', 'errors', 'total_ms', 'rows', 'avg_ms', 'max_ms', 'p50_ms', 'p95_ms', 'p99_ms',
    'blocks_read', 'wal_bytes']) m, LATERAL (SELECT count(value) AS n FROM weir.timeline(m)) t;
SELECT * FROM weir.timeline('money');
SELECT weir.sparkline('{0,1,2,3,4,5,6,7}'), weir.sparkline('{5,NULL,5}'), weir.sparkline('{0,0}'), weir.sparkline('{}');
SELECT regexp_replace(report, '[0-9]+[.0-9]*', 'n', 'g') AS report FROM weir.report() WHERE report ~ '^(Database|milliseconds|Queries|Tenants|Errors|even|22012)' OR report ~ 'SELECT words';
SELECT length(report) - length('calls    ') BETWEEN 60 AND 62 AS sixty_minutes FROM weir.report() WHERE report LIKE 'calls%';
SELECT count(*) <= 24 AS one_screen, max(length(report)) <= 120 AS narrow FROM weir.report();
SELECT count(*) > 3 AS lines FROM weir.report('0 s');

-- Advice follows from conditions; without statistics it is inconclusive.
CREATE TABLE parcel (id int, code text, sender int, weight numeric, "Odd" int);
INSERT INTO parcel SELECT i, 'c' || i, i % 100, i, i FROM generate_series(1, 5000) i;
CREATE INDEX parcel_sender ON parcel (sender);
CREATE FUNCTION ask(sql text, times int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1 .. times LOOP EXECUTE sql; END LOOP; END $$;
SET weir.capture = 'all';
SELECT ask('SELECT * FROM parcel WHERE code = ''c7''', 3);
SELECT ask('SELECT * FROM parcel WHERE sender = 7 AND weight = 8', 3);
SELECT ask('SELECT * FROM parcel WHERE id > 4990', 3);
RESET weir.capture;
SELECT weir.flush() >= 0 AS flushed;
SELECT column_name, verdict, reason, statement, calls FROM weir.index_advice(3) WHERE table_name = 'parcel'::regclass ORDER BY 1;
ANALYZE parcel;
SELECT column_name, verdict, reason, statement, calls FROM weir.index_advice(3) WHERE table_name = 'parcel'::regclass ORDER BY 1;
SELECT count(*) FROM weir.index_advice(4) WHERE table_name = 'parcel'::regclass;
CREATE INDEX parcel_weight_sender ON parcel (weight, sender);
SELECT column_name, verdict, reason FROM weir.index_advice(3) WHERE column_name = 'weight';
DROP TABLE parcel, stock, note;
DROP FUNCTION ask;
SELECT count(*) FROM weir.index_advice(1) WHERE column_name = 'weight';
SELECT weir.reset();
