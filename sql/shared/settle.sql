\set ECHO none
-- What a query finds when it is created is what every running transaction is newer than.
CREATE PROCEDURE settle(before xid8) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 600 LOOP
        EXIT WHEN pg_snapshot_xmin(pg_current_snapshot()) > before;
        COMMIT;
        PERFORM pg_sleep(0.05);
    END LOOP;
END $$;
\set ECHO all
