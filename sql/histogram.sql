-- weir.histogram: what goes in comes out, what is none is refused, and merging is adding.
SELECT '{}'::weir.histogram, '{0:1,40:7,128:9223372036854775000}'::weir.histogram;
SELECT weir.histogram_agg(NULL::float8), weir.histogram_agg(ms) FILTER (WHERE false), weir.histogram_agg(ms)
FROM unnest(ARRAY[0, 0.001, 1, 1, 1000, 3600000, 'infinity']::float8[]) ms;
-- refused texts
CREATE FUNCTION refusal(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN $1::weir.histogram::text;
EXCEPTION WHEN invalid_text_representation THEN RETURN SQLSTATE;
END $$;
SELECT t, refusal(t) FROM unnest(ARRAY['', '{', '{1}', '{1:}', '{:1}', '{1:0}', '{1:-1}', '{129:1}', '{1:1,1:1}', '{2:1,1:1}', '{1:1,}',
    '{1:1} ', ' {1:1}', '{1:9223372036854775808}', '{1:9223372036854775807,2:1}', '{99999999999999999999:1}', '{1:1}x', '{1:1;2:2}']) t;
SELECT '{1:0}'::weir.histogram;
-- whatever is thrown at the input function ends in a value or in a refusal
SELECT setseed(0.7);
SELECT count(*) AS texts, count(*) FILTER (WHERE r = '22P02') > 0 AS refused, count(*) FILTER (WHERE r <> '22P02' AND r IS DISTINCT FROM t) AS changed
FROM (SELECT t, refusal(t) AS r
      FROM (SELECT (SELECT string_agg(substr('{{}}::,,0123456789 -x', 1 + floor(random() * 21)::int, 1), '')
                    FROM generate_series(1, 1 + i % 12)) AS t FROM generate_series(1, 20000) i) g) s;

-- The binary form, sent and received.
SELECT weir.histogram_send('{40:300}');
CREATE TABLE sent (h weir.histogram);
INSERT INTO sent SELECT weir.histogram_agg(2 ^ (i % 40 - 12), i) FROM generate_series(1, 200) i GROUP BY i % 7;
SELECT format('%s/sent', current_setting('data_directory')) AS file \gset
COPY sent TO :'file' (FORMAT binary);
CREATE TABLE received (LIKE sent);
COPY received FROM :'file' (FORMAT binary);
SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM sent s WHERE s.h::text = r.h::text)) AS equal FROM received r;
CREATE TABLE bytes (b bytea);
INSERT INTO bytes VALUES ('\x0180');
COPY bytes TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);

-- Percentiles: within an eighth of the exact ones, whatever the shape.
CREATE TABLE sample AS
SELECT kind, ms FROM (SELECT kind, CASE kind WHEN 'even' THEN 100 * random() + 0.001 WHEN 'log' THEN exp(12 * random() - 5)
                             WHEN 'same' THEN 7.5 ELSE CASE WHEN random() < 0.98 THEN 1 + random() ELSE 900 + 100 * random() END END AS ms
                      FROM unnest(ARRAY['even', 'log', 'same', 'two']) kind, generate_series(1, 5000)) s;
SELECT kind, p, abs(weir.percentile(h, p) / exact - 1) <= 0.125 AS within
FROM (SELECT kind, weir.histogram_agg(ms) AS h, percentile_disc(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY ms) AS exacts
      FROM sample GROUP BY kind) s, unnest(ARRAY[0.5, 0.95, 0.99, 1], exacts) AS u (p, exact) ORDER BY 1, 2;
SELECT weir.percentile('{}', 0.5), weir.percentile('{40:1}', 0) = weir.percentile('{40:1}', 1) AS one, weir.percentile(NULL, 0.5);
SELECT weir.percentile('{40:1}', 1.5);
SELECT weir.percentile('{40:1}', 'NaN');
SELECT weir.histogram_agg(-1);
SELECT weir.histogram_agg('NaN');
SELECT weir.histogram_agg(1, -1);

-- Parts make the whole, in any order, and so do parallel workers.
SELECT (SELECT weir.histogram_merge(h) FROM (SELECT weir.histogram_agg(ms) AS h FROM sample GROUP BY kind, ms::int % 5) p)::text
     = (SELECT weir.histogram_agg(ms) FROM sample)::text AS parts_are_the_whole,
       (SELECT weir.histogram_agg(ms, n) FROM (SELECT ms, count(*) AS n FROM sample GROUP BY ms) c)::text
     = (SELECT weir.histogram_agg(ms) FROM sample)::text AS counted,
       weir.histogram_merge('{}') AS nothing FROM sample LIMIT 1;
SELECT weir.histogram_agg(ms) AS serial FROM sample \gset
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT weir.histogram_agg(ms) FROM sample;
SELECT weir.histogram_agg(ms)::text = :'serial' AS parallel_is_serial FROM sample;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- Counts stop instead of overflowing.
SELECT weir.histogram_merge(h) FROM unnest(ARRAY['{1:9223372036854775807}', '{1:5,2:5}']::weir.histogram[]) h;

-- Buckets, for plots.
SELECT * FROM weir.histogram_buckets((SELECT weir.histogram_agg(ms) FROM unnest(ARRAY[0, 1, 1.1, 1000, 4e6]) ms));
SELECT (SELECT sum(count) FROM weir.histogram_buckets(h)) = weir.histogram_count(h) AS all, weir.histogram_count(h, 500) AS from_500,
       (SELECT bool_and(from_ms < to_ms) FROM weir.histogram_buckets(h)) AS edges
FROM (SELECT weir.histogram_agg(ms) AS h FROM sample WHERE kind = 'same') s;

-- The aggregates are everybody's.
CREATE ROLE regress_weir_other;
SET ROLE regress_weir_other;
SELECT weir.percentile(weir.histogram_agg(1.0::float8), 0.5) BETWEEN 0.9 AND 1.1 AS may_aggregate;
RESET ROLE;
DROP ROLE regress_weir_other;
DROP TABLE sent, received, bytes, sample;
DROP FUNCTION refusal;
