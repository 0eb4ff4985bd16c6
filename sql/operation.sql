-- What continuous queries cost and how far they are, and who sees it.
CREATE SCHEMA op;
SET search_path = op, public;
SET client_min_messages = warning;
CREATE ROLE regress_weir_op LOGIN;
CREATE ROLE regress_weir_op_other LOGIN;
CREATE ROLE regress_weir_op_stats LOGIN;
GRANT pg_read_all_stats TO regress_weir_op_stats;
GRANT ALL ON SCHEMA op TO PUBLIC;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/settled.sql
\i :shared
\set shared :here/sql/shared/has_failed.sql
\i :shared

SET ROLE regress_weir_op;
CREATE TABLE hit (k int, v int);
INSERT INTO hit SELECT g % 10, g FROM generate_series(1, 1000) g;
SELECT settled();
SELECT weir.create_query('hits', 'SELECT k, count(*), sum(v) FROM hit GROUP BY k', tick => '0 s');
INSERT INTO hit SELECT g % 4, g FROM generate_series(1, 100) g;
SELECT weir.wait('hits');
INSERT INTO hit SELECT g % 2, g FROM generate_series(1, 100) g;
SELECT weir.wait('hits');
-- rows of the first command are in the backfill
SELECT name, owner, ticks >= 2 AS ticks, rows_in, groups_changed, failed_ticks, tick_total_ms > 0 AS took,
       abs(tick_avg_ms - tick_total_ms / ticks) < 1e-6 AS avg, tick_p50_ms > 0 AND tick_p50_ms <= tick_p99_ms AS p50,
       tick_p99_ms <= tick_max_ms AS p99, weir.histogram_count(tick_durations) = ticks AS histogram,
       state_bytes > 0 AS state, backfilled_at <= now() AS filled, backfill_ms > 0 AS filling, backfill_pages
FROM weir.query_metrics;
-- nothing goes on
SELECT * FROM weir.progress;

-- Others see nothing but for pg_read_all_stats.
RESET ROLE;
SET ROLE regress_weir_op_other;
SELECT count(*) FROM weir.query_metrics;
SELECT count(*) FROM weir.query_figures();
TABLE weir.query_backfills;
RESET ROLE;
SET ROLE regress_weir_op_stats;
SELECT name FROM weir.query_metrics;
SELECT count(*) FROM weir.query_figures();
RESET ROLE;

-- A step that fails is counted, and health says so.
SELECT check_name, status, detail FROM weir.health() WHERE check_name = 'queries';
SET ROLE regress_weir_op;
CREATE TABLE risk (a int);
SELECT weir.create_query('risks', 'SELECT sum(10 / a) FROM risk', tick => '0 s');
INSERT INTO risk VALUES (0);
SELECT has_failed('risks'), weir.wait('risks', '500 ms');
RESET ROLE;
SELECT failed_ticks > 0 AS failed FROM weir.query_metrics WHERE name = 'risks'::regclass;
SELECT status, regexp_replace(detail, '\d+ times', 'N times') AS detail, hint FROM weir.health() WHERE check_name = 'queries';
SELECT weir.drop_query('risks');
SELECT count(*) FROM weir.query_backfills;

-- An owner who may not log in.
ALTER ROLE regress_weir_op NOLOGIN;
SELECT status, detail, hint FROM weir.health() WHERE check_name = 'queries';
ALTER ROLE regress_weir_op LOGIN;
SELECT check_name, status FROM weir.health() WHERE check_name LIKE 'quer%hold' OR check_name = 'queries' ORDER BY 1;

-- Filled anew.
SELECT backfilled_at AS before FROM weir.query_metrics \gset
SELECT weir.refresh_query('hits');
SELECT backfilled_at > :'before' AS later, backfill_groups FROM weir.query_metrics;
SELECT weir.drop_query('hits');
SELECT count(*) FROM weir.query_metrics;
DROP SCHEMA op CASCADE;
DROP ROLE regress_weir_op, regress_weir_op_other, regress_weir_op_stats;
