# Beside pg_stat_statements and auto_explain, in both load orders: the same calls, rows, blocks and
# WAL for every query, and times that fit.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = PostgreSQL::Test::Utils::tempdir();

my $setup = <<'SQL';
CREATE EXTENSION pg_stat_statements;
CREATE TABLE part (id int PRIMARY KEY, kind int, note text);
CREATE TABLE whole (id int PRIMARY KEY, part_id int REFERENCES part, amount numeric);
CREATE FUNCTION sum_of(which int) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE result numeric;
BEGIN
  SELECT sum(amount) INTO result FROM whole WHERE part_id = which;
  RETURN result;
END $$;
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE part SET note = 'touched' WHERE id = NEW.part_id;
  RETURN NEW;
END $$;
CREATE TRIGGER changed AFTER UPDATE ON whole FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE PROCEDURE add_parts(n int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..n LOOP INSERT INTO part VALUES (10000 + i, 0, 'x') ON CONFLICT DO NOTHING; COMMIT; END LOOP;
END $$;
SQL

# Every kind of statement; \gexec and \copy stay away so that psql sends what is written here.
my $workload = <<'SQL';
INSERT INTO part SELECT g, g % 7, 'note ' || g FROM generate_series(1, 2000) g;
INSERT INTO whole SELECT g, 1 + g % 2000, g * 1.5 FROM generate_series(1, 20000) g;
ANALYZE part; ANALYZE whole;
SELECT count(*) FROM part WHERE kind = 3;
SELECT * FROM part WHERE id = 17;
SELECT p.kind, sum(w.amount) FROM part p JOIN whole w ON w.part_id = p.id GROUP BY p.kind ORDER BY 1;
SELECT count(*) FROM (SELECT * FROM whole ORDER BY amount DESC, id) s;
PREPARE by_id(int) AS SELECT note FROM part WHERE id = $1;
EXECUTE by_id(1); EXECUTE by_id(2); EXECUTE by_id(3); EXECUTE by_id(4); EXECUTE by_id(5);
EXECUTE by_id(6); EXECUTE by_id(7);
PREPARE change(int) AS UPDATE part SET note = note || '!' WHERE id = $1;
EXECUTE change(1); EXECUTE change(2);
DEALLOCATE ALL;
SELECT sum_of(3), sum_of(4);
UPDATE whole SET amount = amount + 1 WHERE id BETWEEN 10 AND 60;
DELETE FROM whole WHERE id > 19990;
DELETE FROM whole WHERE id > 19980 RETURNING id;
MERGE INTO part p USING (SELECT generate_series(1999, 2005) AS id) s ON p.id = s.id
  WHEN MATCHED THEN UPDATE SET note = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (s.id, 1, 'new');
BEGIN;
DECLARE walk CURSOR FOR SELECT id FROM whole ORDER BY id;
FETCH 10 FROM walk; FETCH 20 FROM walk; MOVE 5 FROM walk;
CLOSE walk;
DECLARE held SCROLL CURSOR WITH HOLD FOR SELECT id FROM part WHERE id < 50;
FETCH LAST FROM held;
COMMIT;
FETCH FIRST FROM held; CLOSE held;
BEGIN; DECLARE left_open CURSOR FOR SELECT id FROM part; FETCH 3 FROM left_open; ROLLBACK;
COPY (SELECT * FROM part WHERE id < 100) TO '@DIR@/part.txt';
CREATE TABLE copied (LIKE part);
-- Looks the table up, so that the blocks of that are not COPY's, of which only the outer hook knows.
SELECT count(*) FROM copied;
COPY copied FROM '@DIR@/part.txt';
COPY copied TO '@DIR@/copied.txt';
CREATE TABLE derived AS SELECT kind, count(*) AS n FROM part GROUP BY kind;
SELECT id, note INTO derived2 FROM part WHERE id < 10;
CREATE MATERIALIZED VIEW summary AS SELECT kind, max(id) FROM part GROUP BY kind;
REFRESH MATERIALIZED VIEW summary;
EXPLAIN (COSTS OFF) SELECT * FROM part;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM part;
CALL add_parts(3);
DO $$ BEGIN PERFORM count(*) FROM part; END $$;
WITH moved AS (DELETE FROM copied WHERE id < 20 RETURNING *) INSERT INTO derived2 SELECT id, note FROM moved;
CREATE TEMP TABLE scratch AS SELECT g AS id FROM generate_series(1, 3000) g;
UPDATE scratch SET id = id + 1;
SELECT count(*) FROM scratch;
SET work_mem = '64kB';
SELECT count(*) FROM (SELECT DISTINCT amount, id FROM whole) s;
RESET work_mem;
VALUES (1), (2), (3);
TABLE summary;
SELECT 1 AS a UNION SELECT 2; SELECT 'two in one message' AS b\; SELECT 3 AS c;
SELECT FROM part WHERE id < 5;
BEGIN; LOCK TABLE part; COMMIT; VACUUM copied; TRUNCATE copied;
BEGIN; SAVEPOINT one; INSERT INTO part VALUES (5000, 1, 'gone'); ROLLBACK TO one; COMMIT;
SET max_parallel_workers_per_gather = 2; SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT count(*), sum(amount) FROM whole WHERE amount > 10;
RESET max_parallel_workers_per_gather; RESET min_parallel_table_scan_size; RESET parallel_setup_cost;
RESET parallel_tuple_cost;
DROP TABLE derived, derived2;
-- Failures, which only one of the two counts.
SELECT 1 / (id - id) FROM part WHERE id = 1;
INSERT INTO part VALUES (1, 1, 'double');
CREATE TABLE part (id int);
DO $$ BEGIN RAISE 'on purpose'; END $$;
SQL

# Statements as both count them: succeeded, by query, from the last reset on. Blocks and WAL of
# planning are only in theirs, when they are told to track it.
my $ours = <<'SQL';
SELECT queryid, sum(calls)::bigint AS calls, sum(rows)::bigint AS rows,
       sum(shared_blks_hit + shared_blks_read)::bigint AS blocks,
       coalesce(sum(shared_blks_dirtied), 0)::bigint AS dirtied,
       coalesce(sum(local_blks_hit + local_blks_read + local_blks_dirtied + local_blks_written), 0)::bigint AS local_blocks,
       coalesce(sum(temp_blks_read + temp_blks_written), 0)::bigint AS temp_blocks,
       coalesce(sum(wal_records), 0)::bigint AS wal_records, coalesce(sum(wal_bytes), 0)::bigint AS wal_bytes,
       sum(duration_ms * calls) AS total_ms
  FROM weir.query_stats WHERE application_name = 'mixed' AND sqlstate IS NULL GROUP BY queryid
SQL
my $theirs = <<'SQL';
SELECT queryid, calls, rows, shared_blks_hit + shared_blks_read AS blocks, shared_blks_dirtied AS dirtied,
       local_blks_hit + local_blks_read + local_blks_dirtied + local_blks_written AS local_blocks,
       temp_blks_read + temp_blks_written AS temp_blocks,
       wal_records, wal_bytes::bigint, total_exec_time AS total_ms
  FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = 'postgres') AND calls > 0
   AND query !~ '\mweir\.|pg_stat_statements'
