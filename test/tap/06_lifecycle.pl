# What happens to databases and extensions: each within five seconds, and without workers that come
# and go.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = 5;
my $node = new_weir_node('lifecycle', 'weir.max_databases' => 4);

# Runs SQL in a database, from another one, in the time it may take.
sub quick
{
    my ($name, $db, $sql) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return within(
        $seconds, $name,
        sub {
            my ($status, $out, $err) = $node->psql($db, $sql);
            diag($err) if $status != 0;
            return $status == 0;
        });
}

# A database with the extension, its worker running and `n` statements of its own in its log.
sub recorded_database
{
    my ($db, $n) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $db");
    $node->safe_psql($db, 'CREATE EXTENSION pg_weir');
    record($db, $n // 10);
    return;
}

# Statements that carry their database's name.
sub record
{
    my ($db, $n) = @_;
    $n //= 10;
    $node->safe_psql($db, "SET weir.tenant = 'in_$db';\n" . "SELECT 1;\n" x $n);
    return;
}

sub is_recorded
{
    my ($db, $tenant, $n, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    flush($node, $db);
    is(logged_calls($node, $db, "tenant_id = '$tenant' AND query_type = 'SELECT'"), $n, $name);
    return;
}

sub worker_is_back
{
    my ($db, $name, $other) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    within($seconds, $name, sub { return wait_for_worker($node, $db, $other, $seconds); });
    return;
}

sub no_worker
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $others = "datname IS NULL OR datname <> 'postgres'";
    ok( wait_until(
            sub {
                return quietly($node, 'postgres',
                    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_weir flush worker' AND ($others)"
                ) == 0;
            },
            $seconds),
        $name);
    return;
}

sub launches { return () = slurp_file($node->logfile) =~ /(starting background worker "pg_weir|background worker "pg_weir)/g; }

# Nothing starts, fails or is restarted while nothing happens.
sub log_stays_quiet
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $before = launches();
    my $size = -s $node->logfile;
    sleep(is_long() ? 30 : 3);
    is(launches(), $before, "$name: no worker comes or goes")
      or diag(substr(slurp_file($node->logfile), $size));
    return;
}

# DROP DATABASE.
recorded_database('doomed');
ok(wait_for_worker($node, 'doomed'), 'a recorded database has a worker');
quick('DROP DATABASE with a worker', 'postgres', 'DROP DATABASE doomed');
no_worker('its worker is gone');

recorded_database('doomed');
{
    my $session = $node->background_psql('doomed');
    $session->query('SELECT 1');
    my ($status, undef, $err) = $node->psql('postgres', 'DROP DATABASE doomed');
    isnt($status, 0, 'DROP DATABASE fails when somebody is connected');
    like($err, qr/is being accessed by other users/, 'for the usual reason');
    like($err, qr/There is 1 other session/, 'which is that session, not the worker');
    worker_is_back('doomed', 'the worker is back after a DROP DATABASE that failed');
    record('doomed');
    is_recorded('doomed', 'in_doomed', 20, 'and records go on');
    quick('DROP DATABASE ... WITH (FORCE)', 'postgres', 'DROP DATABASE doomed WITH (FORCE)');
    eval { $session->quit };
    no_worker('its worker is gone');
}
log_stays_quiet('after DROP DATABASE');

# The same while the worker is busy.
recorded_database('doomed');
{
    my $load = start_pgbench($node, 'doomed', 'load', '-c', 2, '-T', 60, '-f',
        write_script("SELECT 1;\nSELECT 2;\n"));
    ok(wait_until(sub { return ring($node, 'doomed')->{flushed} > 200; }), 'the worker is busy');
    quick('DROP DATABASE ... WITH (FORCE) under load', 'postgres', 'DROP DATABASE doomed WITH (FORCE)');
    eval { $load->{handle}->finish };
    no_worker('its worker is gone');
}

sub write_script
{
    my ($text) = @_;
    my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
    PostgreSQL::Test::Utils::append_to_file($file, $text);
    return $file;
}

# Extensions come and go.
recorded_database('coming');
my $session = $node->background_psql('coming');
$session->query('SELECT 1');
flush($node, 'coming');
for my $n (1 .. 20)
{
    my $start = time();
    $node->safe_psql('coming', 'DROP EXTENSION pg_weir');
    $node->safe_psql('coming', 'CREATE EXTENSION pg_weir');
    record('coming', 3);
    $session->query("SET weir.tenant = 'other'; SELECT 1");
    flush($node, 'coming');
    my $found = logged_calls($node, 'coming', "tenant_id = 'in_coming' AND query_type = 'SELECT'");
    my $took = time() - $start;
    ok($found == 3 && $took < $seconds, "DROP and CREATE EXTENSION, $n: 3 statements in time")
      or diag(sprintf('%d statements, %.2f s', $found, $took));
}
is_recorded('coming', 'other', 1, 'a session that was open all the time is recorded too');
table_holds_what_was_flushed($node, 'coming', 'DROP and CREATE EXTENSION: the log holds what was flushed');
law_holds($node, 'coming', 'DROP and CREATE EXTENSION: the law holds');

