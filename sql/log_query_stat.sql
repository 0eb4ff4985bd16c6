-- What applications log themselves, and what they may not.
SELECT weir.reset();
CREATE TABLE orders (id int, "Total" numeric);
CREATE VIEW order_totals AS SELECT "Total" FROM orders;
CREATE SCHEMA shop;
CREATE TABLE shop."Line Items" (id int);
CREATE INDEX orders_id_idx ON orders (id);

-- It works whether or not statements are captured.
SET weir.capture = off;
SET weir.tenant = 'session tenant';
SELECT weir.log_query_stat('logged', 'orders', 'id', 'SELECT', 12.5);
SELECT weir.log_query_stat('logged', 'no such table', NULL, 'cache miss', 0);
SELECT weir.log_query_stat(NULL, 'orders', NULL, 'SELECT', 1e-3);
SELECT weir.log_query_stat('', 'orders', '', 'SELECT', 1e9);

-- With validation the table is read as an identifier, the column is taken as it is.
SELECT weir.log_query_stat('logged', 'ORDERS', 'Total', 'SELECT', 1, skip_validation => false);
SELECT weir.log_query_stat('logged', 'public.order_totals', 'Total', 'SELECT', 1, false);
SELECT weir.log_query_stat('logged', 'shop."Line Items"', '', 'SELECT', 1, false);

-- The longest names that fit, in bytes.
SELECT weir.log_query_stat(repeat('t', 63), repeat('ä', 31) || 'a', repeat('f', 63),
                           repeat('q', 23), 1);

SELECT weir.flush() >= 0 AS flushed;
SELECT tenant_id, table_name, field_name, query_type, duration_ms, calls, userid::regrole,
       application_name, client_addr, created_at BETWEEN now() - interval '1 min' AND now() AS recent
FROM weir.query_stats
WHERE toplevel IS NULL ORDER BY id;
-- All that only a statement has is null.
SELECT count(*), count(coalesce(queryid, rows, plans, shared_blks_hit, local_blks_hit, temp_blks_read,
                                wal_bytes, jit_functions)) AS statement_counters,
       count(coalesce(min_ms, max_ms, m2_ms, plan_ms, blk_read_ms)) AS statement_times,
       count(sqlstate) AS errors
FROM weir.query_stats WHERE toplevel IS NULL;

-- Everything else is refused, and nothing of it is recorded.
CREATE FUNCTION state_of(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text; detail text; hint text;
BEGIN
    EXECUTE 'SELECT weir.log_query_stat(' || call || ')';
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || said, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT call, state_of(call) FROM unnest(ARRAY[
    $$ 't', NULL, 'f', 'SELECT', 1 $$,
    $$ 't', '', 'f', 'SELECT', 1 $$,
    $$ 't', 'orders', 'f', NULL, 1 $$,
    $$ 't', 'orders', 'f', '', 1 $$,
    $$ 't', 'orders', 'f', 'SELECT', NULL $$,
    $$ 't', 'orders', 'f', 'SELECT', -0.001 $$,
    $$ 't', 'orders', 'f', 'SELECT', 'NaN' $$,
    $$ 't', 'orders', 'f', 'SELECT', 'Infinity' $$,
    $$ 't', 'orders', 'f', 'SELECT', '-Infinity' $$,
    $$ 't', 'orders', 'f', 'SELECT', 1.001e12 $$,
    $$ 't', 'orders', 'f', 'SELECT', 1e308 $$,
    $$ 't', 'orders', 'f', 'SELECT', 1, NULL $$,
    $$ repeat('t', 64), 'orders', 'f', 'SELECT', 1 $$,
    $$ 't', repeat('ä', 32), 'f', 'SELECT', 1 $$,
    $$ 't', 'orders', repeat('f', 64), 'SELECT', 1 $$,
    $$ 't', 'orders', 'f', repeat('q', 24), 1 $$,
    $$ 't', 'no_such_table', NULL, 'SELECT', 1, false $$,
    $$ 't', 'no_such_schema.orders', NULL, 'SELECT', 1, false $$,
    $$ 't', 'orders_id_idx', NULL, 'SELECT', 1, false $$,
    $$ 't', 'orders', 'total', 'SELECT', 1, false $$,
    $$ 't', 'orders; DROP TABLE orders', NULL, 'SELECT', 1, false $$,
    $$ 't', 'a.b.c.d', NULL, 'SELECT', 1, false $$
]) AS call;
SELECT weir.flush() >= 0 AS flushed;
SELECT count(*) FROM weir.query_stats WHERE toplevel IS NULL;

DROP FUNCTION state_of;
DROP SCHEMA shop CASCADE;
DROP TABLE orders CASCADE;
