-- GROUP BY gives the same rows streamed as stock: every key type, NULL and odd values among them.
SET extra_float_digits = 3;
CREATE TABLE reading (
    id bigint, sensor int, name text, label char(6), level float8, load float4, price numeric,
    at timestamptz, day date, span interval, tag uuid, is_on boolean, small int2, raw bytea);
INSERT INTO reading
SELECT i, nullif(i % 7, 0),
       CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN repeat('long name ', 4) ELSE 'n' || i % 3 END,
       repeat('x', i % 3) || repeat(' ', i % 2),
       (ARRAY['-0', '0', 'NaN', 'Infinity', '1.5', NULL])[i % 6 + 1]::float8,
       (ARRAY['-0', '0', 'NaN', '0.1', NULL])[i % 5 + 1]::float4,
       (ARRAY['1.0', '1.00', '-0.5', 'NaN', '123456789012345678901234567890.123', '0', NULL])[i % 7 + 1]::numeric,
       CASE WHEN i % 11 = 0 THEN 'infinity' ELSE timestamptz '2024-01-01Z' + i * interval '7 min' END,
       date '2024-01-01' + i % 4, make_interval(months => i % 2, days => 30 - 30 * (i % 2)),
       md5((i % 4)::text)::uuid, nullif(i % 3, 0) = 1, i % 5, decode(md5((i % 3)::text), 'hex')
  FROM generate_series(1, 2000) i;
VACUUM ANALYZE reading;

CREATE TEMP TABLE query (number serial, text text);
INSERT INTO query (text)
SELECT format('SELECT %1$s, count(*), count(level), sum(id), avg(small), min(at), max(day) FROM reading GROUP BY 1', key)
  FROM unnest(ARRAY['sensor', 'name', 'label', 'level', 'load', 'price', 'at', 'day', 'span', 'tag',
                    'is_on', 'small', 'raw', 'id / 100', 'id % 10', 'sensor + small', 'upper(name)']) key;
INSERT INTO query (text) VALUES
    ('SELECT sensor, name, sum(price), avg(price), avg(level), sum(load) FROM reading GROUP BY 1, 2'),
    ('SELECT sensor, name, label, price, span, tag, count(*) FROM reading GROUP BY 1, 2, 3, 4, 5, 6'),
    ('SELECT sensor, stddev(small), var_pop(small), stddev_pop(level), variance(load) FROM reading GROUP BY 1'),
    ('SELECT name, bool_and(is_on), bool_or(is_on), every(is_on), bit_and(id), bit_or(small), bit_xor(sensor) FROM reading GROUP BY 1'),
    ('SELECT sensor, min(level), max(level), min(load), max(load), min(id), max(small) FROM reading GROUP BY 1'),
    ('SELECT sensor, min(name COLLATE "C"), max(name COLLATE "C") FROM reading GROUP BY 1'),
    ('SELECT sensor, sum(id * 2), sum(level * 2 + 1), avg(id::float8 / 3), sum(small + sensor) FROM reading GROUP BY 1'),
    ('SELECT sensor, max(id::float8 * 0.1 * 0.25), stddev_pop(id::float8 * 0.1), avg(id::float8 * 0.1) FROM reading GROUP BY 1'),
    ('SELECT sensor, count(*) FILTER (WHERE is_on), sum(id) FILTER (WHERE name LIKE ''n%'') FROM reading GROUP BY 1'),
    ('SELECT sensor, sum(id) + count(*) * 2, avg(id) / 3 FROM reading GROUP BY 1 HAVING count(*) > 200 AND max(id) > 5'),
    ('SELECT sensor + 1, (sensor + 1) * 2, count(*) FROM reading GROUP BY sensor + 1'),
    ('SELECT count(*), sum(id), min(at), avg(price), max(level), stddev(small) FROM reading'),
    ('SELECT count(*), sum(id), min(at), avg(price), max(level), stddev(small) FROM reading WHERE id < 0'),
    ('SELECT sensor, count(*) FROM reading WHERE id < 0 GROUP BY 1'),
    ('SELECT DISTINCT sensor, name, price FROM reading'),
    ('SELECT sensor FROM reading GROUP BY sensor'),
    ('SELECT r.sensor, count(*), sum(s.id) FROM reading r JOIN reading s ON s.id = r.id + 1 GROUP BY 1'),
    ('SELECT x, count(*) FROM (SELECT sensor x FROM reading UNION ALL SELECT small FROM reading) u GROUP BY 1'),
    ('SELECT sensor, n, sum(n) OVER (ORDER BY sensor) FROM (SELECT sensor, count(*) n FROM reading GROUP BY 1) g'),
    ('SELECT sensor, count(*) FROM reading WHERE id BETWEEN 10 AND 900 AND name = ''n1'' GROUP BY 1'),
    ('SELECT sensor, count(*) FROM reading WHERE name IN (''n1'', ''n2'', NULL) OR NOT is_on GROUP BY 1'),
    ('SELECT sensor, count(*) FROM reading WHERE level > 1 AND load IS NOT NULL AND price <> 1 GROUP BY 1'),
    ('SELECT sensor, count(*) FROM reading WHERE at > ''2024-01-03Z'' AND sensor IS DISTINCT FROM 3 GROUP BY 1'),
    ('SELECT tableoid::regclass, count(*) FROM reading GROUP BY tableoid');

\getenv here PG_ABS_SRCDIR
\set shared :here/sql/shared/run.sql
\i :shared

-- No line: each query gives the same both ways.
SELECT number, text FROM query
 WHERE pg_temp.run(text, 'require', false) IS DISTINCT FROM pg_temp.run(text, 'off', false)
 ORDER BY number;

-- The same with little memory, which spills, and with a generic child instead of heap pages.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT number, text FROM query
 WHERE pg_temp.run(text, 'require', false) IS DISTINCT FROM pg_temp.run(text, 'off', false)
 ORDER BY number;
RESET work_mem;
RESET hash_mem_multiplier;

-- Some results for human eyes.
SET weir.stream = require;
SELECT sensor, count(*), sum(price), avg(load), min(level), max(name COLLATE "C")
  FROM reading WHERE id <= 60 AND price <> 'NaN' GROUP BY 1 ORDER BY 1;
SELECT price, count(*) FROM reading GROUP BY 1 ORDER BY 1;
SELECT level, count(*) FROM reading GROUP BY 1 ORDER BY 1;
DROP TABLE reading;
