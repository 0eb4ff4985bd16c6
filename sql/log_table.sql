-- Tables of the log that somebody changed are written like any other.
-- Days are told apart below: not across midnight.
SELECT pg_sleep(CASE WHEN second > 86340 THEN 86401 - second ELSE 0 END) FROM (SELECT extract(epoch FROM now())::numeric % 86400 AS second) s;
CREATE DATABASE log_table;
SELECT current_database() AS home \gset
\c log_table
CREATE EXTENSION pg_weir;
CREATE FUNCTION logged(count bigint, at text DEFAULT '0') RETURNS bigint LANGUAGE plpgsql SET weir.capture = off AS $$
BEGIN
  PERFORM set_config('weir.clock_shift', at, true);
  PERFORM weir.log_query_stat('t' || i % 3, 'books', 'title', 'SELECT', i, skip_validation => true) FROM generate_series(1, count) i;
  PERFORM weir.flush();
  RETURN count(*) FROM weir.query_stats WHERE table_name = 'books';
END $$;
-- More rows than are written in one go, on two days.
SELECT logged(1000);
SELECT logged(10, '-2d');
SELECT count(DISTINCT id), count(DISTINCT tableoid), sum(duration_ms), min(tenant_id), max(tenant_id) FROM weir.query_stats WHERE table_name = 'books';
-- An index of any kind.
CREATE INDEX by_tenant ON weir.query_stats (tenant_id, (duration_ms * 2));
SELECT logged(300);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(*) FROM weir.query_stats WHERE tenant_id = 't1' AND duration_ms * 2 = 14;
RESET enable_seqscan;
RESET enable_bitmapscan;
-- A trigger on a partition sees each row, and may change it.
SELECT 'weir.query_stats_p' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') AS today \gset
CREATE FUNCTION shorten() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.duration_ms = 0; RETURN NEW; END';
CREATE TRIGGER shorten BEFORE INSERT ON :today FOR EACH ROW EXECUTE FUNCTION shorten();
SELECT logged(20);
SELECT count(*) FROM weir.query_stats WHERE table_name = 'books' AND duration_ms = 0;
SELECT logged(5, '-2d');
SELECT count(*) FROM weir.query_stats WHERE table_name = 'books' AND duration_ms = 0;
DROP TRIGGER shorten ON :today;
-- One that makes nothing of rows holds up the log, and is told of.
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER swallow BEFORE INSERT ON weir.query_stats FOR EACH ROW EXECUTE FUNCTION swallow();
SELECT logged(2);
SELECT last_error FROM weir.ring_status();
DROP TRIGGER swallow ON weir.query_stats;
-- by itself or now
SELECT weir.flush() >= 0 AS flushed;
SELECT count(*) FROM weir.query_stats WHERE table_name = 'books';
-- A condition on rows, and a column of somebody's own.
ALTER TABLE weir.query_stats ADD CONSTRAINT not_slow CHECK (duration_ms < 1000000);
SELECT logged(7);
ALTER TABLE weir.query_stats DROP CONSTRAINT not_slow;
ALTER TABLE weir.query_stats ADD COLUMN remark text DEFAULT 'none';
SELECT logged(8);
SELECT count(*) FROM weir.query_stats WHERE table_name = 'books' AND remark = 'none';
ALTER TABLE weir.query_stats DROP COLUMN remark;
SELECT logged(9);
-- As it was, but for the column that is gone: still every row, with numbers of its own.
SELECT count(*), count(DISTINCT id) FROM weir.query_stats WHERE table_name = 'books';
-- A rule of somebody's own.
CREATE TABLE noted (duration float8);
CREATE RULE note AS ON INSERT TO weir.query_stats WHERE NEW.table_name = 'books' DO ALSO INSERT INTO noted VALUES (NEW.duration_ms);
SELECT logged(4);
SELECT count(*), sum(duration) FROM noted;
DROP RULE note ON weir.query_stats;
-- A column that has to have a value.
TRUNCATE weir.query_stats;
ALTER TABLE weir.query_stats ALTER sqlstate SET NOT NULL;
\set VERBOSITY terse
SELECT logged(3);
SELECT last_error ~ '^null value in column "sqlstate"' AS is_told FROM weir.ring_status();
ALTER TABLE weir.query_stats ALTER sqlstate DROP NOT NULL;
SELECT weir.flush() > 0 AS flushed;
SELECT count(*) FROM weir.query_stats WHERE table_name = 'books';
\c :home
DROP DATABASE log_table;
