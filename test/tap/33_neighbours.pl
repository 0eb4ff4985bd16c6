# What others do around a continuous query, in other databases, as owners of its tables, with savepoints and roles:
# it stays exact, its worker comes back, and nobody gets rights or a crash out of it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('neighbours', 'max_worker_processes' => 20, 'wal_level' => 'replica', 'max_wal_senders' => 4,
    'max_prepared_transactions' => 10, 'autovacuum' => 'off');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN;
GRANT CREATE ON SCHEMA public TO alice, bob;
SQL
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');

sub session
{
    my ($db, $sql) = @_;
    my $session = $node->background_psql($db, on_error_stop => 0);
    $session->query_until(qr/ready/, "$sql\n\\echo ready\n");
    return $session;
}

sub as
{
    my ($role, $sql) = @_;
    my ($out, $err) = ('', '');
    my $code = $node->psql('postgres', "SET ROLE $role; $sql", stdout => \$out, stderr => \$err);
    return ($code, $out, $err);
}

sub runs
{
    my ($name, $case) = @_;
    ok(wait_until(sub { return quietly($node, 'postgres', "SELECT state || worker_pid FROM weir.queries WHERE name = '$name'::regclass") =~ /^running\d/; }, 30),
        "$case: it has a worker");
    is(quietly($node, 'postgres', "SELECT weir.wait('$name', '60 s')"), 't', "$case: it takes in everything");
    return;
}

sub is_alive { return is(quietly($node, 'postgres', 'SELECT 1'), 1, "$_[0]: the server is up"); }

# Transactions of other databases hold back nobody's vacuum here, so a query that begins must not go by them.
sub other_databases
{
    my %before = (
        'rows that vacuum has seen' => 'INSERT INTO %s SELECT g % 5, g FROM generate_series(1, 1000) g; VACUUM %s',
        'rows that vacuum has removed' =>
          'INSERT INTO %s SELECT g % 5, g FROM generate_series(1, 1000) g; UPDATE %s SET v = v + 1; VACUUM %s; INSERT INTO %s SELECT 1, g FROM generate_series(1, 1000) g',
    );
    my $number = 0;
    foreach my $case (sort keys %before)
    {
        foreach my $prepared (0, 1)
        {
            my $name = 'far' . ++$number;
            my $other = session('elsewhere', $prepared ? "BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'far'" : 'BEGIN; SELECT pg_current_xact_id();');
            $node->safe_psql('postgres', "CREATE TABLE t_$name (k int, v int)");
            (my $sql = $before{$case}) =~ s/%s/t_$name/g;
            $node->safe_psql('postgres', $_) foreach split /; /, $sql;
            my $exact = "SELECT (SELECT sum(n) FROM $name) = (SELECT count(*) FROM t_$name)";
            $node->safe_psql('postgres', "SELECT weir.create_query('$name', 'SELECT k, count(*) AS n FROM t_$name GROUP BY k')");
            my $what = "$case, " . ($prepared ? 'a prepared transaction elsewhere' : 'an open transaction elsewhere');
            is(quietly($node, 'postgres', $exact), 't', "$what: the view is exact");
            $node->safe_psql('postgres', "SELECT weir.refresh_query('$name'); INSERT INTO t_$name VALUES (1, 1)");
            is(quietly($node, 'postgres', $exact), 't', "$what: refreshed, too");
            $other->query_until(qr/over/, ($prepared ? "ROLLBACK PREPARED 'far';" : 'COMMIT;') . "\n\\echo over\n");
            $other->quit;
            runs($name, $what);
            is(quietly($node, 'postgres', $exact), 't', "$what: and when it has ended");
            $node->safe_psql('postgres', "SELECT weir.drop_query('$name'); DROP TABLE t_$name");
        }
    }
    return;
}

