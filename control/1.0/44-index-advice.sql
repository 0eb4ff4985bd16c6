-- Advice on indexes. Nothing here creates or drops an index.

CREATE FUNCTION weir.index_candidates(since interval)
RETURNS TABLE (relation regclass, relation_rows double precision, column_name name, operator text, equal_columns name[],
               calls bigint, total_ms double precision, rows bigint, blocks bigint, queryid bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
    -- Columns that the condition of a query compares, as its normalised text shows them; of the table
    -- that the query was recorded with. Patterns are E'', which standard_conforming_strings leaves alone.
    WITH patterns AS (
        SELECT r.table_name, r.queryid, sum(r.calls)::bigint AS calls, sum(r.total_ms) AS total_ms,
               coalesce(sum(r.rows), 0)::bigint AS rows,
               (coalesce(sum(r.shared_blks_hit), 0) + coalesce(sum(r.shared_blks_read), 0))::bigint AS blocks
          FROM weir.rollup_between(now() - since, 'infinity') r
         WHERE r.table_name IS NOT NULL AND r.queryid IS NOT NULL AND r.sqlstate IS NULL
         GROUP BY r.table_name, r.queryid),
    texts AS (
        SELECT t.queryid, substring(min(t.query) FROM E'(?i)\\mWHERE\\M.*') AS condition
          FROM weir.query_texts t GROUP BY t.queryid),
    restricted AS (
        SELECT c.oid AS relation, greatest(c.reltuples, 0)::double precision AS relation_rows, a.attname, p.*,
               CASE WHEN m.operator ~ '^(=|IN)' THEN '=' WHEN m.operator ~ '^(<|>|BETWEEN)' AND m.operator <> '<>' THEN '<'
                    WHEN m.operator ~ '^(LIKE|~~$)' THEN 'LIKE' WHEN m.operator ~ '^IS' THEN m.operator
                    ELSE 'other' END AS operator
          FROM patterns p
          JOIN texts t ON t.queryid = p.queryid
          JOIN pg_namespace n ON NOT starts_with(n.nspname, 'pg_')
          JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm')
                         AND p.table_name = CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                             AND a.attname ~ '^[a-z_][a-z0-9_]*$',
               LATERAL (SELECT upper(regexp_replace((regexp_match(t.condition, E'\\m' || a.attname ||
                   E'\\M"?\\s*(=|<>|!=|<=|>=|<|>|!?~~?\\*?|NOT\\s+I?LIKE|I?LIKE|NOT\\s+IN|IN|IS\\s+NOT\\s+NULL|IS\\s+NULL|BETWEEN)', 'i'))[1],
                   E'\\s+', ' ', 'g')) AS operator) m
         WHERE m.operator IS NOT NULL)
    SELECT r.relation::regclass, r.relation_rows, r.attname, r.operator,
           ARRAY(SELECT e.attname FROM restricted e
                  WHERE e.queryid = r.queryid AND e.relation = r.relation AND e.operator = '=' AND e.attname <> r.attname
                  ORDER BY e.attname),
           r.calls, r.total_ms, r.rows, r.blocks, r.queryid
      FROM restricted r;
END;
COMMENT ON FUNCTION weir.index_candidates(interval) IS 'columns that recorded queries compare, one line for each query, table and column';

CREATE FUNCTION weir.index_overlap(relation regclass, columns name[]) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- A whole index that begins with these columns, in any order.
    SELECT min(i.indexrelid::regclass::text)
      FROM pg_index i
     WHERE i.indrelid = relation AND i.indisvalid AND i.indpred IS NULL
       AND (SELECT array_agg(a.attname ORDER BY a.attname COLLATE "C")
              FROM unnest(i.indkey::smallint[]) WITH ORDINALITY k (attnum, place)
              JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = k.attnum
             WHERE k.place <= cardinality(columns))
         = (SELECT array_agg(u.name ORDER BY u.name COLLATE "C") FROM unnest(columns) u (name));
END;
COMMENT ON FUNCTION weir.index_overlap(regclass, name[]) IS 'an index that begins with the given columns in any order; NULL when there is none';

CREATE FUNCTION weir.index_estimate(relation regclass, conditions text, columns name[], OUT before double precision,
                                    OUT after double precision)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    query constant text := format('EXPLAIN (FORMAT json) SELECT * FROM %s WHERE %s', relation, conditions);
    hypopg text;
    hypothetical oid;
    plan json;
BEGIN
    SELECT n.nspname INTO hypopg FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg';
    EXECUTE query INTO plan;
    before := (plan -> 0 -> 'Plan' ->> 'Total Cost')::double precision;
    EXECUTE format('SELECT indexrelid FROM %I.hypopg_create_index($1)', hypopg) INTO hypothetical
      USING format('CREATE INDEX ON %s (%s)', relation, (SELECT string_agg(quote_ident(u.name), ', ') FROM unnest(columns) u (name)));
    EXECUTE query INTO plan;
    EXECUTE format('SELECT %I.hypopg_drop_index($1)', hypopg) USING hypothetical;
    -- Only a plan that uses the index says something about it.
    IF strpos(plan::text, '<' || hypothetical || '>') > 0 THEN
        after := (plan -> 0 -> 'Plan' ->> 'Total Cost')::double precision;
    END IF;
END;
$$;
COMMENT ON FUNCTION weir.index_estimate(regclass, text, name[]) IS
    'the planner''s cost of a condition, and with an index that HypoPG makes up; after is NULL when that is not used';

CREATE FUNCTION weir.index_rows(relation regclass, column_name name, equal_columns name[], OUT before double precision,
                                OUT after double precision)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(min(f.share) FILTER (WHERE s.attname <> index_rows.column_name AND weir.index_overlap(relation, ARRAY[s.attname]) IS NOT NULL), 1)
               * max(f.rows),
           coalesce(min(f.share) FILTER (WHERE s.attname <> index_rows.column_name AND weir.index_overlap(relation, ARRAY[s.attname]) IS NOT NULL), 1)
               * max(f.rows) * max(f.share) FILTER (WHERE s.attname = column_name)
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname,
           LATERAL (SELECT greatest(c.reltuples, 0)::double precision AS rows,
                           CASE WHEN s.n_distinct > 0 THEN 1 / s.n_distinct
                                WHEN s.n_distinct < 0 THEN 1 / greatest(-s.n_distinct * c.reltuples, 1) END AS share) f
     WHERE c.oid = relation AND s.attname = ANY (equal_columns || column_name);
END;
COMMENT ON FUNCTION weir.index_rows(regclass, name, name[]) IS
    'rows to read, by statistics, for a comparison with =: with the best index there is, and with one that has the column too';

CREATE FUNCTION weir.index_advice(
    min_calls bigint DEFAULT 100, since interval DEFAULT '7 days',
    OUT table_name regclass, OUT column_name name, OUT verdict text, OUT reason text, OUT statement text,
    OUT calls bigint, OUT total_ms double precision, OUT avg_ms double precision, OUT rows_per_call double precision,
    OUT blocks_per_call double precision, OUT table_rows double precision, OUT cost_before double precision,
    OUT cost_after double precision, OUT queryid bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    has_hypopg constant boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'hypopg');
    candidate record;
    columns name[];
    best name[];
    estimate record;
    overlap text;
    conditions text;
    rows record;
    saves_rows boolean;
    problem text;
BEGIN
    FOR candidate IN
        -- Of each column, the query that took most time, by an operator that an index may serve if any does.
        SELECT DISTINCT ON (c.relation::text, c.column_name) c.*,
               sum(c.calls) OVER w AS all_calls, sum(c.total_ms) OVER w AS all_ms, sum(c.rows) OVER w AS all_rows,
               sum(c.blocks) OVER w AS all_blocks
          FROM weir.index_candidates(since) c
        WINDOW w AS (PARTITION BY c.relation, c.column_name)
         ORDER BY c.relation::text, c.column_name, c.operator IN ('=', '<') DESC, c.total_ms DESC
    LOOP
        CONTINUE WHEN candidate.all_calls < min_calls;
        table_name := candidate.relation;
        column_name := candidate.column_name;
        calls := candidate.all_calls;
        total_ms := candidate.all_ms;
        avg_ms := total_ms / calls;
        rows_per_call := candidate.all_rows::double precision / calls;
        blocks_per_call := candidate.all_blocks::double precision / calls;
        table_rows := candidate.relation_rows;
        queryid := candidate.queryid;
        statement := NULL;
        cost_before := NULL;
        cost_after := NULL;
        best := NULL;
        problem := NULL;
        overlap := coalesce(weir.index_overlap(candidate.relation, ARRAY[column_name]),
                            weir.index_overlap(candidate.relation, candidate.equal_columns || column_name));
        IF overlap IS NOT NULL THEN
            verdict := 'existing_overlap';
            reason := format('index %s begins with it', overlap);
            RETURN NEXT;
            CONTINUE;
        END IF;
        IF candidate.operator NOT IN ('=', '<') THEN
            verdict := 'not_supported_by_planner';
            reason := CASE WHEN candidate.operator IN ('LIKE', 'other')
                THEN 'compared by a pattern or an operator that a b-tree does not serve unless the pattern has a fixed beginning'
                ELSE 'compared by ' || candidate.operator || ' only, for which most of a b-tree would be read' END;
            RETURN NEXT;
            CONTINUE;
        END IF;
        -- Half of the rows, and not so few that nobody would notice.
        rows := weir.index_rows(candidate.relation, column_name, candidate.equal_columns);
        saves_rows := candidate.operator = '=' AND rows.before >= 100 AND rows.after <= 0.5 * rows.before;
        reason := CASE WHEN candidate.operator <> '=' THEN 'compared by a range, of which statistics alone say little'
                       WHEN rows.after IS NULL THEN 'no statistics: run ANALYZE'
                       ELSE format('about %s of %s rows to read, by statistics', round(rows.after::numeric),
                                   round(rows.before::numeric)) END;
        IF has_hypopg THEN
            -- A value that is not known before the query runs, as with a prepared statement.
            SELECT string_agg(format('%I %s (SELECT NULL::%s)', a.attname,
                              CASE WHEN a.attname = column_name THEN candidate.operator ELSE '=' END,
                              format_type(a.atttypid, a.atttypmod)), ' AND ')
              INTO conditions
              FROM pg_attribute a
             WHERE a.attrelid = candidate.relation AND a.attname = ANY (candidate.equal_columns || column_name);
            BEGIN
                FOR columns IN SELECT u.columns FROM (VALUES (1, ARRAY[column_name]), (2, candidate.equal_columns || column_name)) u (place, columns)
                                WHERE u.place = 1 OR cardinality(candidate.equal_columns) > 0 ORDER BY u.place
                LOOP
                    SELECT * INTO estimate FROM weir.index_estimate(candidate.relation, conditions, columns);
                    cost_before := estimate.before;
                    IF estimate.after < coalesce(cost_after, 'infinity') THEN
                        cost_after := estimate.after;
                        best := columns;
                    END IF;
                END LOOP;
            EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported OR undefined_object THEN
                problem := SQLERRM;
            END;
        END IF;
        IF NOT has_hypopg THEN
            verdict := CASE WHEN saves_rows THEN 'worth_benchmarking' ELSE 'inconclusive' END;
            reason := reason || '; install HypoPG for the planner''s estimate';
        ELSIF problem IS NOT NULL THEN
            verdict := 'inconclusive';
            reason := reason || '; no estimate by HypoPG: ' || problem;
        ELSIF cost_after <= 0.8 * cost_before THEN
            verdict := 'worth_benchmarking';
            reason := format('estimated cost %s instead of %s, by HypoPG; ', round(cost_after::numeric, 2), round(cost_before::numeric, 2)) || reason;
        ELSIF saves_rows AND rows.before < table_rows THEN
            -- The planner knows of an existing index in which order its rows lie in the table. Of an index that
            -- HypoPG makes up it knows nothing, and takes the worst case.
            verdict := 'worth_benchmarking';
            reason := reason || '; HypoPG cannot tell, for it does not know in which order the rows lie';
        ELSIF best IS NULL THEN
            verdict := 'not_supported_by_planner';
            reason := 'the planner would not use an index on it; ' || reason;
        ELSE
            verdict := 'inconclusive';
            reason := format('estimated cost %s instead of %s, by HypoPG; ', round(cost_after::numeric, 2), round(cost_before::numeric, 2)) || reason;
        END IF;
        -- With an index on the other columns there, a longer one beats one more; so it does by HypoPG's figures.
        best := coalesce(best, CASE WHEN rows.before < table_rows THEN candidate.equal_columns ELSE '{}' END || column_name);
        IF verdict = 'worth_benchmarking' THEN
            statement := format('CREATE INDEX CONCURRENTLY ON %s (%s)', candidate.relation,
                                (SELECT string_agg(quote_ident(u.name), ', ' ORDER BY u.place)
                                   FROM unnest(best) WITH ORDINALITY u (name, place)));
        END IF;
        RETURN NEXT;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION weir.index_advice(bigint, interval) IS
    'columns that recorded queries search by, and whether an index on them is worth a try; advice only, nothing is created or dropped';

REVOKE ALL ON FUNCTION weir.index_candidates(interval), weir.index_overlap(regclass, name[]),
    weir.index_rows(regclass, name, name[]), weir.index_estimate(regclass, text, name[]),
    weir.index_advice(bigint, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.index_candidates(interval), weir.index_overlap(regclass, name[]),
    weir.index_rows(regclass, name, name[]), weir.index_estimate(regclass, text, name[]),
    weir.index_advice(bigint, interval) TO PUBLIC;
