\set ECHO none
-- Until a step of a query has failed, and it was told.
CREATE FUNCTION has_failed(query regclass) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    FOR i IN 1 .. 1200 LOOP
        IF (SELECT failures > 0 FROM weir.queries WHERE name = query) THEN RETURN true; END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
    RETURN false;
END $$;
\set ECHO all
