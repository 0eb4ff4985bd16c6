-- Sampling and a minimum duration save rows, not counts: what gets no record of its own is folded.
SELECT weir.reset();
CREATE TABLE sample (id int PRIMARY KEY);
INSERT INTO sample SELECT generate_series(1, 100);
CREATE FUNCTION run_often(times int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    FOR i IN 1 .. times LOOP SELECT count(*) INTO n FROM sample WHERE id <= i % 10; END LOOP;
END $$;
SELECT run_often(10);
-- The flush worker collects what is folded: it is asked only at the end of each part.
SET weir.capture = 'all';

SET weir.tenant = 'none';
SET weir.sample_rate = 0;
SELECT run_often(1000);
SET weir.tenant = 'half';
SET weir.sample_rate = 0.5;
SELECT setseed(0.5), run_often(1000);
SET weir.tenant = 'all';
SET weir.sample_rate = 1;
SELECT run_often(1000);
SET weir.tenant = 'fast';
SET weir.min_duration = '1h';
SELECT run_often(1000);
SET weir.tenant = 'mixed';
SET weir.min_duration = '30ms';
SELECT run_often(100), pg_sleep(0.05);
RESET weir.min_duration;
SET weir.tenant = '';
SELECT weir.flush() >= 0 AS flushed;
SELECT tenant_id, sum(calls) AS calls, sum(rows) AS rows,
       CASE WHEN count(*) = sum(calls) THEN 'one row each'
            WHEN count(*) < 10 THEN 'few rows'
            WHEN count(*) BETWEEN 350 AND 650 THEN 'about half' END AS records
FROM weir.query_stats WHERE NOT toplevel AND table_name = 'sample' GROUP BY 1 ORDER BY 1;
-- slow statements keep their own record
SELECT tenant_id, calls, CASE tenant_id WHEN 'mixed' THEN duration_ms >= 30 END AS slow FROM weir.query_stats
WHERE tenant_id IN ('fast', 'mixed') AND toplevel AND query_type = 'SELECT' ORDER BY tenant_id;

-- The spread of folded records is whole.
SELECT tenant_id, count(*) > 0 AS folded,
       bool_and(min_ms > 0 AND min_ms <= duration_ms AND duration_ms <= max_ms AND m2_ms >= 0
                AND m2_ms <= calls * (max_ms - min_ms) ^ 2) AS spread
FROM weir.query_stats WHERE calls > 1 AND tenant_id IN ('none', 'half', 'fast', 'mixed') GROUP BY 1 ORDER BY 1;
SELECT sum(shared_blks_hit) >= sum(calls) AS blocks, count(wal_records) AS wal
FROM weir.query_stats WHERE tenant_id = 'none' AND table_name = 'sample';

-- The view adds single and folded records up to one whole.
SELECT calls, rows, min_exec_time <= mean_exec_time AND mean_exec_time <= max_exec_time AS means,
       stddev_exec_time > 0 AND stddev_exec_time < max_exec_time AS spread,
       abs(total_exec_time / (mean_exec_time * calls) - 1) < 1e-9 AS total
FROM weir.statements WHERE NOT toplevel AND query LIKE 'SELECT count(*)%FROM sample WHERE id <= i % $1';

-- Conservation, once nobody records any more.
SET weir.capture = off;
SELECT weir.flush() >= 0 AS flushed;
SELECT captured = flushed + in_ring + folded_pending + dropped AS law, dropped, folded > 2500 AS folded
FROM weir.ring_status();
SELECT sum(calls) = (SELECT flushed FROM weir.ring_status()) AS table_holds_what_was_flushed FROM weir.query_stats;

DROP FUNCTION run_often;
DROP TABLE sample;
