# Every statement that a client ran is in the log, or counted as dropped: exactly.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our $per_client = is_long() ? 25_000 : 2_500;
my $clients = 8;

my $node = new_weir_node('conservation');
my $directory = PostgreSQL::Test::Utils::tempdir();

# Five statements a transaction, one of them prepared by hand, tenants changing all the time.
PostgreSQL::Test::Utils::append_to_file("$directory/mixed.sql", <<'SCRIPT');
\set tenant random(1, 50)
\set aid random(1, 10000)
SET weir.tenant = :tenant;
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
COMMIT;
SCRIPT
my $statements_per_script = 5;

sub prepare_database
{
    my ($db) = @_;
    PostgreSQL::Test::Utils::system_or_bail('pgbench', '-i', '-q', '-h', $node->host, '-p',
        $node->port, $db);
    return;
}

# Runs pgbench and compares; returns the ring's figures.
my $round = 0;
my $older = 0;    # statements in the log when the counters began

sub check_round
{
    my ($name, $per_transaction, @arguments) = @_;
    my $application = 'load' . ++$round;
    my $before = ring($node);
    my $transactions = run_pgbench($node, 'postgres', $application,
        '-c', $clients, '-j', 2, '-t', $per_client, @arguments);
    is($transactions, $clients * $per_client, "$name: pgbench finished its transactions");
    flush($node);
    my $after = ring($node);
    my $dropped = $after->{dropped} - $before->{dropped};
    is( statements_of_pgbench($node, 'postgres', $application) + $dropped,
        $transactions * $per_transaction,
        "$name: calls in the log + dropped = statements that pgbench ran");
    law_holds($node, 'postgres', "$name: captured = flushed + in_ring + folded_pending + dropped");
    table_holds_what_was_flushed($node, 'postgres', "$name: the log holds what was flushed", $older);
    return ($after->{folded} - $before->{folded}, $dropped, $application);
}

# As a server comes: nothing may be dropped. Several times what the ring holds, offered at a rate that
# the worker bears; and as fast as it goes no more than the ring holds, since a session can fold but
# few of so many kinds.
prepare_database('postgres');
flush($node);
my $capacity = ring($node)->{capacity};
cmp_ok($statements_per_script * $clients * $per_client, '>', 3 * $capacity, 'a ring holds a part of the statements');
my ($folded, $dropped, $application) = check_round('defaults, custom script, 10,000 statements a second',
    $statements_per_script, '-R', 2000, '-f', "$directory/mixed.sql");
is($dropped, 0, 'defaults: nothing dropped');
is( $node->safe_psql('postgres',
        "SELECT count(DISTINCT tenant_id) FROM weir.query_stats WHERE application_name = '$application' AND tenant_id <> ''"),
    50, 'every tenant is there');
is( logged_calls($node, 'postgres',
        "application_name = '$application' AND table_name = 'pgbench_accounts' AND field_name = 'aid' AND query_type IN ('SELECT', 'UPDATE')"),
    2 * $clients * $per_client,
    'table and field of every restriction are known');
{
    local $per_client = int(0.97 * $capacity / $statements_per_script / $clients);
    (undef, $dropped) =
      check_round('defaults, custom script, as fast as it goes', $statements_per_script, '-f', "$directory/mixed.sql");
    is($dropped, 0, 'defaults, as fast as it goes: nothing dropped');
}

foreach my $mode ('simple', 'extended', 'prepared')
{
    local $per_client = int($per_client / 2);
    (undef, $dropped) =
      check_round("defaults, built-in script, $mode", 7, '-b', 'tpcb-like', '-M', $mode);
    is($dropped, 0, "defaults, $mode: nothing dropped");
}

# Flushes are a second apart, or weir.flush_interval when that is less.
set_system($node, 'weir.flush_interval' => '20ms');
within(8, 'ten records one after the other, with an interval of 20 ms', sub {
    foreach my $n (1 .. 10)
    {
        quietly($node, 'postgres', "SELECT weir.log_query_stat('soon', 'orders', NULL, 'SELECT', $n)");
        return 0 if !wait_until(sub { return ring($node)->{records_in_ring} == 0; });
    }
    return 1;
});
set_system($node, 'weir.flush_interval' => undef);

# A sample and a least duration change which statements get a row of their own, not the sums. One
# tenant: the few kinds of statements find room among the folds.
set_system($node, 'weir.sample_rate' => '0.1');
($folded, $dropped, $application) =
  check_round('sample_rate 0.1', 7, '-b', 'tpcb-like');
is($dropped, 0, 'sample_rate 0.1: nothing dropped');
my $statements = $clients * $per_client * 7;
cmp_ok($folded, '>', 0.88 * $statements, 'sample_rate 0.1: about nine in ten are folded');
cmp_ok($folded, '<', 0.92 * $statements, 'sample_rate 0.1: about one in ten is not');

set_system($node, 'weir.sample_rate' => '1', 'weir.min_duration' => '60s');
($folded, $dropped, $application) = check_round('min_duration 60s', 7, '-b', 'tpcb-like');
is($dropped, 0, 'min_duration: nothing dropped');
cmp_ok($folded, '>=', $statements, 'min_duration: faster statements are folded');
check_round('min_duration 60s, many tenants', $statements_per_script, '-f', "$directory/mixed.sql");
set_system($node, 'weir.min_duration' => undef, 'weir.sample_rate' => undef);

# The smallest ring: folding takes over, and the equality holds.
set_conf($node, 'weir.ring_size' => 64);
$node->restart;
$older = logged_calls($node, 'postgres', 'true');
($folded, $dropped) =
  check_round('ring of 64', $statements_per_script, '-f', "$directory/mixed.sql");
cmp_ok($folded, '>', 0, 'ring of 64: statements were folded');

# Nobody empties the ring: folds fill up, the rest is dropped, and all of it is counted.
set_system($node, 'weir.failpoint' => 'flush.before_insert:error');
my $before = ring($node);
my $transactions = run_pgbench($node, 'postgres', 'stuck', '-c', $clients, '-j', 2, '-t', 500,
    '-f', "$directory/mixed.sql");
my $stuck = law_holds($node, 'postgres', 'no flush: the law holds');
is($stuck->{captured} - $before->{captured}, $transactions * $statements_per_script,
    'no flush: captured is what pgbench ran');
cmp_ok($stuck->{dropped}, '>', $before->{dropped}, 'no flush: what found no room was dropped');
set_system($node, 'weir.failpoint' => undef);
flush($node);
is( logged_calls($node, 'postgres', "application_name = 'stuck'")
      + ring($node)->{dropped} - $before->{dropped},
    $transactions * $statements_per_script,
    'after it: calls in the log + dropped = statements that pgbench ran');
my $after = law_holds($node, 'postgres', 'after it: the law holds');
is($after->{in_ring} + $after->{folded_pending}, 0, 'after it: nothing is left behind');

done_testing();
