# Servers that record statements, and what the tests ask of them.
package Weir;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
  new_weir_node set_conf is_long seeded
  quietly attempt set_system
  ring flush law_holds table_holds_what_was_flushed
  logged_calls rolled_up_calls worker_pid wait_for_worker server_child
  start_pgbench finish_pgbench stop_pgbench run_pgbench statements_of_pgbench
  wait_until within not_across sleep time
);

# The long tier repeats more and loads more.
sub is_long { return $ENV{WEIR_LONG} ? 1 : 0; }

# Random tests take SEED and print it.
sub seeded
{
    my $seed = $ENV{SEED} || int(rand(1 << 30));
    srand($seed);
    diag("SEED=$seed");
    return $seed;
}

sub set_conf
{
    my ($node, %settings) = @_;
    $node->append_conf('postgresql.conf', "$_ = '$settings{$_}'\n")
      foreach sort keys %settings;
    return;
}

# A running server with the extension in database postgres. `start => 0` leaves it stopped and
# without the extension; `streaming => 1` lets it have standbys; everything else is a setting.
sub new_weir_node
{
    my ($name, %settings) = @_;
    my $start = delete $settings{start} // 1;
    my $streaming = delete $settings{streaming};
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init($streaming ? (allows_streaming => 1) : ());
    set_conf(
        $node,
        'shared_preload_libraries' => 'pg_weir',
        'shared_buffers' => '128MB',
        'max_connections' => 60,
        'max_wal_size' => '1GB',
        'restart_after_crash' => 'on',
        'log_statement' => 'none',
        %settings);
    if ($start)
    {
        $node->start;
        $node->safe_psql('postgres', 'CREATE EXTENSION pg_weir');
    }
    return $node;
}