quick('DROP EXTENSION rolled back', 'coming', 'BEGIN; DROP EXTENSION pg_weir; ROLLBACK');
record('coming');
is_recorded('coming', 'in_coming', 13, 'after DROP EXTENSION was rolled back, records go on');
quick('DROP EXTENSION rolled back to a savepoint', 'coming',
    'BEGIN; SAVEPOINT s; DROP EXTENSION pg_weir; ROLLBACK TO s; COMMIT');
record('coming');
is_recorded('coming', 'in_coming', 23, 'and after a savepoint too');
# What waits when the transaction ends is meant.
$node->safe_psql('coming', "SET weir.tenant = 'waits';\n" . "SELECT 1;\n" x 10
      . "BEGIN; SAVEPOINT s; DROP EXTENSION pg_weir; ROLLBACK TO s; COMMIT");
is_recorded('coming', 'waits', 10, 'which throws nothing away that waits');

$node->safe_psql('coming', 'DROP EXTENSION pg_weir');
quick('CREATE EXTENSION rolled back', 'coming', 'BEGIN; CREATE EXTENSION pg_weir; SELECT 1; ROLLBACK');
quick('CREATE EXTENSION rolled back to a savepoint', 'coming',
    'BEGIN; SAVEPOINT s; CREATE EXTENSION pg_weir; SELECT 1; ROLLBACK TO s; COMMIT');
$session->query('SELECT 1');
no_worker('a database without the extension keeps no worker');
$node->safe_psql('coming', 'CREATE EXTENSION pg_weir');
quick('CREATE EXTENSION rolled back after DROP EXTENSION', 'coming',
    'BEGIN; DROP EXTENSION pg_weir; SAVEPOINT s; CREATE EXTENSION pg_weir; ROLLBACK TO s; COMMIT');
no_worker('which leaves no worker either');
log_stays_quiet('after CREATE EXTENSION that was rolled back');
quick('CREATE, DROP and CREATE EXTENSION in one transaction', 'coming',
    'BEGIN; CREATE EXTENSION pg_weir; DROP EXTENSION pg_weir; CREATE EXTENSION pg_weir; COMMIT');
record('coming');
is_recorded('coming', 'in_coming', 10, 'and that records');
$session->quit;

# RENAME, TEMPLATE, TABLESPACE.
my $pid = wait_for_worker($node, 'coming');
quick('ALTER DATABASE RENAME', 'postgres', 'ALTER DATABASE coming RENAME TO going');
worker_is_back('going', 'the worker is back under the new name', $pid);
record('going');
is_recorded('going', 'in_going', 10, 'and records go on');

quick('CREATE DATABASE TEMPLATE', 'postgres', 'CREATE DATABASE copy TEMPLATE going');
worker_is_back('going', 'the worker of the template is back');
record('copy', 7);
worker_is_back('copy', 'the copy has a worker of its own');
is_recorded('copy', 'in_copy', 7, 'the copy records');
record('going', 5);
is_recorded('going', 'in_going', 15, 'the template too');
is(logged_calls($node, 'going', "tenant_id = 'in_copy'"), 0, 'and neither sees the rows of the other');
is(logged_calls($node, 'copy', "tenant_id = 'in_going'"), 10, 'but for those that were copied');
is(quietly($node, 'copy', 'SELECT count(*) FROM weir.interruptions'), 0, 'a copy is no interruption');

my $tablespace = PostgreSQL::Test::Utils::tempdir();
$node->safe_psql('postgres', "CREATE TABLESPACE elsewhere LOCATION '$tablespace'");
$pid = wait_for_worker($node, 'going');
quick('ALTER DATABASE SET TABLESPACE', 'postgres', 'ALTER DATABASE going SET TABLESPACE elsewhere');
worker_is_back('going', 'the worker is back after the move', $pid);
record('going', 5);
is_recorded('going', 'in_going', 20, 'and records go on');
quick('DROP DATABASE in the tablespace', 'postgres', 'DROP DATABASE going');
quick('DROP TABLESPACE', 'postgres', 'DROP TABLESPACE elsewhere');

# template1 with the extension: every new database has it.
$node->safe_psql('template1', 'CREATE EXTENSION pg_weir');
quick('CREATE DATABASE from a recorded template1', 'postgres', 'CREATE DATABASE child');
record('child');
is_recorded('child', 'in_child', 10, 'the new database records by itself');
quick('DROP DATABASE', 'postgres', 'DROP DATABASE child');
$node->safe_psql('template1', 'DROP EXTENSION pg_weir');

