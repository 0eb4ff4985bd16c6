\set ECHO none
-- What is left of queries whose views were dropped is cleared away a moment later.
DO $$ BEGIN
    FOR i IN 1 .. 100 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM weir.continuous_queries);
        PERFORM pg_sleep(0.1);
        COMMIT;
    END LOOP;
END $$;
\set ECHO all
