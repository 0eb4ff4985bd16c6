-- What cannot be streamed runs as ever under auto, and says why under require.
CREATE TABLE item (id int PRIMARY KEY, kind text, price numeric, body jsonb, position point);
INSERT INTO item SELECT i, 'k' || i % 3, i, jsonb_build_object('n', i % 2), point(i, i)
  FROM generate_series(1, 30) i;

SELECT kind, count(DISTINCT price) FROM item GROUP BY 1 ORDER BY 1;
SET weir.stream = require;
SELECT kind, count(DISTINCT price) FROM item GROUP BY 1 ORDER BY 1;
SELECT array_agg(price ORDER BY id) FROM item;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM item;
SELECT kind, id % 2, count(*) FROM item GROUP BY GROUPING SETS ((1), (2));
SELECT ROW(id % 2), count(*) FROM item GROUP BY 1;
SELECT id, kind, count(*) FROM item GROUP BY id;
SELECT sum(random()) FROM item;
SELECT sum((SELECT max(i.id) FROM item i WHERE i.kind = item.kind)) FROM item;
SELECT DISTINCT ON (kind) kind, id FROM item ORDER BY kind, id;

-- The same sentences without an error; NULL means nothing stands in the way.
SELECT weir.stream_reason('SELECT kind, count(DISTINCT price) FROM item GROUP BY 1');
SELECT weir.stream_reason('SELECT string_agg(kind, '','' ORDER BY id) FROM item');
SELECT weir.stream_reason('SELECT kind, sum(price) FROM item GROUP BY 1');
SELECT weir.stream_reason('SELECT 1');
SELECT weir.stream_reason('SELEC 1');

-- Above grouping sets, columns that they make NULL: constants are left to PostgreSQL, others are not.
SET weir.stream = auto;
SET enable_sort = off;
SET plan_cache_mode = force_generic_plan;
INSERT INTO item SELECT g, 'k' || g % 9, g FROM generate_series(1000, 9000) g;
ANALYZE item;
CREATE VIEW distinct_sets AS SELECT DISTINCT id, 'const'::text AS fixed, count(*) AS n FROM item GROUP BY ROLLUP (id, 'const'::text);
CREATE VIEW windowed_sets AS SELECT kind, 'const'::text AS fixed, count(*) AS n, sum(count(*)) OVER w AS s FROM item
    GROUP BY ROLLUP (kind, 'const'::text) WINDOW w AS (PARTITION BY kind ORDER BY count(*) ROWS UNBOUNDED PRECEDING);
CREATE VIEW computed_sets AS SELECT DISTINCT id, length(kind) AS fixed, count(*) AS n FROM item GROUP BY ROLLUP (id, length(kind));
PREPARE given(text) AS SELECT DISTINCT id, $1 AS fixed, count(*) AS n FROM item GROUP BY ROLLUP (id, $1);
SELECT weir.stream_reason('TABLE distinct_sets');
EXPLAIN (COSTS OFF) TABLE distinct_sets;
EXPLAIN (COSTS OFF) TABLE windowed_sets;
EXPLAIN (COSTS OFF) TABLE computed_sets;
EXPLAIN (COSTS OFF) EXECUTE given('const');
CREATE TABLE streamed AS EXECUTE given('const');
SELECT count(*), count(id), count(fixed) FROM streamed;
SELECT count(*), count(id), count(fixed) FROM distinct_sets;
SELECT count(*), count(kind), count(fixed), sum(s) FROM windowed_sets;
SELECT count(*), count(id), count(fixed) FROM computed_sets;
SET weir.stream = off;
SELECT count(*), count(id), count(fixed) FROM distinct_sets;
SELECT count(*), count(kind), count(fixed), sum(s) FROM windowed_sets;
SELECT count(*), count(id), count(fixed) FROM computed_sets;
RESET enable_sort;
RESET plan_cache_mode;
DEALLOCATE given;
DROP TABLE streamed;
DROP VIEW distinct_sets, windowed_sets, computed_sets;

-- Off means off.
SET weir.stream = off;
EXPLAIN (COSTS OFF) SELECT kind, count(*) FROM item GROUP BY 1;
SELECT weir.stream_reason('SELECT kind, sum(price) FROM item GROUP BY 1');
SET weir.stream = bogus;
DROP TABLE item;
