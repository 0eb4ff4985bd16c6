-- Windows tile time: a time on a boundary opens the next one.
SET timezone = 'Europe/Berlin';
SET weir.stream = require;
SELECT weir.tumble(timestamp '2024-01-01 00:00:59.999999', '1 min'), weir.tumble(timestamp '2024-01-01 00:01', '1 min'),
       weir.tumble_end(timestamp '2024-01-01 00:01', '1 min');
-- Before the origin, and with one.
SELECT weir.tumble(timestamp '1999-12-31 23:59', '1 h'), weir.tumble(timestamp '2024-01-01 00:07', '10 min', '2024-01-01 00:05');
-- Weeks start on Monday, months on the first, and quarters with the year.
SELECT weir.tumble(timestamp '2024-05-18', '7 days'), weir.tumble(timestamp '2024-05-18', '1 month'),
       weir.tumble(timestamp '2024-05-18', '3 months'), weir.tumble_end(timestamp '2024-02-18', '1 month'),
       weir.tumble(timestamp '1999-05-18', '1 year'), weir.tumble(timestamp '2024-03-31', '1 month', '2024-01-31');
-- Dates and numbers.
SELECT weir.tumble(date '2024-05-18', '7 days'), weir.tumble_end(date '2024-05-18', '1 month'),
       weir.tumble(17, 5), weir.tumble(-1, 5), weir.tumble(17, 5, 1), weir.tumble_end(17, 5);
-- NULL stays NULL, infinity stays infinite.
SELECT weir.tumble(NULL::timestamp, '1 min'), weir.tumble(timestamp 'infinity', '1 min'),
       weir.tumble(timestamp '-infinity', '1 month'), weir.tumble_end(timestamptz 'infinity', '1 day');
-- Fixed widths are those of date_bin; months of timestamptz follow the time zone, also over the change of clocks.
SELECT at, weir.tumble(at, '15 min') = date_bin('15 min', at, '2000-01-03Z') AS fixed,
       weir.tumble(at, '1 month') = date_trunc('month', at) AS months
  FROM (VALUES (timestamptz '2024-03-31 00:59Z'), ('2024-03-31 01:00Z'), ('2024-10-27 00:30Z'), ('2024-10-27 01:30Z')) v(at);

-- As group keys, both ways.
CREATE TABLE reading AS
SELECT timestamptz '2024-03-30 22:00Z' + i * interval '97 s' AS at, (timestamp '1999-12-31' + i * interval '11 min') AS local,
       date '2024-01-01' + i % 60 AS day, i * 13::bigint AS number, i % 5 AS sensor
  FROM generate_series(-500, 2000) i;
INSERT INTO reading VALUES ('infinity', '-infinity', 'infinity', 1, 1), (NULL, NULL, NULL, NULL, NULL);
CREATE TEMP TABLE key (number serial, text text);
INSERT INTO key (text) VALUES
    ('weir.tumble(at, ''1 min'')'), ('weir.tumble(at, ''1 day'')'), ('weir.tumble(at, ''1 month'')'),
    ('weir.tumble(local, ''90 s'')'), ('weir.tumble(local, ''1 h'', ''2024-01-01 00:20'')'), ('weir.tumble(day, ''7 days'')'),
    ('weir.tumble(number, 100)'), ('weir.tumble(number, 100, 7)'), ('weir.tumble_end(at, ''5 min'')'),
    ('date_bin(''5 min'', at, ''2001-01-01Z'')'), ('date_bin(''7 h'', local, ''2024-01-01'')'), ('date_trunc(''hour'', at)'),
    ('date_trunc(''hour'', local)'), ('date_trunc(''day'', local)'), ('date_trunc(''month'', local)'), ('number / 1000'), ('number / -7');
\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared
SELECT k.number, k.text FROM key k, format('SELECT %s, sensor, count(*), sum(number) FROM reading GROUP BY 1, 2', k.text) q
 WHERE pg_temp.run(q, 'require') IS DISTINCT FROM pg_temp.run(q, 'off') ORDER BY 1;
SELECT weir.tumble(at, '12 h') AS start, count(*), sum(sensor) FROM reading GROUP BY 1 ORDER BY 1 LIMIT 4;
DROP TABLE reading;