# Tables in weir_state are their owner's.
sub altered_tables
{
    as('alice', <<'SQL');
CREATE TABLE ours (k int, v int);
INSERT INTO ours SELECT g % 5, g FROM generate_series(1, 10) g;
SELECT weir.create_query('logged', 'SELECT k, count(*) FROM ours GROUP BY k EMIT CHANGES');
SELECT weir.create_query('followed', 'SELECT k, min(v) FROM ours GROUP BY k', on_delete => 'retract');
SQL
    runs('logged', 'a log of changes');
    my $id = quietly($node, 'postgres', "SELECT id FROM weir.continuous_queries WHERE result = 'logged'::regclass");
    as('alice', "ALTER TABLE weir_state.q${id}_changes ALTER old TYPE bigint USING 4096, ALTER new TYPE bigint USING 4096");
    like((as('alice', "SELECT * FROM weir.changes('logged')"))[2], qr/column "old" of the log of changes is of type bigint, not jsonb/, 'a log of other types is refused');
    is_alive('a log of other types');
    runs('followed', 'a table of changes');
    my $gone = quietly($node, 'postgres', "SELECT id FROM weir.continuous_queries WHERE result = 'followed'::regclass");
    as('alice', "ALTER TABLE weir_state.q${gone}_gone ADD COLUMN more text");
    like((as('alice', 'UPDATE ours SET v = v + 1'))[2], qr/is not as it was made/, 'a table of changes with one more column is refused');
    is_alive('a table of changes with one more column');
    as('alice', "ALTER TABLE weir_state.q${gone}_gone DROP COLUMN more");
    like((as('alice', 'UPDATE ours SET v = v + 1'))[2], qr/is not as it was made/, 'and with a column that is gone');
    is_alive('a column that is gone');
    as('alice', 'DROP TABLE ours CASCADE');
    return;
}

