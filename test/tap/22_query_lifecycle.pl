# Continuous queries through restarts, crashes, dumps and drops: exact afterwards, and each within
# five seconds.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = 5;
my $node = new_weir_node('queries', 'max_worker_processes' => 20, 'wal_level' => 'replica',
    'max_wal_senders' => 4);
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN');

# A database with a table, two queries over it, and their owner.
sub database_with_queries
{
    my ($db) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $db");
    $node->safe_psql($db, <<'SQL');
CREATE EXTENSION pg_weir;
CREATE SCHEMA s AUTHORIZATION keeper;
SET ROLE keeper;
CREATE TABLE s.event (kind int, n int, v numeric);
INSERT INTO s.event SELECT g % 7, g, g FROM generate_series(1, 1000) g;
SELECT weir.create_query('s.kinds', 'SELECT kind, count(*), sum(n), stddev(v) FROM s.event GROUP BY kind');
SELECT weir.create_query('s.large', 'SELECT kind, n FROM s.event WHERE n > 500');
SQL
    return;
}

sub add
{
    my ($db, $n) = @_;
    return $node->safe_psql($db, "INSERT INTO s.event SELECT g % 7, g, g FROM generate_series(1, $n) g");
}

# Both ways, in one snapshot.
my $differences = join ' + ', map {
    my ($result, $definition) = @$_;
    "(SELECT count(*) FROM (TABLE $result EXCEPT ALL TABLE $definition) x)"
      . " + (SELECT count(*) FROM (TABLE $definition EXCEPT ALL TABLE $result) x)"
} ([ 's.kinds', 'weir_state.q1_definition' ], [ 's.large', 'weir_state.q2_definition' ]);