# A role that owns the extension.
$node->safe_psql('postgres', 'CREATE ROLE keeper SUPERUSER LOGIN');
$node->safe_psql('copy', 'DROP EXTENSION pg_weir; SET ROLE keeper; CREATE EXTENSION pg_weir');
record('copy', 4);
is_recorded('copy', 'in_copy', 4, 'an extension of another superuser records');
quick('DROP OWNED', 'copy', 'DROP OWNED BY keeper');
is(quietly($node, 'copy', "SELECT count(*) FROM pg_namespace WHERE nspname = 'weir'"),
    0, 'DROP OWNED takes everything along');
no_worker('and the worker is gone');
log_stays_quiet('after DROP OWNED');
quick('DROP DATABASE', 'postgres', 'DROP DATABASE copy');

# More databases than weir.max_databases.
my @databases = map { "db$_" } 1 .. 3;
recorded_database($_) foreach @databases;
$node->safe_psql('postgres', 'CREATE DATABASE one_more');
$node->safe_psql('one_more', 'CREATE EXTENSION pg_weir');
record('one_more');
my ($status, undef, $err) = $node->psql('one_more', 'SELECT weir.flush()');
isnt($status, 0, 'a database beyond weir.max_databases is not recorded');
like($err, qr/weir\.max_databases/, 'and weir.flush() says why');
like(quietly($node, 'one_more', "SELECT string_agg(check_name || ' ' || status || ' ' || hint, E'\\n') FROM weir.health() WHERE status <> 'ok'"),
    qr/weir\.max_databases/, 'weir.health() too');
is_recorded($_, "in_$_", 10, "$_ is recorded all the same") foreach @databases;
foreach my $db (@databases)
{
    is(logged_calls($node, $db, "tenant_id <> 'in_$db'"), 0, "$db holds no rows of others");
}
log_stays_quiet('with too many databases');
quick('DROP DATABASE makes room', 'postgres', 'DROP DATABASE db1');
record('one_more');
is_recorded('one_more', 'in_one_more', 10, 'which the other database takes');

# The launcher.
$pid = wait_for_worker($node, 'postgres');
my $launcher = server_child($node, 'pg_weir launcher');
ok($launcher, 'there is a launcher');
kill 'TERM', $launcher if $launcher;
within($seconds, 'a launcher that is terminated comes back', sub {
    return wait_until(sub {
        my $other = server_child($node, 'pg_weir launcher');
        return $other && $other != $launcher;
    }, $seconds);
});
is(worker_pid($node, 'postgres'), $pid, 'workers outlive it');
$pid = wait_for_worker($node, 'postgres');
quietly($node, 'postgres', "SELECT pg_terminate_backend($pid)");
worker_is_back('postgres', 'a worker that is terminated comes back', $pid);

# Reload and restart.
$pid = wait_for_worker($node, 'postgres');
$node->reload;
record('db2', 6);
is_recorded('db2', 'in_db2', 16, 'records go on after a reload');
is(worker_pid($node, 'postgres'), $pid, 'with the same worker');
within($seconds, 'restart', sub { $node->restart; return 1; });
record('db2', 6);
worker_is_back('db2', 'a worker after the restart');
is_recorded('db2', 'in_db2', 22, 'records go on after a restart');
log_stays_quiet('after a restart');

# No background worker slot: statements run, health says it, nothing spins; slots given, all is well.
set_conf($node, 'max_worker_processes' => 2, 'max_logical_replication_workers' => 1);
$node->restart;
record('db2', 6);
ok( wait_until(
        sub {
            return quietly($node, 'db2',
                "SELECT string_agg(hint, ' ') FROM weir.health() WHERE status <> 'ok'") =~
              /max_worker_processes/;
        },
        $seconds),
    'no background worker slot: weir.health() says so');
log_stays_quiet('no background worker slot');
($status, undef, $err) = $node->psql('db2', 'SELECT weir.flush()');
isnt($status, 0, 'no background worker slot: weir.flush() gives up');
like($err, qr/max_worker_processes/, 'and says why');
law_holds($node, 'db2', 'no background worker slot: the law holds');
set_conf($node, 'max_worker_processes' => 8);
$node->restart;
record('db2', 6);
is_recorded('db2', 'in_db2', 28, 'with slots records are written again');

my $log = slurp_file($node->logfile);
unlike($log, qr/FATAL:  database .* does not exist/, 'no worker was sent to a database that is gone');
unlike($log, qr/ERROR:  schema "weir" does not exist/, 'nor to work where the extension is not');
done_testing();
