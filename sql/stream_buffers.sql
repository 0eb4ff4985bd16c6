-- Blocks that lie out of order in shared buffers: those of two tables alternate there, so a block is never in the
-- buffer after the last one's, and the node looks for all of them at once.
CREATE TABLE even (id int, filler text);
ALTER TABLE even ALTER filler SET STORAGE PLAIN;
CREATE TABLE odd (LIKE even INCLUDING STORAGE);
DO $$
BEGIN
  FOR i IN 1..600 LOOP
    INSERT INTO even VALUES (i, repeat('e', 5000));
    INSERT INTO odd VALUES (-i, repeat('o', 5000));
  END LOOP;
END$$;
-- The flush worker has nothing to do for a while, so that nobody's snapshot keeps VACUUM from its work.
SELECT weir.flush() >= 0 AS flushed;
VACUUM (FREEZE, ANALYZE) even, odd;
SET weir.stream = require;
SELECT count(*), sum(id), min(length(filler)) FROM even;
SELECT count(*), sum(id), max(filler COLLATE "C") = repeat('o', 5000) AS own_rows FROM odd;
SELECT id % 3 AS k, count(*), sum(id) FROM even GROUP BY 1 ORDER BY 1;

-- Blocks that moved: what was true of a buffer is asked again.
DELETE FROM even WHERE id > 300;
VACUUM (FREEZE) even;
INSERT INTO odd SELECT 1000 + i, repeat('n', 5000) FROM generate_series(1, 300) i;
SELECT count(*), sum(id) FROM even;
SELECT count(*), sum(id) FROM odd;
CREATE TEMP TABLE own AS SELECT i AS id, repeat('t', 5000) AS filler FROM generate_series(1, 300) i;
SELECT count(*), sum(id) FROM own;

-- Each block is counted as read once.
SELECT weir.flush() >= 0 AS flushed;
VACUUM (FREEZE) odd;
CREATE FUNCTION pg_temp.hits(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
  RETURN (plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
END$$;
SELECT pg_temp.hits('SELECT sum(id) FROM odd') = pg_relation_size('odd') / 8192 AS each_once;
DROP TABLE even, odd;
