# Continuous queries of every kind under fire: what each shows is, at every moment, right, however many processes share
# its steps; and whoever follows their changes sees each once and in order, through kills and restarts.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Torture;
use TortureKinds;
use Weir;
use PostgreSQL::Test::Utils;
use Test::More;

seeded();
my $seconds = $ENV{TORTURE_SECONDS} || (is_long() ? 600 : 25);
my $node = new_weir_node('kinds', 'max_prepared_transactions' => 100, 'wal_level' => 'replica', 'max_wal_senders' => 0,
    'autovacuum_naptime' => 2, 'weir.capture' => 'off', 'weir.check_skipped' => 'on', 'weir.min_lane_pages' => 0,
    'max_worker_processes' => 16);
start_torture($node, kinds_subject());
torture($seconds, kill_every => 6);
my $log = stop_torture();
diag(sprintf('%d rows, %d checks, %d retries, %d unreachable, %d revived; %s', quietly($node, 'postgres', 'SELECT count(*) FROM ledger'),
    $log->{checks}, $log->{retries}, $log->{unreachable}, $log->{revived} // 0, join(', ', map { "$_: $log->{done}{$_}" } sort keys %{ $log->{done} })));
cmp_ok($log->{checks}, '>=', $seconds / 2, 'it was compared often');
is($log->{differences}, 0, 'and never differed') or diag($log->{first});
is($log->{retries}, 0, 'no snapshot lost its rows');
is($log->{stranger}, undef, 'only kills ended writers');
is($log->{refused}, undef, 'no comparison failed but for a kill');
is(kinds_missing(), 0, 'at the end everything is consumed, and all results are exact');
is(is_followed($_), '', "the changes of $_, followed all along, are its result") foreach qw(logged final strict);
cmp_ok(quietly($node, 'postgres', "SELECT max(split_ticks) FROM weir.query_metrics"), '>', 0, 'steps were shared');
$node->stop('immediate');
done_testing();
