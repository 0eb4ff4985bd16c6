-- Dead letters: what owners see of the rows that their queries have failed on

-- An owner may mend a row here before it is put through again, or delete it.
CREATE VIEW weir.dead_letters WITH (security_barrier) AS
SELECT d.id,
       (SELECT q.result FROM weir.continuous_queries q WHERE q.id = d.query_id) AS query,
       d."row",
       d.sqlstate,
       d.message,
       d.at
FROM weir.dead_letter_rows d
WHERE EXISTS (SELECT FROM weir.continuous_queries q
              JOIN pg_catalog.pg_class c ON c.oid = q.result
              WHERE q.id = d.query_id AND pg_catalog.pg_has_role(c.relowner, 'USAGE'));
COMMENT ON VIEW weir.dead_letters IS 'rows that the reader''s continuous queries have failed on';
REVOKE ALL ON weir.dead_letters FROM PUBLIC;
GRANT SELECT, UPDATE ("row"), DELETE ON weir.dead_letters TO PUBLIC;

CREATE FUNCTION weir.retry_dead_letters(query regclass) RETURNS bigint
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'weir_retry_dead_letters';
COMMENT ON FUNCTION weir.retry_dead_letters(regclass) IS
    'adds a continuous query''s dead letters to its result; those that fail again stay; returns how many did not';
REVOKE ALL ON FUNCTION weir.retry_dead_letters(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION weir.retry_dead_letters(regclass) TO PUBLIC;
