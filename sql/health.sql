-- weir.health(): one line for each thing that may be wrong, with what to do.
SELECT weir.reset();
SELECT weir.flush() >= 0 AS flushed;
SELECT check_name, status, regexp_replace(detail, '\d+', 'N', 'g') AS detail, hint FROM weir.health();

-- What settings keep from being recorded.
SET weir.capture = off;
SET compute_query_id = off;
SELECT check_name, status, detail, hint FROM weir.health() WHERE check_name IN ('capture', 'query_ids');
RESET compute_query_id;
RESET weir.capture;

-- Partitions: the one of today is missing; one is older than retention.
BEGIN;
SELECT inhrelid::regclass AS today FROM pg_inherits
WHERE inhparent = 'weir.query_stats'::regclass AND inhrelid::regclass::text LIKE '%' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') \gset
ALTER TABLE weir.query_stats DETACH PARTITION :today;
CREATE TABLE weir.query_stats_p20000101 PARTITION OF weir.query_stats FOR VALUES FROM ('2000-01-01Z') TO ('2000-01-02Z');
SELECT check_name, status, detail, hint FROM weir.health() WHERE check_name IN ('partitions', 'retention') ORDER BY 1;
SET LOCAL DateStyle = 'German';
SET LOCAL TimeZone = 'Asia/Kolkata';
SELECT check_name, status FROM weir.health() WHERE check_name IN ('partitions', 'retention') ORDER BY 1;
SET LOCAL standard_conforming_strings = off;
SELECT check_name, status FROM weir.health() WHERE check_name IN ('partitions', 'retention') ORDER BY 1;
ROLLBACK;
BEGIN;
SET LOCAL standard_conforming_strings = off;
SELECT check_name, status FROM weir.health() WHERE check_name IN ('partitions', 'retention') ORDER BY 1;
ROLLBACK;

-- Interruptions: recent ones warn, old ones are told.
INSERT INTO weir.interruptions VALUES ('2024-01-01 10:00Z', '2024-01-01 10:05Z', 'made up');
SELECT status, detail, hint FROM weir.health() WHERE check_name = 'interruptions';
INSERT INTO weir.interruptions VALUES (now() - interval '5 min', now(), 'made up');
SELECT status, regexp_replace(detail, 'until .* most', 'until ... most') AS detail, hint
FROM weir.health() WHERE check_name = 'interruptions';
DELETE FROM weir.interruptions;

-- A flush that fails.
SET weir.capture = off;
BEGIN;
LOCK TABLE weir.query_stats IN ACCESS EXCLUSIVE MODE;
SELECT weir.log_query_stat('t', 'orders', NULL, 'SELECT', 1);
SAVEPOINT a;
SELECT weir.flush();
ROLLBACK TO a;
SELECT status, regexp_replace(detail, 'of .*: ', 'of ...: ') AS detail, hint FROM weir.health() WHERE check_name = 'flushes';
ROLLBACK;
SELECT weir.flush() >= 0 AS flushed;
SELECT status FROM weir.health() WHERE check_name = 'flushes';

RESET weir.capture;
SELECT weir.reset();
SELECT bool_and(status = 'ok') AS ok FROM weir.health();
