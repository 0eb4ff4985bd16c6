-- weir.statements: the columns of pg_stat_statements, and their arithmetic.
SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = 'weir.statements'::regclass AND attnum > 0;

-- Roll-ups as the flush worker writes them, made up: of each kind two days, one kind of failures.
-- Days are told apart below: not across midnight.
SELECT pg_sleep(CASE WHEN second > 86340 THEN 86401 - second ELSE 0 END) FROM (SELECT extract(epoch FROM now())::numeric % 86400 AS second) s;
SELECT weir.reset();
CREATE ROLE regress_weir_writer;
INSERT INTO weir.query_texts VALUES (-1, 'regress_weir_writer'::regrole, 'SELECT made_up', now());
CREATE FUNCTION roll_up(queryid bigint, tenant text, toplevel boolean, sqlstate text, days_ago integer, ms float8[], plan_ms float8[],
                        rows bigint, hit bigint, VARIADIC others bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO weir.rollup_kinds (tenant_id, table_name, query_type, queryid, userid, toplevel, sqlstate)
    VALUES (tenant, 'orders', 'SELECT', queryid, 'regress_weir_writer'::regrole, toplevel, sqlstate)
    ON CONFLICT DO NOTHING;
    INSERT INTO weir.rollups (minutes, bucket, kind_id, userid, calls, first_seen, last_seen, total_ms, min_ms, max_ms, m2_ms,
        plans, plan_ms, plan_min_ms, plan_max_ms, plan_m2_ms, rows, shared_blks_hit, shared_blks_read, shared_blks_dirtied,
        shared_blks_written, temp_blks_read, temp_blks_written, wal_records, wal_fpi, wal_bytes, jit_functions, jit_generation_ms, durations)
    SELECT 1440, date_trunc('day', now(), 'UTC') - days_ago * interval '1 day', k.kind_id, k.userid, e.n,
           now() - days_ago * interval '1 day', now() - days_ago * interval '1 day', e.total, e.min, e.max, e.m2,
           nullif(p.n, 0), p.total, p.min, p.max, p.m2, rows, hit, others[1], others[2], others[3], others[4], others[5], others[6],
           others[7], others[8], others[9], others[10] / 10.0, e.h
      FROM weir.rollup_kinds k,
           (SELECT count(*) AS n, sum(v) AS total, min(v), max(v), var_pop(v) * count(*) AS m2, weir.histogram_agg(v) AS h FROM unnest(ms) v) e,
           (SELECT count(*) AS n, sum(v) AS total, min(v), max(v), var_pop(v) * count(*) AS m2 FROM unnest(plan_ms) v) p
     WHERE k.queryid = roll_up.queryid AND k.tenant_id = tenant AND k.toplevel = roll_up.toplevel
       AND k.sqlstate IS NOT DISTINCT FROM roll_up.sqlstate;
$$;
SELECT roll_up(-1, 'a', true, NULL, 3, '{10}', '{4}', 5, 100, 1, 0, 0);
SELECT roll_up(-1, 'b', true, NULL, 2, '{30}', '{}', 7, 200, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15);
SELECT roll_up(-1, 'a', true, NULL, 1, '{20,40,60}', '{2,6}', 9, 300, 0);
SELECT roll_up(-1, 'a', true, '57014', 0, '{80}', '{}', 0, 400, 0);
-- the same query inside a function is another line
SELECT roll_up(-1, 'a', false, NULL, 0, '{7}', '{}', 1, 1, 0);
SELECT toplevel, query, dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AS dbid, userid::regrole,
       calls, errors, rows, total_exec_time, min_exec_time, max_exec_time, mean_exec_time,
       round(stddev_exec_time::numeric, 6) AS stddev_exec_time, tenants, round(extract(epoch FROM last_seen - first_seen) / 86400, 3) AS days,
       round(p50_exec_time::numeric, 3) AS p50, round(p99_exec_time::numeric, 3) AS p99
FROM weir.statements WHERE queryid = -1 ORDER BY toplevel;
SELECT round(stddev_pop(ms), 6) AS expected FROM unnest(ARRAY[10, 30, 20, 40, 60, 80]) ms;
SELECT toplevel, plans, total_plan_time, min_plan_time, max_plan_time, mean_plan_time,
       round(stddev_plan_time::numeric, 6) AS stddev_plan_time FROM weir.statements WHERE queryid = -1 ORDER BY toplevel;
SELECT round(stddev_pop(ms), 6) AS expected FROM unnest(ARRAY[4, 2, 6]) ms;
-- groups of columns that were left null are zero here
SELECT shared_blks_hit, shared_blks_read, shared_blks_dirtied, shared_blks_written, local_blks_hit, temp_blks_read,
       temp_blks_written, blk_read_time, wal_records, wal_fpi, wal_bytes, jit_functions, jit_generation_time, jit_emission_count
FROM weir.statements WHERE queryid = -1 ORDER BY toplevel;

-- A standard deviation is never the root of something negative.
SELECT roll_up(-2, 'a', true, NULL, 0, array_agg(0.1::float8), '{}', 0, 0, 0) FROM generate_series(1, 1000);
SELECT calls, query, stddev_exec_time < 1e-6 AS none, round(mean_exec_time::numeric, 9) AS mean_exec_time FROM weir.statements WHERE queryid = -2;

-- Rows of applications are no statements, statements without identifier are one line.
SELECT weir.log_query_stat('a', 'orders', NULL, 'SELECT', 1);
SELECT weir.flush() >= 0 AS flushed;
SELECT count(*) FROM weir.statements WHERE toplevel IS NULL;
SET compute_query_id = off;
SELECT 'without an identifier';
SELECT 'another one';
RESET compute_query_id;
SELECT weir.flush() >= 0 AS flushed;
SELECT count(*) AS lines, min(query) AS query, min(calls) >= 2 AS calls FROM weir.statements WHERE queryid IS NULL;

-- Real ones: what the view says of them adds up to the log.
CREATE TABLE account (id int PRIMARY KEY, balance int);
INSERT INTO account SELECT i, 0 FROM generate_series(1, 50) i;
PREPARE change(int) AS UPDATE account SET balance = balance + 1 WHERE id = $1;
EXECUTE change(1);
EXECUTE change(2);
EXECUTE change(100);
DEALLOCATE change;
SELECT weir.flush() >= 0 AS flushed;
SELECT calls, rows, errors, plans > 0 AS planned, total_exec_time > 0 AS took_time, wal_records > 0 AS wal
FROM weir.statements WHERE query LIKE '%UPDATE account%';
SELECT sum(v.calls) = l.calls AS calls, sum(v.rows) = l.rows AS rows,
       abs(sum(v.total_exec_time) / l.ms - 1) < 1e-9 AS times, sum(v.shared_blks_hit) = l.hit AS blocks, sum(v.wal_bytes) = l.wal AS wal
FROM weir.statements v,
     (SELECT sum(calls) AS calls, sum(rows) AS rows, sum(duration_ms * calls) AS ms, sum(shared_blks_hit) AS hit, sum(wal_bytes) AS wal
      FROM weir.query_stats WHERE toplevel IS NOT NULL AND userid <> 'regress_weir_writer'::regrole) l
WHERE v.userid <> 'regress_weir_writer'::regrole
GROUP BY l.calls, l.rows, l.ms, l.hit, l.wal;

-- By time: the last hour as a whole, and by minute; the buckets add up.
SELECT sum(h.calls) = max(l.calls) AS calls, abs(sum(h.total_exec_time) / max(l.ms) - 1) < 1e-9 AS times
FROM weir.statements_history() h,
     (SELECT sum(calls) AS calls, sum(duration_ms * calls) AS ms FROM weir.query_stats WHERE toplevel IS NOT NULL) l;
SELECT sum(h.calls) = (SELECT sum(calls) FROM weir.statements_history()) AS calls, bool_and(bucket_start = date_trunc('minute', bucket_start)) AS minutes,
       bool_and(dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS dbid
FROM weir.statements_history(now() - interval '1 hour', 'infinity', '1 minute') h;
SELECT bucket_start = date_trunc('day', now(), 'UTC') - interval '2 days' AS day, tenant_id, calls, rows, total_exec_time, query
FROM weir.statements_history(date_trunc('day', now(), 'UTC') - interval '2 days', date_trunc('day', now(), 'UTC') - interval '1 day', '1 day');
SELECT count(*) FROM weir.statements_history(now() + interval '1 hour');
-- The minute that it begins in counts, whatever the width of the buckets.
SELECT count(*) > 0 AS by_minute FROM weir.statements_history((SELECT max(created_at) FROM weir.query_stats WHERE toplevel));
SELECT count(*) > 0 AS by_hour FROM weir.statements_history((SELECT max(created_at) FROM weir.query_stats WHERE toplevel), bucket => '1 hour');

DROP TABLE account;
DROP FUNCTION roll_up;
SELECT weir.reset();
DROP ROLE regress_weir_writer;