SQL

# How often each was planned, failures included.
my $our_plans = <<'SQL';
SELECT queryid, sum(coalesce(plans, 0))::bigint AS plans FROM weir.query_stats
 WHERE application_name = 'mixed' AND queryid IS NOT NULL GROUP BY queryid HAVING sum(plans) > 0
SQL
my $their_plans = <<'SQL';
SELECT queryid, plans FROM pg_stat_statements WHERE plans > 0 AND query !~ '\mweir\.|pg_stat_statements'
SQL

# The rows of `columns` in which the two differ, with the query's text.
sub differences
{
    my ($node, $columns, $ours, $theirs) = @_;
    return quietly($node, 'postgres', <<SQL);
WITH ours AS ($ours), theirs AS ($theirs),
     a AS (SELECT queryid, $columns FROM ours), b AS (SELECT queryid, $columns FROM theirs)
SELECT d.*, left(coalesce(p.query, t.query), 90)
  FROM ((SELECT 'ours' AS whose, * FROM (TABLE a EXCEPT TABLE b) x)
        UNION ALL (SELECT 'theirs', * FROM (TABLE b EXCEPT TABLE a) y)) d
  LEFT JOIN (SELECT DISTINCT queryid, query FROM weir.query_texts) t USING (queryid)
  LEFT JOIN pg_stat_statements p USING (queryid)
 ORDER BY queryid, whose
SQL
}

