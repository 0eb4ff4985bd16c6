# Databases and extensions come and go under load, places are taken over: no statement fails, nothing
# hangs, and no database gets the rows of another.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = is_long() ? 400 : 40;
seeded();
my $node = new_weir_node('churn', 'weir.max_databases' => 4, 'weir.ring_size' => 256, 'weir.flush_interval' => '100ms');
my $directory = PostgreSQL::Test::Utils::tempdir();

sub create_database
{
    my ($db) = @_;
    quietly($node, 'postgres', "CREATE DATABASE $db");
    quietly($node, $db, "CREATE EXTENSION pg_weir; CREATE TABLE only_$db (id int PRIMARY KEY)");
    return;
}

sub start_load
{
    my ($db, @arguments) = @_;
    my $script = "$directory/$db.sql";
    PostgreSQL::Test::Utils::append_to_file($script,
        "\\set id random(1, 1000)\nSELECT id FROM only_$db WHERE id = :id;\nSELECT count(*) FROM pg_namespace;\nSET application_name = 'in_$db';\n")
      unless -f $script;
    local $ENV{PGOPTIONS} = "-c weir.tenant=in_$db";
    return start_pgbench($node, $db, "in_$db", '-f', $script, @arguments);
}

# Rows that speak of another database.
sub strangers
{
    my ($db) = @_;
    return quietly($node, $db, "SELECT count(*) FROM weir.query_stats WHERE coalesce(tenant_id, 'in_$db') <> 'in_$db' OR table_name ~ '^only_' AND table_name <> 'only_$db' OR coalesce(application_name, '') ~ '^in_' AND application_name <> 'in_$db'");
}

create_database($_) foreach 'stays', 'churns';
my %load = map { $_ => start_load($_, '-c', 3, '-R', 400, '-T', 100000) } 'stays', 'churns';

my %action = (
    'DROP and CREATE EXTENSION' => sub {
        quietly($node, 'churns', 'DROP EXTENSION pg_weir');
        sleep(rand(0.1));
        quietly($node, 'churns', 'CREATE EXTENSION pg_weir');
    },
    'DROP and CREATE EXTENSION in one transaction' => sub {
        quietly($node, 'churns', 'BEGIN; DROP EXTENSION pg_weir; CREATE EXTENSION pg_weir; COMMIT');
    },
    'DROP EXTENSION rolled back' => sub {
        quietly($node, 'churns', 'BEGIN; DROP EXTENSION pg_weir; SELECT pg_sleep(0.1); ROLLBACK');
    },
    'weir.reset()' => sub { quietly($node, 'churns', 'SELECT weir.reset()'); },
    'weir.flush()' => sub { quietly($node, 'churns', 'SELECT weir.flush()'); },
    'terminate the worker' => sub {
        my $pid = worker_pid($node, 'churns');
        quietly($node, 'postgres', "SELECT pg_terminate_backend($pid)") if $pid;
    },
    'terminate the launcher' => sub {
        my $pid = wait_until(sub { return server_child($node, 'pg_weir launcher'); }) or die 'no launcher';
        kill 'TERM', $pid;
    },
    'a database that comes and goes' => sub {
        create_database('passes');
        my $passing = start_load('passes', '-c', 2, '-T', 1000);
        my $flushed = wait_until(sub { my $r = ring($node, 'passes'); return $r->{flushed} > 50; }, 10);
        my $strangers = strangers('passes');
        quietly($node, 'postgres', 'DROP DATABASE passes WITH (FORCE)');
        eval { $passing->{handle}->finish };
        die 'the new database was not recorded' unless $flushed;
        die "$strangers rows of other databases" if $strangers;
    },
);

my %count;
my $slowest = 0;
foreach my $n (1 .. $rounds)
{
    my @names = sort keys %action;
    my $name = $n <= @names ? $names[ $n - 1 ] : $names[ int(rand(@names)) ];
    my $start = time();
    my $worked = eval { $action{$name}->(); 1 };
    ok($worked, "round $n: $name") or diag($@);
    my $took = time() - $start;
    note(sprintf('%d: %s, %.2f s', $n, $name, $took));
    $slowest = $took if $took > $slowest;
    $count{$name}++;
}
is(scalar(keys %count), scalar(keys %action), 'everything happened');
cmp_ok($slowest, '<=', 10, 'and nothing took long');

# The clients are still there and met no error.
foreach my $db (sort keys %load)
{
    $load{$db}->{handle}->pump_nb;
    ok($load{$db}->{handle}->pumpable, "$db: clients are still at work");
    unlike($load{$db}->{errors}, qr/error|aborted/, "$db: and met no error") or diag($load{$db}->{errors});
    $load{$db}->{handle}->signal('ALRM');
    eval { $load{$db}->{handle}->finish };
}
wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM pg_stat_activity WHERE datname IN ('stays', 'churns') AND backend_type = 'client backend'") == 0; });

foreach my $db ('stays', 'churns')
{
    within(10, "$db: the last flush", sub { flush($node, $db); return 1; });
    is(strangers($db), 0, "$db: holds no rows of other databases");
    my $r = law_holds($node, $db, "$db: the law holds");
    my $before = logged_calls($node, $db, 'true');
    my $transactions = finish_pgbench(start_load($db, '-c', 4, '-t', 200));
    flush($node, $db);
    is(logged_calls($node, $db, 'true') - $before + ring($node, $db)->{dropped} - $r->{dropped}, 3 * $transactions,
        "$db: afterwards every statement is counted");
}
table_holds_what_was_flushed($node, 'stays', 'stays: through all of it the log holds what was flushed');

my $log = slurp_file($node->logfile);
unlike($log, qr/ERROR:  XX|could not find|cache lookup failed|deadlock detected/, 'the log has no internal errors');
my $starts = () = $log =~ /worker" \(PID \d+\) exited with exit code 1/g;
cmp_ok($starts, '<=', $rounds, 'and workers did not die by themselves');

done_testing();
