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

-- Off means off.
SET weir.stream = off;
EXPLAIN (COSTS OFF) SELECT kind, count(*) FROM item GROUP BY 1;
SELECT weir.stream_reason('SELECT kind, sum(price) FROM item GROUP BY 1');
SET weir.stream = bogus;
DROP TABLE item;
