# A continuous query under fire: what it shows is, at every moment, its definition over all rows that
# were inserted and committed; after kills and crashes too.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Delta;
use Torture;
use Weir;
use PostgreSQL::Test::Utils;
use Test::More;

seeded();
my $seconds = $ENV{TORTURE_SECONDS} || (is_long() ? 600 : 45);
my $node = new_weir_node(
    'torture',
    'max_prepared_transactions' => 100,
    'wal_level' => 'replica',
    'max_wal_senders' => 0,
    'autovacuum_naptime' => 2,
    'weir.capture' => 'off');
make_delta_functions($node);
start_torture($node, delta_subject());
torture($seconds);
my $log = stop_torture();
diag(sprintf('%d rows, %d checks, %d retries, %d unreachable, %d revived, %d detached; %s',
    quietly($node, 'postgres', 'SELECT count(*) FROM ledger'),
    $log->{checks}, $log->{retries}, $log->{unreachable}, $log->{revived} // 0, $log->{detached} // 0,
    join(', ', map { "$_: $log->{done}{$_}" } sort keys %{ $log->{done} })));
cmp_ok($log->{checks}, '>=', 2 * $seconds, 'it was compared often');
is($log->{differences}, 0, 'and never differed') or diag($log->{first});
is($log->{retries}, 0, 'no snapshot lost its rows');
is($log->{stranger}, undef, 'only kills ended writers');
is($log->{refused}, undef, 'no comparison failed but for a kill');
is(delta_missing($node), 0, 'at the end nothing is left to consume, and the result is exact');
done_testing();
