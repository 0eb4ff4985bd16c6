# Crashes and restarts: what was flushed is there once, what may be lost is said, and a clean
# restart loses nothing.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = PostgreSQL::Test::Utils::tempdir();
my $node = new_weir_node('crash', 'weir.flush_interval' => '1h', 'weir.flush_batch' => 100000);

# n logged statements, each under a name of its own, so that doubles show.
my $item = 0;

sub log_items
{
    my ($n) = @_;
    my $first = $item + 1;
    $item += $n;
    quietly($node, 'postgres',
        "SELECT weir.log_query_stat(NULL, 'item' || g, NULL, 'SELECT', 1.0) FROM generate_series($first, $item) g"
    );
    return ($first, $item);
}

sub items_in_log
{
    my ($first, $last) = @_;
    return logged_calls($node, 'postgres',
        "table_name ~ '^item[0-9]+\$' AND substr(table_name, 5)::int BETWEEN $first AND $last");
}

sub doubles
{
    return quietly($node, 'postgres',
        "SELECT count(*) FROM (SELECT table_name FROM weir.query_stats WHERE table_name ~ '^item' GROUP BY 1 HAVING sum(calls) > 1) d"
    );
}

sub interruptions
{
    return quietly($node, 'postgres', 'SELECT count(*) FROM weir.interruptions');
}

sub wait_for_server
{
    return wait_until(
        sub {
            local $ENV{PGOPTIONS} = '-c weir.capture=off';
            my ($status, $out) = attempt($node, 'postgres', 'SELECT 1', stderr => \my $err);
            return $status == 0 && $out eq '1';
        });
}

# The server is up again after a crash: checks what is in the log. `lost` are the items that were in
# the ring at the crash.
sub check_recovery
{
    my ($name, $kept_first, $kept_last, $lost_first, $lost_last, $interruptions, $crashed_at) = @_;
    ok(wait_for_server(), "$name: the server is back");
    within(10, "$name: the worker is back",
        sub { log_items(1); return wait_for_worker($node, 'postgres', 0, 10); });
    my ($first, $last) = log_items(50);
    flush($node);
    is(items_in_log($first, $last), 50, "$name: recording goes on");
    is(items_in_log($kept_first, $kept_last), $kept_last - $kept_first + 1,
        "$name: what was flushed is there");
    is(items_in_log($lost_first, $lost_last), 0, "$name: what was in the ring is lost");
    is(doubles(), 0, "$name: nothing is there twice");
    is(interruptions(), $interruptions + 1, "$name: the interruption is noted, once");
    is( quietly($node, 'postgres',
            "SELECT count(*) FROM weir.interruptions WHERE since <= '$crashed_at' AND until >= '$crashed_at' AND since > '$crashed_at'::timestamptz - interval '1 minute' AND until <= now()"
        ),
        1,
        "$name: its window holds the crash")
      or diag("crashed at $crashed_at; noted: "
          . quietly($node, 'postgres', 'SELECT * FROM weir.interruptions'));
    law_holds($node, 'postgres', "$name: the law holds");
    return;
}

sub clock { return quietly($node, 'postgres', 'SELECT clock_timestamp()'); }

# An interruption is noted once, however often the worker looks.
sub reload_changes_nothing
{
    my ($name) = @_;
    my $before = interruptions();
    for (1 .. 3)
    {
        quietly($node, 'postgres', 'SELECT pg_reload_conf()');
        sleep(0.3);
    }
    is(interruptions(), $before, "$name: looking again adds no interruption");
    return;
}

my $log_start = 0;

# SIGKILL to a session, to the worker and to the launcher: the server starts over each time.
foreach my $victim ('session', 'pg_weir flush worker', 'pg_weir launcher')
{
    my ($kept_first, $kept_last) = log_items(500);
    flush($node);
    ok(wait_for_worker($node, 'postgres'), "$victim: there is a worker");
    my ($lost_first, $lost_last) = log_items(300);
    my $interruptions = interruptions();
    my $session;
    my $pid;
    if ($victim eq 'session')
    {
        $session = $node->background_psql('postgres');
        $pid = $session->query('SELECT pg_backend_pid()');
    }
    else
    {
        $pid = server_child($node, $victim) or die "no $victim";
    }
    my $crashed_at = clock();
    is(kill(9, $pid), 1, "$victim: killed");
    ok(wait_until(sub { return !kill(0, $pid); }), "$victim: and gone");
    # The postmaster notices the death of a child in its own time.
    $node->wait_for_log(qr/all server processes terminated; reinitializing/, $log_start);
    $log_start = -s $node->logfile;
    eval { $session->quit } if $session;
    check_recovery($victim, $kept_first, $kept_last, $lost_first, $lost_last, $interruptions, $crashed_at);
    reload_changes_nothing($victim);
}

