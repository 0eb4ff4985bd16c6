-- A stream joined with ordinary tables: its new rows meet the tables as they are when they are counted.
CREATE SCHEMA cj;
SET search_path = cj, public;
SET client_min_messages = warning;
CREATE TABLE sale (id int PRIMARY KEY, shop int, item text, n int);
CREATE TABLE shop (shop int PRIMARY KEY, region int, name text);
CREATE TABLE region (region int, country text);
CREATE TABLE price (item text, price numeric);
INSERT INTO shop SELECT g, g % 4, 'shop ' || g FROM generate_series(1, 30) g;
INSERT INTO region SELECT g, CASE WHEN g < 2 THEN 'NO' ELSE 'SE' END FROM generate_series(0, 2) g;
INSERT INTO price VALUES ('a', 1.5), ('b', 2), ('b', 20), (NULL, 7);
CREATE SEQUENCE sale_ids;
CREATE FUNCTION add_sales(count int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO cj.sale SELECT id, nullif(id % 40, 0), substr('abc', id % 4, 1), id % 9
    FROM (SELECT nextval('cj.sale_ids')::int AS id FROM generate_series(1, count)) s
$$;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/differences.sql
\i :shared
\set shared :here/sql/shared/settled.sql
\i :shared
\set shared :here/sql/shared/has_failed.sql
\i :shared
SELECT add_sales(200);
SELECT settled();

SELECT weir.create_query('by_country', $$
    SELECT country, count(*), sum(n * price) AS revenue, max(s.name) AS last
    FROM sale JOIN shop s USING (shop) JOIN region r ON r.region = s.region LEFT JOIN price USING (item)
    WHERE sale.n > 0 GROUP BY country HAVING count(*) > 1 $$);
SELECT weir.create_query('kept', $$
    SELECT shop.name, sale.item, count(*), count(price) AS prices, avg(price), count(region.country) AS countries
    FROM sale LEFT JOIN (shop FULL JOIN region ON shop.region = region.region) ON shop.shop = sale.shop
              LEFT JOIN price p ON p.item = sale.item AND p.price < 10
    GROUP BY 1, 2 $$);
SELECT weir.create_query('rows', 'SELECT j.id, j.name, p.price FROM (sale JOIN shop USING (shop)) AS j, price AS p WHERE p.item = j.item');
SELECT weir.create_query('per_shop', 'SELECT shop, name, sum(n) FROM sale NATURAL LEFT JOIN shop GROUP BY shop, name');
SELECT weir.create_query('crossed', 'SELECT count(*), sum(n) FROM sale CROSS JOIN region');
SELECT weir.create_query('late_start', 'SELECT name, count(*) FROM sale JOIN shop USING (shop) GROUP BY name', backfill => false);
CREATE FUNCTION q() RETURNS SETOF regclass LANGUAGE sql AS
    $$SELECT result FROM weir.continuous_queries WHERE result::oid <> 'cj.late_start'::regclass ORDER BY id$$;
SELECT q, differences(q) FROM q();
SELECT add_sales(300);
SELECT q, differences(q) FROM q();
SELECT q, weir.wait(q), differences(q) FROM q();
SELECT add_sales(300);
SELECT q, differences(q) FROM q();
SELECT q, weir.wait(q), differences(q) FROM q();
SELECT * FROM by_country ORDER BY country;
SELECT (SELECT sum(count) FROM late_start) = (SELECT count(*) FROM sale JOIN shop USING (shop) WHERE id > 200) AS only_new;

-- a row that comes back under its key is new each time, whatever is unique among the rows there are
SELECT weir.pause_query('per_shop');
DELETE FROM sale WHERE id = 800;
INSERT INTO sale VALUES (800, 1, 'a', 5);
DELETE FROM sale WHERE id = 800;
INSERT INTO sale VALUES (800, 1, 'a', 70);
SELECT sum FROM per_shop WHERE shop = 1;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT sum FROM per_shop WHERE shop = 1;
RESET enable_hashjoin;
RESET enable_mergejoin;
CREATE TABLE wanted (id int, label text);
INSERT INTO wanted VALUES (800, 'x'), (801, 'y');
SELECT settled();
SELECT weir.create_query('of_wanted', 'SELECT label, count(*), sum(n) FROM sale JOIN wanted USING (id) GROUP BY label');
SELECT weir.pause_query('of_wanted');
BEGIN;
DELETE FROM sale WHERE id = 800;
INSERT INTO sale VALUES (800, 1, 'a', 100);
COMMIT;
DELETE FROM sale WHERE id = 800;
INSERT INTO sale VALUES (800, 1, 'a', 1000);
SELECT * FROM of_wanted;
SELECT weir.resume_query('of_wanted'), weir.resume_query('per_shop');
SELECT weir.wait('of_wanted'), weir.wait('per_shop');
SELECT * FROM of_wanted;
SELECT sum FROM per_shop WHERE shop = 1;

-- what was counted stays as the tables were; later rows meet what is there then
SELECT * FROM crossed;
SELECT differences('kept'), differences('rows');
INSERT INTO region VALUES (3, 'DK');
DELETE FROM region WHERE region = 0;
SELECT * FROM crossed;
INSERT INTO sale VALUES (2001, 3, 'a', 1000), (2002, 4, 'a', 1000);
SELECT sum FROM crossed;
SELECT weir.wait('crossed'), weir.wait('by_country');
SELECT sum FROM crossed;
SELECT * FROM by_country ORDER BY country;
SELECT weir.drop_query('kept'), weir.drop_query('rows');
SELECT weir.refresh_query('by_country'), differences('by_country');

-- all tables are depended on, and followed
DROP TABLE region;
ALTER TABLE price DROP COLUMN price;
ALTER TABLE price RENAME COLUMN price TO cost;
ALTER TABLE shop RENAME TO branch;
SELECT add_sales(20);
SELECT weir.wait('by_country'), differences('by_country');

-- the tables as they are now, when the stream's rows are counted that the horizon allows for
BEGIN;
CREATE TABLE kind (item text, kind text);
INSERT INTO kind VALUES ('a', 'x'), ('b', 'y'), ('c', 'x');
INSERT INTO sale VALUES (2500, 1, 'a', 7);
SELECT weir.create_query('kinds', 'SELECT kind, count(*), sum(n) FROM sale JOIN kind USING (item) GROUP BY kind');
SELECT differences('kinds');
INSERT INTO sale VALUES (2501, 1, 'c', 7);
SELECT differences('kinds');
COMMIT;
SELECT differences('kinds'), weir.wait('kinds'), differences('kinds');
INSERT INTO kind VALUES ('b', 'z');
BEGIN;
INSERT INTO kind VALUES ('a', 'z');
SELECT weir.refresh_query('kinds'), differences('kinds');
COMMIT;
SELECT differences('kinds'), (SELECT count FROM kinds WHERE kind = 'z') > 100 AS has_new;

-- partitions of the stream
CREATE TABLE hit (at int, page int) PARTITION BY RANGE (at);
CREATE TABLE hit_1 PARTITION OF hit (PRIMARY KEY (page)) FOR VALUES FROM (0) TO (10);
CREATE TABLE hit_2 PARTITION OF hit FOR VALUES FROM (10) TO (20);
CREATE TABLE page (page int PRIMARY KEY, title text);
INSERT INTO page SELECT g, 'title ' || g % 7 FROM generate_series(0, 99) g;
INSERT INTO hit SELECT g % 20, g FROM generate_series(1, 99) g;
SELECT weir.create_query('titles', 'SELECT title, count(*), min(at) FROM hit JOIN page USING (page) GROUP BY title');
INSERT INTO hit SELECT g % 20, g FROM generate_series(101, 199) g;
INSERT INTO hit SELECT 10, g FROM generate_series(1, 99) g;
SELECT differences('titles'), weir.wait('titles'), differences('titles');

-- refused
SELECT weir.create_query('r', 'SELECT count(*) FROM sale RIGHT JOIN branch USING (shop)');
SELECT weir.create_query('r', 'SELECT count(*) FROM sale FULL JOIN branch USING (shop) JOIN price ON true');
SELECT weir.create_query('r', 'SELECT count(*) FROM sale a JOIN sale b ON a.id = b.n');
SELECT weir.create_query('r', 'SELECT count(*) FROM hit JOIN hit_1 ON hit_1.at = hit.at');
SELECT weir.create_query('r', 'SELECT count(*) FROM hit_1 JOIN hit ON hit_1.at = hit.at');
SELECT weir.create_query('r', 'SELECT count(*) FROM sale JOIN (SELECT * FROM branch) b USING (shop)');
SELECT weir.create_query('r', 'SELECT count(*) FROM sale, LATERAL (SELECT * FROM branch WHERE branch.shop = sale.shop) b');
SELECT weir.create_query('r', 'SELECT count(*) FROM sale, generate_series(1, n) g');
SELECT weir.create_query('r', 'SELECT count(*) FROM sale JOIN (VALUES (1)) v(a) ON true');
SELECT weir.create_query('r', 'SELECT count(*) FROM sale JOIN branch ON branch.shop = sale.shop AND now() > $$2024-01-01$$');
SELECT weir.create_query('r', 'SELECT count(*) FROM sale JOIN branch ON branch.shop = (SELECT 1)');
SELECT weir.create_query('r', 'SELECT branch.xmin FROM sale JOIN branch USING (shop)');
SELECT weir.create_query('r', 'SELECT branch FROM sale JOIN branch USING (shop)');
CREATE TEMP TABLE passing (shop int);
SELECT weir.create_query('r', 'SELECT count(*) FROM sale JOIN passing USING (shop)');
CREATE VIEW branches AS SELECT * FROM branch;
SELECT weir.create_query('r', 'SELECT count(*) FROM sale JOIN branches USING (shop)');

-- Rights on all tables, at creation and later; a superuser's query uses what superusers own.
CREATE ROLE regress_weir_joe LOGIN;
GRANT CREATE, USAGE ON SCHEMA cj TO regress_weir_joe;
GRANT SELECT ON sale TO regress_weir_joe;
SET ROLE regress_weir_joe;
CREATE TABLE mine (shop int, label text);
INSERT INTO mine VALUES (3, 'three');
SELECT weir.create_query('joes', 'SELECT count(*) FROM sale JOIN branch USING (shop)');
RESET ROLE;
GRANT SELECT ON branch TO regress_weir_joe;
SET ROLE regress_weir_joe;
SELECT weir.create_query('joes', 'SELECT name, count(*) FROM sale JOIN branch USING (shop) JOIN mine USING (shop) GROUP BY name');
TABLE joes;
RESET ROLE;
SELECT weir.create_query('r', 'SELECT label, count(*) FROM sale JOIN mine USING (shop) GROUP BY label');
REVOKE SELECT ON branch FROM regress_weir_joe;
INSERT INTO sale VALUES (3001, 3, 'a', 1);
SET ROLE regress_weir_joe;
SELECT has_failed('joes'), weir.wait('joes', '500 ms');
SELECT state, last_error FROM weir.queries WHERE name = 'joes'::regclass;
RESET ROLE;
GRANT SELECT ON branch TO regress_weir_joe;
SELECT weir.resume_query('joes');
SELECT weir.wait('joes');
TABLE joes;

DROP SCHEMA cj CASCADE;
RESET search_path;
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/queries_gone.sql
\i :shared
SELECT count(*) FROM weir.continuous_queries;
DROP ROLE regress_weir_joe;
