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

my $come = 0;

# The query's own workers, or, in the long tier, steps made by hand too.
sub torture_one
{
    my ($name, $subject, $missing, %settings) = @_;
    my $seconds = $ENV{TORTURE_SECONDS} || (is_long() ? 600 : delete $settings{seconds} // 45);
    delete $settings{seconds};
    my $node = new_weir_node($name, 'max_prepared_transactions' => 100, 'wal_level' => 'replica',
        'max_wal_senders' => 0, 'autovacuum_naptime' => 2, 'weir.capture' => 'off', %settings);
    make_delta_functions($node);
    start_torture($node, $subject);
    torture($seconds);
    my $log = stop_torture();
    diag(sprintf('%d rows, %d checks, %d retries, %d unreachable, %d revived, %d detached, %d tables came and %d left; %s',
        quietly($node, 'postgres', 'SELECT count(*) FROM ledger'),
        $log->{checks}, $log->{retries}, $log->{unreachable}, $log->{revived} // 0, $log->{detached} // 0, $log->{come} // 0,
        $log->{left} // 0,
        join(', ', map { "$_: $log->{done}{$_}" } sort keys %{ $log->{done} })));
    cmp_ok($log->{checks}, '>=', $seconds, "$name: it was compared often");
    is($log->{differences}, 0, "$name: it never differed") or diag($log->{first});
    is($log->{retries}, 0, "$name: no snapshot lost its rows");
    is($log->{stranger}, undef, "$name: only kills ended writers");
    is($log->{refused}, undef, "$name: no comparison failed but for a kill");
    $come += $log->{come} // 0;
    is($missing->($node), 0, "$name: at the end everything is consumed, and the result is exact");
    $node->stop('immediate');
    return;
}

# Steps must have been shared, or nothing was shown.
sub missing_or_unsplit
{
    my ($node) = @_;
    return 'never split' if !quietly($node, 'postgres', 'SELECT max(split_ticks) FROM weir.query_metrics');
    return query_missing($node);
}

seeded();
torture_one('query', query_subject(), \&query_missing, 'weir.check_skipped' => 'on');
torture_one('lanes', query_subject(2), \&missing_or_unsplit, 'weir.check_skipped' => 'on', 'weir.min_lane_pages' => 0,
    'max_worker_processes' => 16, seconds => 25);
cmp_ok($come, '>', 0, 'tables came with rows');
torture_one('steps', delta_subject(), \&delta_missing) if is_long();
done_testing();
