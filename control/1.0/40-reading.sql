-- Reading roll-ups. Row security decides, as for the log, who sees whose statements.

-- Everything that is kept, by day: whole days, and the minutes that are not in them yet.
CREATE VIEW weir.rollup_rows WITH (security_invoker = true) AS
SELECT k.tenant_id, k.table_name, k.field_name, k.query_type, k.queryid, k.application_name, k.toplevel,
       k.sqlstate, r.*
  FROM (SELECT * FROM weir.rollups d WHERE d.minutes = 1440
        UNION ALL
        SELECT * FROM weir.rollups m
         WHERE m.minutes = 1 AND m.bucket >= (SELECT s.rolled_until FROM weir.rollup_state s)) r
  JOIN weir.rollup_kinds k ON k.kind_id = r.kind_id;
COMMENT ON VIEW weir.rollup_rows IS 'weir.rollups with the names of weir.rollup_kinds, everything once';
REVOKE ALL ON weir.rollup_rows FROM PUBLIC;
GRANT SELECT ON weir.rollup_rows TO PUBLIC;

-- The functions below are expanded into the queries that call them: they are not strict, and have no
-- settings of their own; their bodies were parsed when they were created.

CREATE FUNCTION weir.rollup_width(since timestamptz, until timestamptz, resolution interval)
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN since >= now() - interval '6 hours'
         AND CASE WHEN resolution IS NULL THEN since >= least(until, now()) - interval '3 hours'
                  ELSE resolution < interval '1 hour' END THEN 1
    WHEN since >= now() - interval '14 days'
         AND CASE WHEN resolution IS NULL THEN since >= least(until, now()) - interval '4 days'
                  ELSE resolution < interval '1 day' END THEN 60
    ELSE 1440 END;
COMMENT ON FUNCTION weir.rollup_width(timestamptz, timestamptz, interval) IS
    'minutes of the buckets that a stretch of time is answered from: 1, 60 or 1440';

CREATE FUNCTION weir.rollup_between(since timestamptz, until timestamptz, resolution interval DEFAULT NULL)
RETURNS SETOF weir.rollup_rows
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
BEGIN ATOMIC
    SELECT k.tenant_id, k.table_name, k.field_name, k.query_type, k.queryid, k.application_name, k.toplevel,
           k.sqlstate, r.*
      FROM (SELECT * FROM weir.rollups m
             WHERE m.minutes = 1 AND weir.rollup_width(since, until, resolution) = 1
               AND m.bucket >= date_trunc('minute', since) AND m.bucket < until
            UNION ALL
            SELECT * FROM weir.rollups h
             WHERE h.minutes = 60 AND weir.rollup_width(since, until, resolution) = 60
               AND h.bucket >= date_trunc('hour', since, 'UTC') AND h.bucket < until
            UNION ALL
            SELECT * FROM weir.rollups d
             WHERE d.minutes = 1440 AND weir.rollup_width(since, until, resolution) = 1440
               AND d.bucket >= date_trunc('day', since, 'UTC') AND d.bucket < until
            UNION ALL
            SELECT * FROM weir.rollups l
             WHERE l.minutes = 1 AND weir.rollup_width(since, until, resolution) <> 1
               AND l.bucket >= greatest((SELECT s.rolled_until FROM weir.rollup_state s), date_trunc('minute', since))
               AND l.bucket < until) r
      JOIN weir.rollup_kinds k ON k.kind_id = r.kind_id;
END;
COMMENT ON FUNCTION weir.rollup_between(timestamptz, timestamptz, interval) IS
    'roll-ups of a stretch of time: by minute up to 3 hours, by hour up to 4 days, else by day, or as fine as asked for';

CREATE FUNCTION weir.unknown_choice(argument text, value text, choices text) RETURNS double precision
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weir_unknown_choice';
COMMENT ON FUNCTION weir.unknown_choice(text, text, text) IS 'raises the error that an argument is none of the choices';

CREATE FUNCTION weir.sparkline(numbers double precision[]) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(CASE WHEN v.number IS NULL THEN ' '
                           WHEN current_setting('server_encoding') = 'UTF8'
                           THEN chr(9601 + (7 * v.number / v.largest)::integer)
                           ELSE substr('_.-:=+*#', 1 + (7 * v.number / v.largest)::integer, 1) END, ''
                      ORDER BY v.place)
      FROM (SELECT u.place, CASE WHEN u.number IS NOT NULL THEN greatest(u.number, 0) END AS number,
                   coalesce(nullif(greatest(max(u.number) OVER (), 0), 0), 1) AS largest
              FROM unnest(numbers) WITH ORDINALITY u (number, place)) v;
END;
COMMENT ON FUNCTION weir.sparkline(double precision[]) IS 'numbers as a line of bars, the largest highest';

REVOKE ALL ON FUNCTION weir.rollup_width(timestamptz, timestamptz, interval),
    weir.rollup_between(timestamptz, timestamptz, interval), weir.unknown_choice(text, text, text),
    weir.sparkline(double precision[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.rollup_width(timestamptz, timestamptz, interval),
    weir.rollup_between(timestamptz, timestamptz, interval), weir.unknown_choice(text, text, text),
    weir.sparkline(double precision[]) TO PUBLIC;
