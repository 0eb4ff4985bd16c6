-- weir.statements: the columns of pg_stat_statements, and their arithmetic.
SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = 'weir.statements'::regclass AND attnum > 0;

-- Rows as the flush worker writes them, single and folded, one of them failed.
SELECT weir.reset();
CREATE ROLE regress_weir_writer;
INSERT INTO weir.query_texts VALUES (-1, 'regress_weir_writer'::regrole, 'SELECT made_up', now());
INSERT INTO weir.query_stats (tenant_id, table_name, query_type, created_at, queryid, userid, toplevel, sqlstate,
    calls, rows, duration_ms, min_ms, max_ms, m2_ms, plans, plan_ms, plan_min_ms, plan_max_ms, plan_m2_ms,
    shared_blks_hit, shared_blks_read, shared_blks_dirtied, shared_blks_written, temp_blks_read, temp_blks_written,
    wal_records, wal_fpi, wal_bytes, jit_functions, jit_generation_ms)
SELECT t.*
FROM (VALUES
    -- 10 and 30 ms; planned once for 4 ms
    ('a', 'orders', 'SELECT', now() - interval '3 min', -1, 'regress_weir_writer'::regrole::oid, true, NULL,
     1, 5, 10.0, NULL::float8, NULL::float8, NULL::float8, 1, 4.0, NULL::float8, NULL::float8, NULL::float8,
     100, 1, 0, 0, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::float8),
    ('b', 'orders', 'SELECT', now() - interval '2 min', -1, 'regress_weir_writer'::regrole, true, NULL,
     1, 7, 30, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     200, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1.5),
    -- 20, 40 and 60 ms folded; planned twice, for 2 and 6 ms
    ('a', 'orders', 'SELECT', now() - interval '1 min', -1, 'regress_weir_writer'::regrole, true, NULL,
     3, 9, 40, 20, 60, 800, 2, 8, 2, 6, 8,
     300, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    -- 80 ms until it failed
    ('a', 'orders', 'SELECT', now(), -1, 'regress_weir_writer'::regrole, true, '57014',
     1, 0, 80, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     400, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    -- the same query inside a function is another line
    ('a', 'orders', 'SELECT', now(), -1, 'regress_weir_writer'::regrole, false, NULL,
     1, 1, 7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     1, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) t;
SELECT toplevel, query, dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AS dbid, userid::regrole,
       calls, errors, rows, total_exec_time, min_exec_time, max_exec_time, mean_exec_time,
       round(stddev_exec_time::numeric, 6) AS stddev_exec_time, last_seen - first_seen AS seen
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
INSERT INTO weir.query_stats (created_at, queryid, userid, toplevel, calls, duration_ms, rows)
SELECT now(), -2, 'regress_weir_writer'::regrole, true, 1, 0.1, 0 FROM generate_series(1, 1000);
SELECT calls, query, stddev_exec_time < 1e-6 AS none, mean_exec_time FROM weir.statements WHERE queryid = -2;

-- Rows of applications are no statements, statements without identifier are one line.
SELECT weir.log_query_stat('a', 'orders', NULL, 'SELECT', 1);
SELECT weir.flush() >= 0 AS flushed;
SELECT count(*) FROM weir.statements WHERE toplevel IS NULL;
INSERT INTO weir.query_stats (created_at, userid, toplevel, calls, duration_ms, rows)
VALUES (now(), 'regress_weir_writer'::regrole, true, 1, 1, 1), (now(), 'regress_weir_writer'::regrole, true, 1, 3, 1);
SELECT queryid, query, calls, total_exec_time FROM weir.statements
WHERE queryid IS NULL AND userid = 'regress_weir_writer'::regrole;

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
      FROM weir.query_stats WHERE toplevel IS NOT NULL) l
GROUP BY l.calls, l.rows, l.ms, l.hit, l.wal;
DROP TABLE account;
SELECT weir.reset();
DROP ROLE regress_weir_writer;