sub is_exact
{
    my ($db, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(quietly($node, $db, "SELECT $differences"), 0, $name);
    return;
}

sub catches_up
{
    my ($db, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    within($seconds, "$name: everything is in the state", sub {
        return quietly($node, $db, "SELECT bool_and(weir.wait(name, '5 s')) FROM weir.queries") eq 't';
    });
    is_exact($db, "$name: exact");
    return;
}

sub worker
{
    my ($db) = @_;
    return quietly($node, $db, 'SELECT max(worker_pid) FROM weir.queries');
}

sub holds { return quietly($node, 'postgres', "SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'weir\\_hold\\_%'"); }

sub nothing_remains
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    within($seconds, "$name: workers and hold are gone", sub {
        return wait_until(sub {
            return holds() == 0
              && quietly($node, 'postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type IN ('pg_weir query worker', 'pg_weir keeper')") == 0;
        }, $seconds);
    });
    return;
}

database_with_queries('one');
catches_up('one', 'created');
is(holds(), 1, 'there is one hold');

# Restart, crash, and the end of a worker.
add('one', 300);
$node->restart;
catches_up('one', 'restart');
add('one', 300);
$node->stop('immediate');
$node->start;
is_exact('one', 'crash: exact at once');
add('one', 10);
catches_up('one', 'crash');
for my $round (1 .. 3)
{
    my $pid = worker('one');
    quietly($node, 'postgres', "SELECT pg_terminate_backend($pid)");
    add('one', 50);
    within($seconds, "a worker that is terminated comes back, $round", sub {
        return wait_until(sub { my $other = worker('one'); return $other && $other != $pid; }, $seconds);
    });
    catches_up('one', "terminated $round");
}
{
    my $pid = worker('one');
    kill 'KILL', $pid;
    ok(wait_until(sub { return (attempt($node, 'one', 'SELECT 1'))[0] == 0; }), 'the server is back after signal 9');
    add('one', 50);
    catches_up('one', 'signal 9');
}

# Errors of a step, at each of its points.
foreach my $point ('step.before_insert', 'step.after_insert', 'step.before_commit')
{
    foreach my $action ('error', 'fatal')
    {
        my $log_start = -s $node->logfile;
        set_system($node, 'weir.failpoint' => "$point:$action:1");
        add('one', 20);
        ok($node->wait_for_log(qr/failpoint "$point"/, $log_start), "$action at $point: it was reached");
        set_system($node, 'weir.failpoint' => undef);
        quietly($node, 'one', "SELECT weir.resume_query(name) FROM weir.queries");
        catches_up('one', "$action at $point");
    }
}

# A long writer is shown, and the view is exact all the while.
{
    my $writer = $node->background_psql('one');
    $writer->query_safe('BEGIN; INSERT INTO s.event VALUES (1, 1, 1)');
    add('one', 10);
    ok(wait_until(sub {
        return quietly($node, 'one', "SELECT count(*) FROM weir.queries WHERE state = 'waiting' AND blocker_pid > 0 AND blocker_xid IS NOT NULL AND blocker_age > '0'") == 2;
    }, $seconds), 'the transaction in the way is shown');
    is_exact('one', 'with a transaction in the way: exact');
    is(quietly($node, 'one', "SELECT weir.wait('s.kinds', '200 ms')"), 'f', 'and wait() says that it is');
    $writer->query_safe('COMMIT');
    $writer->quit;
    catches_up('one', 'after the transaction');
}

# Where a step and somebody else wait for each other, the step gives way, whoever began to wait.
sub lock_of { return "(SELECT FROM pg_locks WHERE relation = '$_[0]'::regclass AND NOT granted)"; }
$node->safe_psql('one', <<'SQL');
SET ROLE keeper;
CREATE TABLE s.first_of (kind int);
CREATE TABLE s.second_of (kind int);
SELECT weir.create_query('s.joined', 'SELECT count(*) FROM s.event JOIN s.first_of USING (kind) JOIN s.second_of USING (kind)');
SQL
{
    my $poll = 'DO $$BEGIN FOR i IN 1 .. 3000 LOOP EXIT WHEN EXISTS %s; PERFORM pg_sleep(0.01); END LOOP; END$$';
    my $log_start = -s $node->logfile;
    my ($holder, $user) = map { $node->background_psql('one', on_error_stop => 0) } 1 .. 2;
    set_system($node, 'weir.failpoint' => 'step.before_insert:sleep');
    ok(wait_until(sub { return quietly($node, 'one', "SELECT bool_and(weir.wait(name, '20 s')) FROM weir.queries") eq 't'; }), 'nothing is new');
    add('one', 10);
    # While the steps sleep, and have none of the locks.
    $user->query_until(qr/began/, "BEGIN; LOCK TABLE s.second_of;\n\\echo began\n");
    $holder->query_until(qr/began/, "BEGIN; LOCK TABLE s.first_of;\n\\echo began\n"
          . sprintf($poll, lock_of('s.event')) . ";\nSELECT pg_sleep(0.1);\nCOMMIT;\n");
    $user->query_until(qr/ended/, sprintf($poll, lock_of('s.first_of')) . ";\nLOCK TABLE s.event;\n\\echo ended :SQLSTATE\n") =~ /ended (\w+)/;
    is($1, '00000', 'who waits for a step, and has what it needs, goes on');
    $user->query_safe('COMMIT');
    $_->quit foreach $holder, $user;
    set_system($node, 'weir.failpoint' => undef);
    is(quietly($node, 'one', "SELECT count(*) FROM weir.queries WHERE failures > 0"), 0, 'and the step is none that failed');
    catches_up('one', 'after that');
    quietly($node, 'one', "SELECT weir.drop_query('s.joined')");
}

# Dump and restore, with rows that are not in the state, and others that are gone from the table.
quietly($node, 'one', "SELECT weir.pause_query('s.kinds'), weir.pause_query('s.large')");
add('one', 200);
my $expected = quietly($node, 'one', 'SELECT kind, count, sum, stddev FROM s.kinds ORDER BY kind');
my $rows = quietly($node, 'one', 'SELECT count(*), sum(n) FROM s.large');
$node->safe_psql('one', 'DELETE FROM s.event WHERE n < 100');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('one') ], 'pg_dump');
foreach my $single ('', '--single-transaction')
{
    my $db = $single ? 'restored_at_once' : 'restored';
    $node->safe_psql('postgres', "CREATE DATABASE $db");
    $node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', grep({ $_ } $single), '-f', $dump, '-d', $node->connstr($db) ], "restore $single");
    is(quietly($node, $db, 'SELECT kind, count, sum, stddev FROM s.kinds ORDER BY kind'), $expected, "restored $single: the result is what it was");
    is(quietly($node, $db, 'SELECT count(*), sum(n) FROM s.large'), $rows, "restored $single: the filter's too");
    quietly($node, $db, "SELECT weir.resume_query(name) FROM weir.queries");
    my $before = quietly($node, $db, 'SELECT sum(count) FROM s.kinds');
    add($db, 70);
    is(quietly($node, $db, 'SELECT sum(count) FROM s.kinds'), $before + 70, "restored $single: new rows count once");
    is(quietly($node, $db, "SELECT bool_and(weir.wait(name)) FROM weir.queries"), 't', "restored $single: it goes on");
    is(quietly($node, $db, 'SELECT sum(count) FROM s.kinds'), $before + 70, "restored $single: and they still count once");
    within($seconds, "DROP DATABASE $db", sub { return ($node->psql('postgres', "DROP DATABASE $db"))[0] == 0; });
}
ok(wait_until(sub { return holds() == 1; }, $seconds), 'the holds of dropped databases are gone');
quietly($node, 'one', "SELECT weir.refresh_query(name), weir.resume_query(name) FROM weir.queries");
catches_up('one', 'refreshed');