# What the tests themselves ask is not recorded, so that figures are of what is tested.
sub quietly
{
    my ($node, $db, $sql) = @_;
    local $ENV{PGOPTIONS} = '-c weir.capture=off';
    return $node->safe_psql($db // 'postgres', $sql);
}

# What psql says, also of a server that refuses it before it has read its input.
sub attempt
{
    my ($node, @arguments) = @_;
    my @answer = eval { $node->psql(@arguments) };
    die $@ if $@ && $@ !~ /Broken pipe/;
    return $@ ? (2, '', '') : @answer;
}

# ALTER SYSTEM and reload; undef resets.
sub set_system
{
    my ($node, %settings) = @_;
    foreach my $name (sort keys %settings)
    {
        my $value = $settings{$name};
        quietly($node, 'postgres',
            defined $value ? "ALTER SYSTEM SET $name = '$value'" : "ALTER SYSTEM RESET $name");
    }
    quietly($node, 'postgres', 'SELECT pg_catalog.pg_reload_conf()');
    return;
}

# weir.ring_status() as a hash.
sub ring
{
    my ($node, $db) = @_;
    my $row = quietly($node, $db, 'SELECT pg_catalog.row_to_json(r) FROM weir.ring_status() r');
    return JSON::PP::decode_json($row);
}

sub flush
{
    my ($node, $db) = @_;
    return quietly($node, $db, 'SELECT weir.flush()');
}

# Calls `done` every 50 ms until it returns true; false when that takes too long.
sub wait_until
{
    my ($done, $seconds) = @_;
    my $end = time() + ($seconds // 30);
    while (1)
    {
        my $result = $done->();
        return $result if $result;
        return 0 if time() > $end;
        sleep(0.05);
    }
}

# Lets the end of a day or a minute pass when it is nearer than what follows takes.
sub not_across
{
    my ($period, $seconds) = @_;
    my $left = $period - time() % $period;
    sleep($left + 1) if $left < $seconds;
    return;
}

# Runs `action` and passes when it took no longer than `seconds`.
sub within
{
    my ($seconds, $name, $action) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $start = time();
    my $result = $action->();
    my $took = time() - $start;
    ok($result && $took <= $seconds, sprintf('%s within %g s', $name, $seconds))
      or diag(sprintf('it %s, after %.2f s', $result ? 'worked' : 'did not work', $took));
    return $result;
}

# captured = flushed + in_ring + folded_pending + dropped. The figures are read one after the other,
# so a reading in the middle of a flush may be off: the law has to hold within a moment.
sub law_holds
{
    my ($node, $db, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $r;
    my $holds = wait_until(
        sub {
            $r = ring($node, $db);
            return $r->{captured} ==
              $r->{flushed} + $r->{in_ring} + $r->{folded_pending} + $r->{dropped};
        },
        5);
    ok($holds, $name) or diag(explain($r));
    return $r;
}

# Statements in the roll-ups: days, and the minutes that are not in them yet.
my $rolled_up = <<'SQL';
SELECT coalesce(sum(calls), 0) FROM weir.rollups
WHERE minutes = 1440 OR minutes = 1 AND bucket >= (SELECT rolled_until FROM weir.rollup_state)
SQL

# What the counters call flushed is what the log holds, statement by statement, and what the roll-ups
# sum up; `before` statements were there when the counters began.
sub table_holds_what_was_flushed
{
    my ($node, $db, $name, $before) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $before //= 0;
    my ($rows, $sums, $flushed);
    my $equal = wait_until(
        sub {
            flush($node, $db);
            ($rows, $sums, $flushed) = split /\|/, quietly($node, $db,
                "SELECT (SELECT coalesce(sum(calls), 0) FROM weir.query_stats), ($rolled_up), flushed FROM weir.ring_status()");
            return $rows - $before == $flushed && $sums - $before == $flushed;
        },
        5);
    ok($equal, $name) or diag("calls in the log: $rows, in roll-ups: $sums, of them older: $before, flushed: $flushed");
    return;
}

# Statements in the log for which `condition` holds.
sub logged_calls
{
    my ($node, $db, $condition) = @_;
    return quietly($node, $db,
        "SELECT coalesce(sum(calls), 0) FROM weir.query_stats WHERE $condition");
}

# Statements that the roll-ups sum up.
sub rolled_up_calls
{
    my ($node, $db) = @_;
    return quietly($node, $db, $rolled_up);
}

# The process id of the database's flush worker, 0 when it has none.
sub worker_pid
{
    my ($node, $db) = @_;
    local $ENV{PGOPTIONS} = '-c weir.capture=off';
    my ($status, $pid) = $node->psql('postgres',
        "SELECT pid FROM pg_catalog.pg_stat_activity WHERE backend_type = 'pg_weir flush worker' AND datname = '$db'");
    return $status == 0 && $pid ? $pid : 0;
}

# Waits for a flush worker, other than the one given.
sub wait_for_worker
{
    my ($node, $db, $other, $seconds) = @_;
    return wait_until(
        sub {
            my $pid = worker_pid($node, $db);
            return $pid != ($other // 0) ? $pid : 0;
        },
        $seconds // 30);
}

# The process id of the server's child with this title, 0 when there is none; SQL does not show them all.
sub server_child
{
    my ($node, $title) = @_;
    my ($postmaster) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
    foreach my $child (split /\s+/, slurp_file("/proc/$postmaster/task/$postmaster/children"))
    {
        my $command = eval { slurp_file("/proc/$child/cmdline") } // '';
        return $child if $command =~ /\Q$title\E/;
    }
    return 0;
}

# Starts pgbench; its statements carry the application name.
sub start_pgbench
{
    my ($node, $db, $application, @arguments) = @_;
    my $run = { output => '', errors => '' };
    local $ENV{PGAPPNAME} = $application;
    $run->{handle} = IPC::Run::start(
        [ 'pgbench', '-n', '-h', $node->host, '-p', $node->port, @arguments, $db ],
        '<', \'', '>', \$run->{output}, '2>', \$run->{errors});
    return $run;
}

# Waits for its end; returns the number of transactions that it has committed.
sub finish_pgbench
{
    my ($run) = @_;
    $run->{handle}->finish;
    $run->{output} =~ /number of transactions actually processed: (\d+)/
      or die "pgbench failed: $run->{output} $run->{errors}";
    return $1;
}

# Ends it, whatever became of the server; returns once its sessions are gone, too: they may still commit.
sub stop_pgbench
{
    my ($run, $node, $application) = @_;
    eval { $run->{handle}->signal('TERM'); };
    eval { $run->{handle}->finish; };
    wait_until(sub {
        my ($status, $count) = attempt($node, 'postgres', "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE application_name = '$application'");
        return $status != 0 || $count eq '0';
    }) or die "sessions of $application go on";
    return;
}

sub run_pgbench { return finish_pgbench(start_pgbench(@_)); }

# Statements of pgbench's own that are not of its scripts: with built-in scripts it looks at its
# tables first.
sub statements_of_pgbench
{
    my ($node, $db, $application) = @_;
    return logged_calls($node, $db, "application_name = '$application'")
      - logged_calls($node, $db,
        "application_name = '$application' AND queryid IN (SELECT queryid FROM weir.query_texts WHERE query ~ 'pg_catalog.pg_class|count\\(\\*\\) from pgbench_branches|select count')"
      );
}

1;
