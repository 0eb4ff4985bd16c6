-- The node inside larger plans: prepared statements, cursors, rescans, parameters, limits, partitions.
CREATE TABLE reading (id int, gone text, sensor int, value int, name text);
INSERT INTO reading SELECT i, 'x', i % 10, i, 'n' || i % 4 FROM generate_series(1, 5000) i;
ALTER TABLE reading DROP COLUMN gone;
ALTER TABLE reading ADD COLUMN kind int DEFAULT 7;
INSERT INTO reading SELECT i, i % 10, i, NULL, i % 2 FROM generate_series(5001, 5100) i;
VACUUM ANALYZE reading;
SET weir.stream = require;

-- A dropped column, and one that old rows do not store.
SELECT kind, count(*), sum(value) FROM reading GROUP BY 1 ORDER BY 1;

-- Generic plans.
SET plan_cache_mode = force_generic_plan;
PREPARE by_sensor(int, text) AS
    SELECT sensor, count(*), sum(value * $1) FROM reading WHERE value > $1 AND name = $2 GROUP BY 1 ORDER BY 1 LIMIT 2;
EXECUTE by_sensor(10, 'n1');
EXECUTE by_sensor(4000, 'n2');
EXECUTE by_sensor(NULL, 'n2');
EXECUTE by_sensor(1, NULL);
RESET plan_cache_mode;

-- Cursors, backwards and beyond the transaction.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT sensor, count(*) FROM reading GROUP BY 1;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH LAST FROM c;
FETCH FIRST FROM c;
DECLARE kept CURSOR WITH HOLD FOR SELECT sensor, sum(value) FROM reading GROUP BY 1;
FETCH 1 FROM kept;
COMMIT;
FETCH 2 FROM kept;
CLOSE kept;

-- Rescans: with a parameter in the condition, in the argument, in the key; and with none.
SELECT g, x.* FROM generate_series(1, 3) g,
    LATERAL (SELECT count(*), sum(value) FROM reading WHERE sensor = g) x ORDER BY 1;
SELECT g, x.* FROM generate_series(1, 3) g,
    LATERAL (SELECT sensor, sum(value * g) FROM reading WHERE sensor < 2 GROUP BY 1) x ORDER BY 1, 2;
SELECT g, x.* FROM generate_series(1, 2) g,
    LATERAL (SELECT sensor / (g * 5) part, count(*) FROM reading GROUP BY 1) x ORDER BY 1, 2;
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT g, x.n FROM generate_series(1, 2) g
    LEFT JOIN (SELECT sensor, count(*) n FROM reading GROUP BY 1) x ON x.sensor >= g AND x.sensor < g + 2 ORDER BY 1, 2;
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;

-- InitPlans and correlated subqueries, in WHERE and in HAVING.
SELECT sensor, count(*) FROM reading WHERE value > (SELECT avg(value) FROM reading) GROUP BY 1 ORDER BY 1 LIMIT 2;
SELECT sensor FROM reading GROUP BY 1 HAVING count(*) = (SELECT max(n) FROM (SELECT count(*) n FROM reading GROUP BY sensor) q) ORDER BY 1;
SELECT count(*) FROM reading r WHERE EXISTS (SELECT 1 FROM reading s WHERE s.id = r.value AND s.sensor = 3);
SELECT g, (SELECT sum(value) FROM reading WHERE sensor = g) FROM generate_series(0, 2) g;

-- LIMIT and EXISTS leave early.
SELECT count(*) FROM (SELECT sensor FROM reading GROUP BY 1 LIMIT 4) x;
SELECT EXISTS (SELECT sensor FROM reading GROUP BY 1);

-- Inside writes and common table expressions.
CREATE TABLE result AS SELECT sensor, count(*) n FROM reading GROUP BY 1;
INSERT INTO result SELECT sensor + 100, sum(value) FROM reading GROUP BY 1;
WITH w AS MATERIALIZED (SELECT sensor, count(*) n FROM reading GROUP BY 1)
SELECT count(*), sum(a.n) FROM w a JOIN w b USING (sensor);
WITH deleted AS (DELETE FROM result WHERE sensor < 5 RETURNING *) SELECT count(*), sum(n) FROM deleted;
SELECT count(*), sum(n) FROM result;

-- Partitions with their columns in another order, attached and dropped ones.
CREATE TABLE part (id int, sensor int, value numeric) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (1000);
CREATE TABLE part_2 (extra text, value numeric, sensor int, id int);
ALTER TABLE part_2 DROP COLUMN extra;
ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (1000) TO (2000);
INSERT INTO part SELECT i, i % 3, i / 2.0 FROM generate_series(0, 1999) i;
SELECT sensor, count(*), sum(value), min(id) FROM part WHERE value > 10 GROUP BY 1 ORDER BY 1;
SELECT tableoid::regclass, count(*) FROM part GROUP BY 1 ORDER BY 1;
PREPARE pruned(int) AS SELECT count(*), sum(value) FROM part WHERE id < $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE pruned(10);
EXECUTE pruned(1500);
RESET plan_cache_mode;
SET enable_partitionwise_aggregate = on;
SELECT id / 1000, sum(value) FROM part GROUP BY 1 ORDER BY 1;
SELECT id, sensor, sum(value) FROM part WHERE id IN (5, 1005) GROUP BY 1, 2 ORDER BY 1;
RESET enable_partitionwise_aggregate;

-- Rows that are not visible to everybody: own inserts, deletes, an aborted subtransaction.
BEGIN;
DELETE FROM reading WHERE sensor = 1;
INSERT INTO reading VALUES (-1, 77, 5, 'new', 1);
SAVEPOINT s;
INSERT INTO reading VALUES (-1, 78, 5, 'new', 1);
ROLLBACK TO s;
SELECT sensor, count(*), sum(value) FROM reading GROUP BY 1 ORDER BY 1;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*), sum(value) FROM reading;
COMMIT;
CREATE TEMP TABLE scratch AS SELECT * FROM reading;
SELECT sensor, count(*) FROM scratch GROUP BY 1 ORDER BY 1 LIMIT 1;

-- Locking a row re-evaluates the subquery it was joined with.
SELECT r.id, x.n FROM reading r, (SELECT count(*) n FROM part) x WHERE r.id = 1 FOR UPDATE OF r;
DROP TABLE reading, result, part, scratch;
