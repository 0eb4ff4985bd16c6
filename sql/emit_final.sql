-- EMIT FINAL gives a window's rows once the watermark, the highest time less the lateness, has reached its end.
CREATE SCHEMA emit_final;
SET search_path = emit_final;
SET timezone = 'UTC';
CREATE TABLE event (id int, kind text, value int, at timestamptz);
INSERT INTO event VALUES
    (1, 'a', 1, '2024-01-01 00:00:10Z'), (2, 'b', 2, '2024-01-01 00:00:59.999999Z'),
    (3, 'a', 3, '2024-01-01 00:01:00Z'),  -- closes 00:00
    (4, 'a', 4, '2024-01-01 00:00:30Z'),  -- late
    (5, 'b', 5, '2024-01-01 00:01:10Z'), (6, 'a', 6, NULL), (7, 'a', 7, 'infinity'),
    (8, 'a', 8, '2024-01-01 00:05:00Z'),  -- closes 00:01
    (9, 'c', 9, '2024-01-01 00:02:00Z'),  -- late, and the first of its window
    (10, 'a', 10, '2024-01-01 00:05:30Z'), (11, 'c', 11, '2024-01-01 00:02:01Z'), (12, 'x', 12, '-infinity');  -- late
\set query 'SELECT weir.tumble(at, ''1 minute''), kind, count(*), sum(value) FROM event GROUP BY 1, 2 EMIT FINAL'
-- Late rows are dropped, counted and reported; rows without a time, or of infinite time, close with the input.
SELECT * FROM weir.query(:'query') AS q(minute timestamptz, kind text, n bigint, sum bigint);
-- ... or give a revised row at once.
SELECT * FROM weir.query(:'query', late => 'update') AS q(minute timestamptz, kind text, n bigint, sum bigint);
-- A lateness of 30 seconds keeps 00:00 open until 00:01:30 has been seen.
SELECT * FROM weir.query(:'query', lateness => '30 s') AS q(minute timestamptz, kind text, n bigint, sum bigint);
-- One that covers everything is GROUP BY.
SELECT * FROM weir.query(:'query', lateness => '1 day') AS q(minute timestamptz, kind text, n bigint, sum bigint);
SELECT count(*) FROM (
    SELECT * FROM weir.query(:'query', lateness => '1 day') AS q(minute timestamptz, kind text, n bigint, sum bigint)
    EXCEPT ALL SELECT weir.tumble(at, '1 minute'), kind, count(*), sum(value) FROM event GROUP BY 1, 2) d;
-- The counts are part of the plan; HAVING and expressions work as ever.
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
SELECT * FROM weir.query('SELECT weir.tumble(at, ''1 minute''), kind, count(*) * 10 FROM event GROUP BY 1, 2 HAVING sum(value) > 2 EMIT FINAL') AS q(minute timestamptz, kind text, n bigint)
 \g (format=unaligned tuples_only=on) | grep -v Memory
-- Windows of numbers; of date_bin and date_trunc; time through a join.
SELECT * FROM weir.query('SELECT weir.tumble(id::bigint, 5), count(*) FROM event GROUP BY 1 EMIT FINAL') AS q(ids bigint, n bigint);
SELECT * FROM weir.query('SELECT kind, date_bin(''5 minutes'', at, ''2000-01-01Z''), count(*) FROM event WHERE id < 9 GROUP BY 1, 2 EMIT FINAL', lateness => '1 h') AS q(kind text, w timestamptz, n bigint);
SELECT * FROM weir.query('SELECT date_trunc(''hour'', at AT TIME ZONE ''UTC''), count(*) FROM event GROUP BY 1 EMIT FINAL') AS q(w timestamp, n bigint);
SELECT * FROM weir.query('SELECT weir.tumble(e.at, ''1 minute''), k, count(*) FROM event e JOIN (VALUES (''a'', 1), (''b'', 2)) v(kind, k) USING (kind) WHERE id < 6 GROUP BY 1, 2 EMIT FINAL', lateness => '1 h') AS q(w timestamptz, k int, n bigint);
SELECT * FROM weir.query('SELECT weir.tumble(at, ''1 minute''), max(value) FROM (SELECT at, value FROM event ORDER BY at OFFSET 2) i GROUP BY 1 EMIT FINAL') AS q(w timestamptz, m int);
-- Partitions in their order, with columns in other places.
CREATE TABLE parted (id int, at timestamptz, value int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 (gone int, value int, at timestamptz, id int);
ALTER TABLE parted_1 DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES FROM (0) TO (500);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (500) TO (1001);
INSERT INTO parted SELECT i, timestamptz '2024-01-01Z' + i * interval '1 s', i FROM generate_series(0, 1000) i;
SELECT * FROM weir.query('SELECT weir.tumble(at, ''4 minutes''), count(*), sum(value) FROM parted GROUP BY 1 EMIT FINAL') AS q(w timestamptz, n bigint, s bigint);
-- LIMIT stops the input once the first window is closed.
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
SELECT * FROM weir.query('SELECT weir.tumble(at, ''1 minute''), count(*) FROM (SELECT timestamptz ''2024-01-01Z'' + g * interval ''1 s'' AS at FROM generate_series(1, 100000) g OFFSET 0) i GROUP BY 1 EMIT FINAL') AS q(w timestamptz, n bigint) LIMIT 1
 \g (format=unaligned tuples_only=on) | grep -v Memory
-- More open windows than memory holds: the rest comes at the end.
CREATE TABLE wide AS SELECT i AS id, i * 7919 % 4001 AS minute, md5(i::text) AS note FROM generate_series(1, 20000) i;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT count(*), sum(n), sum(m) FROM weir.query('SELECT weir.tumble(timestamptz ''2024-01-01Z'' + minute * interval ''1 minute'', ''1 minute''), count(*), max(note COLLATE "C"), min(id) FROM wide GROUP BY 1 EMIT FINAL', lateness => '100 days') AS q(w timestamptz, n bigint, note text, m int);
SELECT count(*), sum(n), sum(m) FROM (SELECT minute, count(*) AS n, min(id) AS m FROM wide GROUP BY 1) d;
-- Kept for revisions only as far as memory goes.
SET client_min_messages = error;
SELECT count(*) >= 3 AS has_all_windows FROM weir.query('SELECT weir.tumble(timestamptz ''2024-01-01Z'' + minute * interval ''1 minute'', ''1 minute''), count(*) FROM wide WHERE minute < 3 GROUP BY 1 EMIT FINAL', late => 'update') AS q(w timestamptz, n bigint);
RESET client_min_messages;
RESET work_mem;
RESET hash_mem_multiplier;
-- Once more in the same plan.
SELECT g, n FROM generate_series(1, 2) g, LATERAL (SELECT count(*) AS n FROM weir.query('SELECT weir.tumble(at, ''1 minute''), count(*) FROM event WHERE id < ' || g * 4 || ' GROUP BY 1 EMIT FINAL') AS q(w timestamptz, n bigint)) c;
