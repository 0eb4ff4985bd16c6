-- Whose statement it is: weir.tenant, else another setting, else, when asked for, the application.
SELECT weir.reset();
SET application_name = 'tenant test';
SELECT 'none' AS tenant;
SET weir.tenant = 'own';
SELECT 'own' AS tenant;
-- for one transaction
BEGIN;
SET LOCAL weir.tenant = 'local';
SELECT 'local' AS tenant;
COMMIT;
SELECT 'own' AS tenant;
BEGIN;
SET weir.tenant = 'rolled back';
SELECT 'rolled back' AS tenant;
ROLLBACK;
SELECT 'own' AS tenant;
SET weir.tenant = '';
-- from a setting of the application's
SET weir.tenant_setting = 'app.tenant_id';
SELECT 'not set' AS tenant;
SET app.tenant_id = '42';
SELECT '42' AS tenant;
SELECT set_config('app.tenant_id', '43', false);
SELECT '43' AS tenant;
SET weir.tenant = 'first';
SELECT 'first' AS tenant;
SET weir.tenant = '';
SET app.tenant_id = '';
SELECT 'empty' AS tenant;
-- from the application's name
SET weir.tenant_from_application = on;
SELECT 'tenant test' AS tenant;
SET application_name = '';
SELECT 'empty name' AS tenant;
RESET weir.tenant_from_application;
SET application_name = 'tenant test';
-- long ones: weir.tenant refuses them, those from other settings are cut and stay apart
SET weir.tenant = 'sixty-four bytes .............................................64';
SET app.tenant_id = 'a long name of a tenant that goes on and on beyond what fits into a table: one';
SELECT 'long one' AS tenant;
SET app.tenant_id = 'a long name of a tenant that goes on and on beyond what fits into a table: two';
SELECT 'long two' AS tenant;
RESET app.tenant_id;
RESET weir.tenant_setting;
SET weir.tenant = 'Größe „Ü“';
SELECT 'Größe „Ü“' AS tenant;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT tenant_id, query_type FROM weir.query_stats
WHERE query_type = 'SELECT' AND application_name = 'tenant test' AND table_name IS NULL ORDER BY id;
SELECT count(DISTINCT tenant_id) AS long_names, max(length(tenant_id)) AS longest FROM weir.query_stats
WHERE tenant_id LIKE 'a long name%';

-- Figures by tenant, against a plain oracle.
SELECT weir.reset();
SELECT count(weir.log_query_stat(tenant, 'orders', field, 'SELECT', ms)) AS logged
FROM (SELECT 'a' AS tenant, 'id' AS field, i AS ms FROM generate_series(1, 100) i
      UNION ALL SELECT 'b', 'email', 7.5 FROM generate_series(1, 3) i
      UNION ALL SELECT 'c', 'id', random() * 1000 FROM generate_series(1, 1000) i
      UNION ALL SELECT NULL, NULL, 1) s;
SELECT weir.flush() >= 0 AS flushed;
SELECT tenant_id, calls, errors, round(avg_ms::numeric, 6) AS avg_ms, p50_ms BETWEEN 44 AND 56 AS p50, p95_ms BETWEEN 84 AND 100 AS p95, p99_ms BETWEEN 87 AND 100 AS p99,
       max_ms, total_ms, rows
FROM weir.tenant_stats WHERE tenant_id = 'a';
-- nothing is above the longest
SELECT tenant_id, calls, p50_ms, p99_ms, max_ms FROM weir.tenant_stats WHERE tenant_id = 'b';
SELECT tenant_id, calls = count AS calls, abs(avg_ms / avg - 1) < 1e-9 AS avg, abs(p50_ms / percentiles[1] - 1) <= 0.125 AS p50,
       abs(p95_ms / percentiles[2] - 1) <= 0.125 AS p95, abs(p99_ms / percentiles[3] - 1) <= 0.125 AS p99, max_ms = max AS max
FROM weir.tenant_stats
JOIN (SELECT tenant_id, count(*), avg(duration_ms), max(duration_ms),
             percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms) AS percentiles
      FROM weir.query_stats WHERE toplevel IS NULL GROUP BY 1) oracle USING (tenant_id)
WHERE tenant_id = 'c';
SELECT table_name, field_name, query_type, calls, tenants, p95_ms, p99_ms
FROM weir.field_usage WHERE field_name = 'email';
SELECT f.calls, f.tenants, abs(f.total_ms / oracle.total - 1) < 1e-9 AS total, abs(f.p99_ms / oracle.p99 - 1) <= 0.125 AS p99
FROM weir.field_usage f,
     (SELECT sum(duration_ms) AS total, percentile_disc(0.99) WITHIN GROUP (ORDER BY duration_ms) AS p99
      FROM weir.query_stats WHERE field_name = 'id') oracle
WHERE f.field_name = 'id';

-- Rows that were folded count as often as they have calls, in roll-ups as in the log.
SET weir.tenant = 'folded';
SET weir.sample_rate = 0;
SELECT pg_sleep(0.002);
SELECT pg_sleep(0.002);
SELECT pg_sleep(0.002);
RESET weir.sample_rate;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT calls > 3 AS calls, errors, p50_ms <= p95_ms AND p95_ms <= p99_ms AND p99_ms <= max_ms AS ordered,
       calls = (SELECT sum(calls) FROM weir.query_stats WHERE tenant_id = 'folded') AS as_in_the_log
FROM weir.tenant_stats WHERE tenant_id = 'folded';
SELECT query_type, calls > 1100 AS calls, errors, tenants, p50_ms <= p95_ms AND p95_ms <= p99_ms AS ordered, max_ms > 900 AS max
FROM weir.query_stats_summary('1 day') WHERE query_type = 'SELECT';
SELECT slowest_ms > 900 AS slowest, slow_calls BETWEEN 300 AND 700 AS slow_calls, calls, tenants, query_type, table_name, field_name
FROM weir.slow_queries(1, 500, 100);
SELECT count(*) FROM weir.slow_queries(20, 500, 1001);
SELECT count(*) FROM weir.slow_queries(0, 0, 0);
