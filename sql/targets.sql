-- table_name and field_name: the table that is written, else the largest that is scanned, and the
-- first of its columns that the statement restricts.
SELECT weir.reset();
CREATE TABLE customer (id int PRIMARY KEY, region text, email text, score int);
CREATE INDEX customer_region_idx ON customer (region);
CREATE INDEX customer_score_idx ON customer (score) INCLUDE (region);
INSERT INTO customer SELECT i, 'r' || i % 10, 'c' || i || '@example.org', i % 50 FROM generate_series(1, 2000) i;
CREATE TABLE region (name text PRIMARY KEY, country text);
INSERT INTO region SELECT 'r' || i, 'country ' || i FROM generate_series(0, 9) i;
CREATE VIEW good_customer AS SELECT id, region AS area, score FROM customer WHERE score > 40;
CREATE SCHEMA crm;
CREATE TABLE crm."Odd Name" ("Key" int, value int);
CREATE TABLE event (at date, kind text, id int) PARTITION BY RANGE (at);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- A partition whose columns stand in another order.
CREATE TABLE event_2025 (id int, dropped int, kind text, at date);
ALTER TABLE event_2025 DROP COLUMN dropped;
ALTER TABLE event ATTACH PARTITION event_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO event SELECT '2024-01-01'::date + i, 'k' || i % 3, i FROM generate_series(0, 700) i;
CREATE TABLE parent (a int, b int);
CREATE TABLE child (c int) INHERITS (parent);
-- The flush worker has nothing to do for a while, so that nobody's snapshot keeps VACUUM from its work.
SELECT weir.flush() >= 0 AS flushed;
VACUUM ANALYZE customer, region, event;

SET weir.tenant = 'targets';
-- scans of all kinds
SET enable_seqscan = off;
SELECT email FROM customer WHERE id = 7;
SET enable_bitmapscan = off;
SELECT count(score) FROM customer WHERE score = 7 /* index only */;
SET enable_bitmapscan = on;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SELECT count(email) FROM customer WHERE region = 'r7' /* bitmap */;
SELECT count(email) FROM customer WHERE score = 3 AND region = 'r3' /* the first in the text */;
RESET enable_indexscan;
RESET enable_indexonlyscan;
RESET enable_seqscan;
SELECT count(*) FROM customer WHERE email LIKE '%77%';
SELECT count(*) FROM customer WHERE lower(email) = 'nobody' OR score < 0;
SELECT count(*) FROM customer;
SELECT count(*) FROM customer WHERE ctid = '(0,1)';
-- none
SELECT 1 AS no_table;
SELECT count(*) FROM generate_series(1, 3) i WHERE i > 1;
-- joins, subqueries, views, CTEs, unions: the largest table
SELECT count(*) FROM region r JOIN customer c ON c.region = r.name WHERE r.country = 'country 3';
SELECT count(*) FROM region r JOIN customer c ON c.region = r.name WHERE c.score = 4;
SELECT name FROM region WHERE name IN (SELECT region FROM customer WHERE score = 49) ORDER BY name LIMIT 1;
SELECT count(*) FROM region WHERE country = (SELECT max(email) FROM customer WHERE id = 3);
SELECT count(*) FROM good_customer WHERE area = 'r1';
WITH c AS MATERIALIZED (SELECT * FROM customer WHERE score = 1) SELECT count(*) FROM c WHERE region > 'r0';
SELECT count(*) FROM (SELECT name FROM region UNION ALL SELECT email FROM customer WHERE id < 5) u;
-- other schemas, odd names
SELECT count(*) FROM crm."Odd Name" WHERE "Key" = 1;
SELECT count(*) FROM pg_catalog.pg_class WHERE relname = 'no_such_name';
-- partitions and children go by their parent's name, and its column's
SELECT count(*) FROM event WHERE at = '2024-02-01';
SELECT count(*) FROM event WHERE kind = 'k1' AND at >= '2025-03-01';
SELECT count(*) FROM event_2025 WHERE kind = 'k1';
SELECT count(*) FROM parent WHERE b = 1;
-- what is written, whatever is read
INSERT INTO region SELECT 'x' || id, email FROM customer WHERE score = 0 AND id < 100;
UPDATE region SET country = 'none' FROM customer WHERE customer.email = region.country AND region.name LIKE 'x%';
DELETE FROM region WHERE name LIKE 'x%';
INSERT INTO event VALUES ('2025-05-05', 'k9', 9);
UPDATE event SET id = id + 1 WHERE kind = 'k9';
DELETE FROM event WHERE at > '2025-12-01';
DELETE FROM good_customer WHERE area = 'none';
MERGE INTO customer c USING region r ON c.region = r.name WHEN MATCHED AND c.score < 0 THEN DELETE;
COPY customer (id) TO '/dev/null';
COPY crm."Odd Name" FROM stdin;
\.
-- A renamed column or table goes by its new name, although the query stays the same.
SELECT count(*) FROM parent WHERE a = 1;
ALTER TABLE parent RENAME COLUMN a TO renamed;
SELECT count(*) FROM parent WHERE renamed = 1;
SET weir.tenant = '';

SELECT weir.flush() >= 0 AS flushed;
SELECT query_type, table_name, field_name, query
FROM weir.query_stats JOIN weir.query_texts USING (queryid, userid)
WHERE tenant_id = 'targets' AND query_type NOT IN ('SET', 'RESET', 'ALTER TABLE') ORDER BY id;
SELECT table_name, field_name, query_type, calls, tenants FROM weir.field_usage
WHERE table_name IN ('event', 'region') ORDER BY 1, 2, 3;

DROP SCHEMA crm CASCADE;
DROP TABLE customer, region, event, parent CASCADE;
