\set ECHO none
-- The rows of a query in a fixed order, streamed or not.
CREATE FUNCTION pg_temp.run(query text, mode text, may_sort boolean DEFAULT true) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    line text;
    result text[];
BEGIN
    PERFORM set_config('weir.stream', mode, true);
    IF NOT may_sort THEN PERFORM set_config('enable_sort', 'off', true); END IF;
    FOR line IN EXECUTE 'SELECT q::text FROM (' || query || ') q' LOOP result := result || md5(line); END LOOP;
    RETURN ARRAY(SELECT l FROM unnest(result) l ORDER BY l COLLATE "C");
END $$;
\set ECHO all
