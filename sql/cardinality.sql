-- More tenants and names than there is room for: a database of its own, since names stay until the
-- server stops.
CREATE DATABASE regress_weir_names;
\set home :DBNAME
\c regress_weir_names
CREATE EXTENSION pg_weir;
SET weir.capture = off;
SELECT bool_and(weir.log_query_stat('tenant ' || i, 'orders', NULL, 'SELECT', 1)) AS kept FROM generate_series(1, 1100) i;
-- those that are known stay themselves
SELECT weir.log_query_stat('tenant ' || 7, 'orders', NULL, 'SELECT', 1);
SELECT names, names_rejected FROM weir.ring_status();
SELECT status, detail, hint FROM weir.health() WHERE check_name = 'names';
SELECT weir.flush() >= 0 AS flushed;
SELECT count(*) AS tenants, sum(calls) AS calls, sum(calls) FILTER (WHERE tenant_id = '__other__') AS others,
       sum(calls) FILTER (WHERE tenant_id = 'tenant 7') AS seven
FROM weir.tenant_stats;

-- Application names share a table with the names of tables, columns and clients.
SET weir.capture = top;
DO $$
BEGIN
    FOR i IN 1 .. 4200 LOOP
        PERFORM set_config('application_name', 'application ' || i, false);
        PERFORM weir.log_query_stat('tenant 1', 'orders', NULL, 'SELECT', 1);
    END LOOP;
END $$;
RESET application_name;
SET weir.capture = off;
SELECT names > 5000 AS names, names_rejected > 150 AS rejected FROM weir.ring_status();
SELECT weir.flush() >= 0 AS flushed;
SELECT count(DISTINCT application_name) BETWEEN 4000 AND 4096 AS applications,
       sum(calls) FILTER (WHERE application_name = '__other__') > 100 AS others
FROM weir.query_stats WHERE application_name <> 'psql';

-- Two databases, two logs.
SELECT count(*) FROM weir.query_stats WHERE tenant_id NOT LIKE 'tenant %' AND tenant_id <> '__other__';
\c :home
SELECT count(*) FROM weir.query_stats WHERE tenant_id LIKE 'tenant 1%';
SELECT datname FROM pg_stat_activity WHERE backend_type = 'pg_weir flush worker' AND datname ~ '^regress_weir' ORDER BY 1;
-- A worker in it is no reason not to drop, rename or copy a database.
CREATE DATABASE regress_weir_copy TEMPLATE regress_weir_names;
ALTER DATABASE regress_weir_copy RENAME TO regress_weir_renamed;
\c regress_weir_renamed
SELECT count(*) > 4000 AS copied FROM weir.query_stats;
SELECT weir.flush() >= 0 AS flushed;
SELECT captured = flushed + in_ring + folded_pending + dropped AS law, database FROM weir.ring_status();
\c :home
DROP DATABASE regress_weir_renamed;
DROP DATABASE regress_weir_names;
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_weir flush worker' AND datname IS NULL;