# What a definition calls is its owner's, whoever refreshes.
sub refreshed_by_superuser
{
    as('alice', <<'SQL');
CREATE FUNCTION who(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
  $$BEGIN IF n = 1 THEN RAISE WARNING 'runs as %', current_user; END IF; RETURN n; END$$;
CREATE TABLE ours (k int);
INSERT INTO ours VALUES (1), (2);
SELECT weir.create_query('called', 'SELECT who(k) AS k, count(*) FROM ours GROUP BY 1');
SQL
    my $err = '';
    $node->psql('postgres', "SELECT weir.refresh_query('called')", stderr => \$err);
    like($err, qr/runs as alice/, 'a superuser who refreshes runs what its owner may');
    unlike($err, qr/runs as (?!alice)/, 'and nothing with more rights');
    runs('called', 'refreshed by a superuser');
    as('alice', 'DROP TABLE ours CASCADE');
    return;
}

# One owner's leavings keep nobody's worker from coming back.
sub used_leavings
{
    as('alice', "CREATE TABLE ours (k int); SELECT weir.create_query('left_alone', 'SELECT k, count(*) FROM ours GROUP BY k')");
    as('bob', "CREATE TABLE his (k int); SELECT weir.create_query('his_query', 'SELECT k, count(*) FROM his GROUP BY k')");
    runs($_, 'before anything') foreach 'left_alone', 'his_query';
    my $id = quietly($node, 'postgres', "SELECT id FROM weir.continuous_queries WHERE result = 'left_alone'::regclass");
    as('alice', "CREATE VIEW over_state AS SELECT * FROM weir_state.q$id; DROP VIEW left_alone");
    ok(wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM weir.continuous_queries WHERE id = $id") == 0; }, 30),
        'a query whose tables somebody uses is forgotten');
    quietly($node, 'postgres', "SELECT pg_terminate_backend(worker_pid) FROM weir.queries WHERE name = 'his_query'::regclass");
    as('bob', 'INSERT INTO his VALUES (1)');
    runs('his_query', 'after somebody else\'s leavings');
    is(quietly($node, 'postgres', "SELECT count(*) FROM weir.frontiers WHERE query_id = $id"), 0, 'which hold back nothing');
    as('alice', "DROP TABLE weir_state.q$id CASCADE; DROP TABLE ours");
    as('bob', 'DROP TABLE his CASCADE');
    return;
}

# The database is wanted for itself, in vain, while its first query comes.
sub paused_database
{
    $node->safe_psql('elsewhere', 'CREATE EXTENSION pg_weir; CREATE TABLE t (k int)');
    my $inside = session('elsewhere', 'SELECT 1;');
    my $copying = $node->background_psql('postgres', on_error_stop => 0);
    $copying->query_until(qr/copying/, "\\echo copying\nCREATE DATABASE copied TEMPLATE elsewhere;\n");
    ok(wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'CREATE DATABASE copied%'") == 1; }, 10),
        'somebody copies the database');
    $inside->query_until(qr/made/, "SELECT weir.create_query('here', 'SELECT k, count(*) AS n FROM t GROUP BY k');\n\\echo made\n");
    $copying->quit;
    $inside->quit;
    $node->safe_psql('elsewhere', 'INSERT INTO t VALUES (1)');
    is(quietly($node, 'elsewhere', "SELECT weir.wait('here', '60 s')"), 't', 'a query that came while workers were kept away has one');
    $node->safe_psql('elsewhere', 'DROP EXTENSION pg_weir CASCADE');
    return;
}

# The end of a transaction that has gone back over a query leaves alone what others have begun.
sub back_to_savepoint
{
    $node->safe_psql('postgres', 'CREATE TABLE t (k int); INSERT INTO t VALUES (1)');
    my $create = "weir.create_query('%s', 'SELECT k, count(*) AS n FROM t GROUP BY k')";
    my $back = session('postgres', 'BEGIN; SAVEPOINT a; SELECT ' . sprintf($create, 'taken_back') . '; ROLLBACK TO a;');
    like((as('alice', 'SET lock_timeout = 200; RESET ROLE; SELECT ' . sprintf($create, 'second')))[2], qr/lock timeout/, 'who went back over a query is waited for');
    $back->query_until(qr/over/, "ROLLBACK;\n\\echo over\n");
    $back->quit;
    $node->safe_psql('postgres', 'SELECT ' . sprintf($create, 'second'));
    runs('second', 'after somebody else went back');
    is(quietly($node, 'postgres', 'SELECT n FROM second'), 1, 'and its rows are kept for it');
    $node->safe_psql('postgres', 'DROP TABLE t CASCADE');
    return;
}

sub several_owners
{
    $node->safe_psql('postgres', 'CREATE TABLE t (k int); GRANT SELECT ON t TO alice, bob');
    my $create = "SELECT weir.create_query('of_%s', 'SELECT k, count(*) AS n FROM t GROUP BY k')";
    $node->safe_psql('postgres', join '; ', 'BEGIN', map({ ("SET ROLE $_", sprintf($create, $_)) } 'alice', 'bob'), 'COMMIT');
    runs("of_$_", "queries of two owners in one transaction, $_") foreach 'alice', 'bob';
    $node->safe_psql('postgres', 'DROP TABLE t CASCADE');
    return;
}

# Numbers begin anew with the extension.
sub same_number
{
    $node->safe_psql('postgres', 'DROP EXTENSION pg_weir CASCADE; CREATE EXTENSION pg_weir; CREATE TABLE t (k int, v int); INSERT INTO t VALUES (1, 5)');
    $node->safe_psql('postgres', "SELECT weir.create_query('least', 'SELECT k, min(v) AS v FROM t GROUP BY k')");
    runs('least', 'the first query');
    $node->safe_psql('postgres', <<'SQL');
BEGIN;
DROP EXTENSION pg_weir CASCADE;
CREATE EXTENSION pg_weir;
SELECT weir.create_query('most', 'SELECT k, max(v) AS v FROM t GROUP BY k');
COMMIT;
INSERT INTO t VALUES (1, 9);
SQL
    runs('most', 'another query of the same number');
    is(quietly($node, 'postgres', 'SELECT v FROM most'), 9, 'is itself');
    is(quietly($node, 'postgres', 'SELECT max(p1) FROM weir_state.q1'), 9, 'in what is stored, too');
    $node->safe_psql('postgres', 'DROP TABLE t CASCADE');
    return;
}

# Where all tables are published, rows that change need an identity, and keys may be NULL.
sub published
{
    $node->safe_psql('postgres', <<'SQL');
SET client_min_messages = error;
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE TABLE t (k int, v int, at timestamptz DEFAULT now()) ;
ALTER TABLE t REPLICA IDENTITY FULL;
SELECT weir.create_query('published', 'SELECT k, count(*) AS n FROM t GROUP BY k EMIT CHANGES');
SELECT weir.create_query('published_min', 'SELECT k, min(v) AS v FROM t GROUP BY k', on_delete => 'retract');
SELECT weir.create_query('published_rows', 'SELECT k, v, lag(v) OVER (PARTITION BY k ORDER BY v) AS before FROM t');
SELECT weir.create_query('published_time', 'SELECT weir.tumble(at, ''1 s'') AS start, count(*) AS n FROM t GROUP BY 1 EMIT FINAL');
SQL
    foreach (1 .. 3)
    {
        $node->safe_psql('postgres', 'INSERT INTO t SELECT nullif(g % 3, 0), g FROM generate_series(1, 10) g');
        is(quietly($node, 'postgres', 'SELECT bool_and(weir.wait(name, \'60 s\')) FROM weir.queries'), 't', 'published: steps go on');
    }
    $node->safe_psql('postgres', 'DELETE FROM t WHERE v = 1');
    is(quietly($node, 'postgres', 'SELECT bool_and(weir.wait(name, \'60 s\')) FROM weir.queries'), 't', 'published: steps after a change');
    is(quietly($node, 'postgres', 'SELECT sum(failed_ticks) FROM weir.query_metrics'), 0, 'published: and none has failed');
    is(quietly($node, 'postgres', 'SELECT v FROM published_min WHERE k = 1'), 4, 'published: with the right result');
    $node->safe_psql('postgres', 'DROP TABLE t CASCADE; DROP PUBLICATION everything');
    return;
}

other_databases();
altered_tables();
refreshed_by_superuser();
used_leavings();
paused_database();
back_to_savepoint();
several_owners();
same_number();
published();
$node->stop;

# With a place for each owner and none for anybody else, a worker that ends comes back to its place.
my $narrow = new_weir_node('narrow', 'max_worker_processes' => 20, 'wal_level' => 'replica', 'weir.max_query_workers' => 2);
$node = $narrow;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE alice LOGIN;
CREATE TABLE t (k int);
GRANT SELECT ON t TO alice;
GRANT CREATE ON SCHEMA public TO alice;
SELECT weir.create_query('mine', 'SELECT k, count(*) AS n FROM t GROUP BY k');
SQL
runs('mine', 'one place is left');
as('alice', "SELECT weir.create_query('hers', 'SELECT k, count(*) AS n FROM t GROUP BY k')");
runs('hers', 'no place is left');
foreach my $name ('mine', 'hers')
{
    my $pid = quietly($node, 'postgres', "SELECT worker_pid FROM weir.queries WHERE name = '$name'::regclass");
    quietly($node, 'postgres', "SELECT pg_terminate_backend($pid, 10000)");
    isnt(quietly($node, 'postgres', "SELECT worker_pid FROM weir.queries WHERE name = '$name'::regclass"), $pid, 'nobody is shown who is gone');
    quietly($node, 'postgres', 'INSERT INTO t VALUES (1)');
    runs($name, 'its worker was terminated');
}
$node->stop;
done_testing();