# The worker killed at every point of a flush: what it was at is in the log once or not at all. Not at
# all is said to be lost.
foreach my $point ('before_insert', 'after_insert', 'before_commit', 'after_commit')
{
    my $name = "killed at flush.$point";
    my ($kept_first, $kept_last) = log_items(100);
    flush($node);
    my ($first, $last) = log_items(200);
    my $interruptions = interruptions();
    set_system($node, 'weir.failpoint' => "flush.$point:kill");
    $node->psql('postgres', 'SELECT weir.flush()', stderr => \my $ignored);
    # Taken back before the next worker can get there; nobody can connect yet.
    $node->append_conf('postgresql.auto.conf', "weir.failpoint = ''");
    $node->reload;
    $node->wait_for_log(qr/all server processes terminated; reinitializing/, $log_start);
    ok(wait_for_server(), "$name: the server is back");
    $log_start = -s $node->logfile;
    log_items(1);
    flush($node);
    is(items_in_log($kept_first, $kept_last), 100, "$name: what was flushed is there");
    is(items_in_log($first, $last), $point eq 'after_commit' ? 200 : 0,
        "$name: what was committed is there, what was not is not");
    is(doubles(), 0, "$name: nothing is there twice");
    is(interruptions(), $interruptions + 1, "$name: the interruption is noted, once");
}

# Immediate shutdown.
{
    my ($kept_first, $kept_last) = log_items(500);
    flush($node);
    my ($lost_first, $lost_last) = log_items(300);
    my $interruptions = interruptions();
    my $crashed_at = clock();
    $node->stop('immediate');
    $node->start;
    reload_changes_nothing('immediate shutdown') if wait_for_worker($node, 'postgres', 0, 2);
    check_recovery('immediate shutdown', $kept_first, $kept_last, $lost_first, $lost_last,
        $interruptions, $crashed_at);
}

# A crash before the first flush of a run is an interruption as well.
{
    $node->restart;
    my $interruptions = interruptions();
    my ($lost_first, $lost_last) = log_items(20);
    ok(wait_for_worker($node, 'postgres'), 'before the first flush: there is a worker');
    sleep(0.5);
    my $crashed_at = clock();
    $node->stop('immediate');
    $node->start;
    log_items(1);
    flush($node);
    my $found = items_in_log($lost_first, $lost_last);
    is(interruptions() - $interruptions, $found == 20 ? 0 : 1,
        "before the first flush: lost records ($found of 20 are there) are noted");
}

# Clean restart, sessions idle: nothing is lost, no interruption.
{
    my $interruptions = interruptions();
    my @sessions = do {
        local $ENV{PGAPPNAME} = 'idle_one';
        map { $node->background_psql('postgres') } 1 .. 8;
    };
    my ($first, $last) = log_items(700);
    foreach my $n (1 .. @sessions)
    {
        $sessions[ $n - 1 ]->query("SELECT $n");
    }
    my $expected = @sessions;
    $node->restart;
    foreach my $session (@sessions) { eval { $session->quit } }
    is(items_in_log($first, $last), 700, 'clean restart, idle: nothing is lost');
    is( logged_calls($node, 'postgres', "application_name = 'idle_one' AND query_type = 'SELECT'"),
        $expected, 'clean restart, idle: statements of open sessions are there');
    is(interruptions(), $interruptions, 'clean restart, idle: no interruption');
}

# Clean restart in the middle of a load: what was answered is there. Sessions that the shutdown ended
# may each have run one transaction more than they could tell.
foreach my $round (1 .. is_long() ? 20 : 3)
{
    my $interruptions = interruptions();
    PostgreSQL::Test::Utils::append_to_file("$directory/busy$round.sql", "SELECT 1;\nSELECT 2;\n");
    my $clients = 8;
    my $load = start_pgbench($node, 'postgres', "busy$round", '-c', $clients, '-j', 2, '-T', 60,
        '-f', "$directory/busy$round.sql");
    ok(wait_until(sub { return ring($node)->{captured} > 500; }), "clean restart, busy $round: load");
    $node->restart;
    eval { $load->{handle}->finish };
    $load->{output} =~ /number of transactions actually processed: (\d+)/
      or die "pgbench failed: $load->{output} $load->{errors}";
    my $answered = 2 * $1;
    my $found = logged_calls($node, 'postgres', "application_name = 'busy$round'");
    cmp_ok($found, '>=', $answered, "clean restart, busy $round: nothing is lost");
    cmp_ok($found, '<=', $answered + 2 * $clients, "clean restart, busy $round: nothing is doubled");
    is(interruptions(), $interruptions, "clean restart, busy $round: no interruption");
}

# Smart shutdown waits for sessions, and then flushes.
{
    my ($first, $last) = log_items(100);
    $node->stop('smart');
    $node->start;
    is(items_in_log($first, $last), 100, 'smart shutdown: nothing is lost');
}
is(doubles(), 0, 'nothing is there twice');

done_testing();
