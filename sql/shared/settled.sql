\set ECHO none
-- Until all that is there is older than every transaction that runs, as what a new query counts at once.
CREATE FUNCTION settled() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    newest xid8 := pg_snapshot_xmax(pg_current_snapshot());
BEGIN
    FOR i IN 1 .. 1200 LOOP
        IF pg_snapshot_xmin(pg_current_snapshot()) >= newest THEN RETURN true; END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
    RETURN false;
END $$;
\set ECHO all
