-- Values outside the page: a page of them is more than a batch may hold, and nothing of it is lost.
CREATE TABLE doc (id int, kind text, body text);
ALTER TABLE doc ALTER body SET STORAGE EXTERNAL;
INSERT INTO doc SELECT i, 'k' || i % 3, repeat(md5((i % 4)::text), 8192) FROM generate_series(1, 120) i;
INSERT INTO doc SELECT i, 'k' || i % 3, CASE WHEN i % 10 > 0 THEN 'short ' || i % 5 END FROM generate_series(121, 3000) i;
INSERT INTO doc SELECT i, 'k' || i % 3, repeat(md5((i % 4)::text), 8192) FROM generate_series(3001, 3040) i;
CREATE TABLE long_line AS SELECT i AS id, repeat(md5((i % 50000)::text), 5) AS line FROM generate_series(1, 50000) i;
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
VACUUM ANALYZE doc, long_line;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared
CREATE TABLE q (n serial, t text);
INSERT INTO q (t) VALUES
('select md5(body), c, s, lo, hi from (select body, count(*) c, sum(id) s, min(id) lo, max(id) hi from doc group by body) d'),
('select md5(body), c, s from (select body::bpchar body, count(*) c, sum(id) s from doc group by 1) d'),
('select md5(body), c, s from (select body collate nocase body, count(*) c, sum(id) s from doc group by 1) d'),
('select md5(body), c, s from (select body || ''x'' body, count(*) c, sum(id) s from doc group by 1) d'),
('select kind, count(*), sum(id), md5(max(body collate "C")), md5(min(body collate "C")) from doc group by 1'),
('select kind, count(*), sum(id) from doc where body = repeat(md5(''1''), 8192) group by 1'),
('select kind, count(*), sum(id) from doc where body <> repeat(md5(''1''), 8192) and length(body) > 3 group by 1'),
('select count(*), sum(id) from doc where body in (repeat(md5(''1''), 8192), ''short 3'')'),
('select md5(body), n from (select distinct body, 1 as n from doc) d'),
('select kind, sum(length(body)), count(body) from doc group by 1'),
('select a.kind, count(*), md5(max(a.body collate "C")) from doc a join (select id, kind from doc) b using (id) group by 1'),
-- Long values that a condition looks at and removes do not end the input.
('select count(*), sum(id) from long_line where line = repeat(md5(''49999''), 5)'),
('select id, count(*) from long_line where line = repeat(md5(''30000''), 5) group by 1');
SELECT n, pg_temp.run(t, 'require') = pg_temp.run(t, 'off') AS same FROM q ORDER BY 1;

SET weir.stream = require;
-- Left early, entered again, rows that fail, and a cursor that keeps its place.
SELECT g, (SELECT count(*) FROM (SELECT body, count(*) FROM doc WHERE id > g GROUP BY body LIMIT 2) d) FROM generate_series(1, 3) g;
SELECT sum(100 / (id - 77)), md5(max(body COLLATE "C")) FROM doc;
SELECT sum(id + 2147483600), md5(max(body COLLATE "C")), max(100 / (id - 77)) FROM doc;
BEGIN;
DECLARE c CURSOR FOR SELECT md5(body), id, count(*) OVER (PARTITION BY kind ORDER BY id) FROM doc WHERE length(body) > 100 ORDER BY id;
FETCH 2 FROM c;
MOVE 100 FROM c;
FETCH 2 FROM c;
ROLLBACK;
-- Rows that not everybody sees.
BEGIN;
DELETE FROM doc WHERE id % 2 = 0;
SELECT md5(body), count(*) AS n FROM doc WHERE id < 121 OR id > 3000 GROUP BY body ORDER BY 1;
ROLLBACK;
DROP TABLE doc, long_line, q;
DROP COLLATION nocase;