sub check_order
{
    my ($name, $libraries, $track_planning) = @_;
    my $node = new_weir_node($name,
        shared_preload_libraries => $libraries,
        'pg_stat_statements.track_planning' => $track_planning,
        'auto_explain.log_min_duration' => 0,
        'auto_explain.log_analyze' => 'on',
        'auto_explain.log_nested_statements' => 'on');
    $node->safe_psql('postgres', $setup);
    $node->safe_psql('postgres', 'SELECT weir.reset()');
    $node->safe_psql('postgres', 'SELECT pg_stat_statements_reset()');
    (my $script = $workload) =~ s/\@DIR\@/$directory/g;
    unlink "$directory/part.txt", "$directory/copied.txt";
    my ($status, $out, $err);
    {
        local $ENV{PGAPPNAME} = 'mixed';
        ($status, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0);
    }
    my @errors = $err =~ /^.*ERROR:  (.*)$/mg;
    is(scalar(@errors), 4, "$libraries: the statements that are to fail fail, and no other")
      or diag($err);
    flush($node);

    cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM ($ours) o"),
        '>', 60, "$libraries: the workload is in the log");
    is(differences($node, 'calls, rows', $ours, $theirs), '', "$libraries: equal in calls and rows");
    if ($track_planning eq 'on')
    {
        is(differences($node, 'plans', $our_plans, $their_plans), '', "$libraries: equal in plans");
    }
    else
    {
        foreach my $columns ('blocks, dirtied', 'local_blocks, temp_blocks', 'wal_records, wal_bytes')
        {
            is(differences($node, $columns, $ours, $theirs), '', "$libraries: equal in $columns");
        }
    }
    is( logged_calls($node, 'postgres', "application_name = 'mixed' AND sqlstate IS NOT NULL"),
        4, "$libraries: failures are in the log");
    is( $node->safe_psql('postgres',
            "SELECT string_agg(DISTINCT sqlstate, ' ' ORDER BY sqlstate) FROM weir.query_stats WHERE application_name = 'mixed'"),
        '22012 23505 42P07 P0001', "$libraries: with their error codes");

    # Ours contains theirs, so it is never shorter; the difference is what the hooks cost.
    is( $node->safe_psql('postgres',
            "SELECT o.queryid, o.total_ms, t.total_ms FROM ($ours) o JOIN ($theirs) t USING (queryid)
              WHERE abs(o.total_ms - t.total_ms) > 20 + 0.2 * t.total_ms + 0.5 * t.calls"),
        '', "$libraries: times fit");
    is( $node->safe_psql('postgres',
            "SELECT count(*) FROM weir.statements s JOIN pg_stat_statements t USING (queryid, userid, toplevel)
              WHERE s.errors = 0 AND (s.calls, s.rows) IS DISTINCT FROM (t.calls, t.rows)
                AND t.query !~ '\\mweir\\.|pg_stat_statements'"),
        0, "$libraries: the view says the same as pg_stat_statements");
    like(slurp_file($node->logfile), qr/duration: .* plan:/, "$libraries: auto_explain did its part");
    law_holds($node, 'postgres', "$libraries: the law holds");
    $node->stop;
    return;
}

# A statement that is run in portions, and what a function runs.
sub check_portions
{
    my $node = new_weir_node('portions', 'weir.capture' => 'all');
    $node->safe_psql('postgres', "SET weir.tenant = 'portions'; DO \$\$ DECLARE r record; BEGIN FOR r IN SELECT g FROM generate_series(1, 1000) g LOOP NULL; END LOOP; END \$\$");
    flush($node);
    is(quietly($node, 'postgres', "SELECT calls, rows, toplevel FROM weir.query_stats WHERE tenant_id = 'portions' AND query_type = 'SELECT'"),
        '1|1000|f', 'rows of all portions are counted');
    $node->stop;
    return;
}

check_portions();
check_order('weir_first', 'pg_weir,pg_stat_statements,auto_explain', 'off');
check_order('weir_last', 'auto_explain,pg_stat_statements,pg_weir', 'off');
check_order('planning', 'auto_explain,pg_stat_statements,pg_weir', 'on');

done_testing();
