-- FILTER and CASE with one condition, a column at a time: the same as PostgreSQL, errors included.
CREATE TABLE c AS select i id, i%7 k, case when i%5>0 then i end::int4 v, i*0.5::float8 f, (i/3.0)::numeric n, case when i%4>0 then repeat('t', i%40) end t, case when i%11>0 then i%3=0 end b from generate_series(1,20000) i;
CREATE TABLE q (n serial, t text);
INSERT INTO q (t) VALUES
('select k, count(*) filter (where v>100), count(v) filter (where b), sum(v) filter (where v between 5 and 5000), sum(n) filter (where b), max(t collate "C") filter (where v < 700), avg(f) filter (where not b) from c group by 1'),
('select k, sum(case when v>50 then f else 0 end), sum(case when b then 1 else 0 end), sum(case when b then v else id end), sum(case when b then null else v end), count(case when b then ''x'' end), count(case when b then t end) from c group by 1'),
('select case when b then t end, count(*) from c group by 1'),
('select case when v > 10000 then f end, count(*) from c group by 1'),
('select case when v > 10000 then f else -0.0 end, count(*) from c group by 1'),
('select case when v > 10 then 1 else 0 end, count(*) from c group by 1'),
('select sum(case when v<>0 then 100/v else 0 end) from c'),
('select count(*) filter (where v>100), sum(case when f>10 then v else 3 end), bool_or(case when v>3 then b else false end), stddev(case when b then v end), sum(n) filter (where f<3) from c'),
('select k, sum(case when b then 1 else 0 end) from (select * from c order by id offset 0) c group by 1'),
('select k, sum(v::float8) filter (where b), sum(case when b then v::float8 else f end) from c where id>3 group by 1');
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared
ANALYZE c;
SELECT n, pg_temp.run(t, 'require') = pg_temp.run(t, 'off') AS same FROM q ORDER BY 1;

-- A branch that is not taken raises no error, and one that is does.
SET weir.stream = require;
SELECT sum(CASE WHEN v <> 0 THEN 100 / v ELSE 0 END), sum(100 / v) FILTER (WHERE v > 0) FROM c;
SELECT sum(CASE WHEN v > 0 THEN 100 / (v - 1) ELSE 0 END) FROM c;
PREPARE above(int) AS SELECT sum(CASE WHEN v > $1 THEN v ELSE $1 END), count(*) FILTER (WHERE v > $1) FROM c;
SET plan_cache_mode = force_generic_plan;
EXECUTE above(19000);
EXECUTE above(NULL);
DROP TABLE c, q;