# An owner that may not log in any more, and then may again.
$node->safe_psql('postgres', 'ALTER ROLE keeper NOLOGIN');
quietly($node, 'postgres', 'SELECT pg_terminate_backend(' . worker('one') . ')');
add('one', 10);
is_exact('one', 'an owner without LOGIN: exact');
is(quietly($node, 'one', "SELECT DISTINCT state || ': ' || remedy FROM weir.queries"), 'no login: ALTER ROLE keeper LOGIN', 'and the state says what to do');
$node->safe_psql('one', 'ALTER ROLE keeper LOGIN');
within(20, 'with LOGIN it goes on', sub {
    return quietly($node, 'one', "SELECT bool_and(weir.wait(name, '20 s')) FROM weir.queries") eq 't';
});

# Databases.
within($seconds, 'ALTER DATABASE RENAME', sub { return ($node->psql('postgres', 'ALTER DATABASE one RENAME TO uno'))[0] == 0; });
add('uno', 10);
catches_up('uno', 'renamed');
{
    my $load = start_pgbench($node, 'uno', 'load', '-c', 2, '-T', 30, '-f', write_script("INSERT INTO s.event VALUES (1, 2, 3);\n"));
    sleep(2);
    is_exact('uno', 'under load: exact');
    within($seconds, 'DROP DATABASE WITH (FORCE) under load', sub {
        return ($node->psql('postgres', 'DROP DATABASE uno WITH (FORCE)'))[0] == 0;
    });
    eval { $load->{handle}->finish };
}
nothing_remains('DROP DATABASE');

# A query that cannot be created leaves nothing, however it fails.
$node->safe_psql('postgres', 'CREATE DATABASE failing');
$node->safe_psql('failing', 'CREATE EXTENSION pg_weir; CREATE TABLE event (n int); INSERT INTO event VALUES (0)');
# Creating a query reads the rows that are older than every transaction that runs; others are its worker's.
ok(wait_until(sub { return quietly($node, 'failing', 'SELECT xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM event') eq 't'; }, 30), 'nothing runs that is older than the row');
my $failing = "weir.create_query('of_event', 'SELECT sum(1 / n) FROM event')";
isnt(($node->psql('failing', "SELECT $failing"))[0], 0, 'a query that fails over its rows is not created');
nothing_remains('a query that was not created');
is(($node->psql('failing', "DO \$\$ BEGIN PERFORM $failing; EXCEPTION WHEN division_by_zero THEN NULL; END \$\$"))[0], 0, 'nor in a block that goes on');
nothing_remains('a query that was not created in a block');
within($seconds, 'DROP DATABASE without queries', sub { return ($node->psql('postgres', 'DROP DATABASE failing'))[0] == 0; });

sub write_script
{
    my ($text) = @_;
    my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
    PostgreSQL::Test::Utils::append_to_file($file, $text);
    return $file;
}

# What takes a query along.
foreach my $drop (
    [ 'DROP TABLE CASCADE', 'DROP TABLE s.event CASCADE' ],
    [ 'DROP SCHEMA CASCADE', 'DROP SCHEMA s CASCADE' ],
    [ 'DROP OWNED', 'DROP OWNED BY keeper CASCADE' ],
    [ 'DROP EXTENSION CASCADE', 'DROP EXTENSION pg_weir CASCADE' ],
    [ 'drop_query', "SELECT weir.drop_query(name) FROM weir.queries" ])
{
    my ($name, $sql) = @$drop;
    database_with_queries('two');
    add('two', 10);
    catches_up('two', "before $name");
    within($seconds, $name, sub { return ($node->psql('two', $sql))[0] == 0; });
    nothing_remains($name);
    is(quietly($node, 'two', "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'weir_state'"), 0, "$name: no table is left");
    within($seconds, "DROP DATABASE after $name", sub { return ($node->psql('postgres', 'DROP DATABASE two'))[0] == 0; });
}

my $log = slurp_file($node->logfile);
unlike($log, qr/FATAL:  database .* does not exist/, 'no worker was sent to a database that is gone');
unlike($log, qr/has no frontier/, 'nor after a query that is gone');
done_testing();
