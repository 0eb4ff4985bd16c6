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
SELECT tenant_id, calls, errors, avg_ms, p50_ms, p95_ms, p99_ms, max_ms, total_ms, rows
FROM weir.tenant_stats WHERE tenant_id IN ('a', 'b') ORDER BY 1;
SELECT tenant_id, calls = count AS calls, abs(avg_ms / avg - 1) < 1e-9 AS avg,
       p50_ms = percentiles[1] AS p50, p95_ms = percentiles[2] AS p95, p99_ms = percentiles[3] AS p99,
       max_ms = max AS max
FROM weir.tenant_stats
JOIN (SELECT tenant_id, count(*), avg(duration_ms), max(duration_ms),
             percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms) AS percentiles
      FROM weir.query_stats WHERE toplevel IS NULL GROUP BY 1) oracle USING (tenant_id)
WHERE tenant_id = 'c';
SELECT table_name, field_name, query_type, calls, tenants, p95_ms, p99_ms
FROM weir.field_usage WHERE field_name = 'email';
SELECT f.calls, f.tenants, abs(f.total_ms / oracle.total - 1) < 1e-9 AS total, f.p99_ms = oracle.p99 AS p99
FROM weir.field_usage f,
     (SELECT sum(duration_ms) AS total, percentile_disc(0.99) WITHIN GROUP (ORDER BY duration_ms) AS p99
      FROM weir.query_stats WHERE field_name = 'id') oracle
WHERE f.field_name = 'id';

-- A folded row counts as often as it has calls: percentiles are weighted. There is no way to log one,
-- so the owner of the table writes it.
INSERT INTO weir.query_stats (tenant_id, table_name, query_type, duration_ms, created_at, calls, min_ms, max_ms, m2_ms, sqlstate)
VALUES ('folded', 't', 'SELECT', 1, now(), 96, 0.5, 1.5, 2, NULL),
       ('folded', 't', 'SELECT', 100, now(), 3, 90, 110, 200, NULL),
       ('folded', 't', 'SELECT', 1000, now(), 1, NULL, NULL, NULL, '57014');
SELECT calls, errors, avg_ms, p50_ms, p95_ms, p99_ms, max_ms, total_ms FROM weir.tenant_stats WHERE tenant_id = 'folded';
SELECT query_type, calls > 1203 AS calls, errors, tenants, p50_ms <= p95_ms AND p95_ms <= p99_ms AS ordered, max_ms
FROM weir.query_stats_summary('1 day') WHERE query_type = 'SELECT';
SELECT count(*) FROM weir.query_stats_summary('0 s');
SELECT duration_ms, tenant_id, query_type, table_name, sqlstate, calls FROM weir.slow_queries(1);
SELECT count(*), bool_and(duration_ms > 500) AS slow FROM weir.slow_queries(200);
SELECT count(*) FROM weir.slow_queries(0);
