-- weir.reset() empties tables and counters, at commit and as a whole.
SELECT weir.reset();
SET weir.tenant = 'reset';
SELECT 'before' AS reset_test;
SELECT 1 / 0 AS reset_test;
SELECT weir.flush() >= 0 AS flushed;
INSERT INTO weir.interruptions VALUES (now() - interval '1 h', now(), 'made up');
SELECT count(*) > 0 AS log FROM weir.query_stats;
SELECT count(*) > 0 AS texts FROM weir.query_texts;

-- rolled back: nothing happened
BEGIN;
SELECT weir.reset();
SELECT count(*) FROM weir.query_stats;
ROLLBACK;
SELECT weir.flush() >= 0 AS flushed;
SELECT count(*) > 2 AS log FROM weir.query_stats;
SELECT count(*) FROM weir.interruptions;
SELECT captured > 5 AS captured, flushed > 5 AS flushed FROM weir.ring_status();
-- in a subtransaction that is rolled back, in one that is not
BEGIN;
SAVEPOINT a;
SELECT weir.reset();
ROLLBACK TO a;
COMMIT;
SELECT flushed > 5 AS flushed FROM weir.ring_status();
BEGIN;
SAVEPOINT a;
SELECT weir.reset();
RELEASE a;
COMMIT;
SELECT captured < 5 AS captured, flushed, flushes, flush_errors, last_flush, last_error FROM weir.ring_status();
SELECT count(*) FROM weir.query_stats;
SELECT count(*) FROM weir.query_texts;
SELECT count(*) FROM weir.interruptions;

-- The law holds afterwards, and texts come again.
SELECT 'after' AS reset_test;
SET weir.capture = off;
SELECT weir.flush() >= 0 AS flushed;
SELECT captured = flushed + in_ring + folded_pending + dropped AS law, in_ring FROM weir.ring_status();
SELECT sum(calls) = (SELECT flushed FROM weir.ring_status()) AS table_holds_what_was_flushed FROM weir.query_stats;
SELECT query FROM weir.query_texts WHERE query LIKE '%reset_test';
RESET weir.capture;

-- Whoever was granted it needs no rights on the tables.
CREATE ROLE regress_weir_operator;
SET ROLE regress_weir_operator;
SELECT weir.reset();
SELECT weir.flush();
RESET ROLE;
GRANT EXECUTE ON FUNCTION weir.reset, weir.flush TO regress_weir_operator;
SET ROLE regress_weir_operator;
SELECT weir.reset();
SELECT current_user;
SELECT weir.flush() >= 0 AS flushed;
TRUNCATE weir.query_stats;
RESET ROLE;
DROP OWNED BY regress_weir_operator;
DROP ROLE regress_weir_operator;

-- Twice in one transaction is once; a flush then waits for itself, which is said.
BEGIN;
SELECT weir.reset();
SELECT weir.reset();
SELECT weir.flush();
ROLLBACK;
SELECT weir.flush() >= 0 AS flushed;
