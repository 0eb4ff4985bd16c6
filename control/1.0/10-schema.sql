\echo Use "CREATE EXTENSION pg_weir" to load this file. \quit

-- The schema belongs to the extension. It must not exist before: whoever owned it could replace what
-- is in it.
CREATE SCHEMA weir;
GRANT USAGE ON SCHEMA weir TO PUBLIC;
COMMENT ON SCHEMA weir IS 'pg_weir: what the statements of this database cost';
