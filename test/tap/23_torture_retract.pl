# Continuous queries that follow their table, under fire: what they show is, at every moment, what their
# definition says of the table as it is; and mistakes seeded into the build show.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Torture;
use Weir;
use PostgreSQL::Test::Utils;
use Test::More;

my @results = ('live', 'of_rows', 'of_all');

sub torture_retraction
{
    my $seconds = $ENV{TORTURE_SECONDS} || (is_long() ? 600 : 25);
    my $node = new_weir_node('retract', 'max_prepared_transactions' => 100, 'wal_level' => 'replica',
        'max_wal_senders' => 0, 'autovacuum_naptime' => 2, 'weir.capture' => 'off', 'weir.check_skipped' => 'on');
    start_torture($node, retract_subject());
    torture($seconds);
    my $log = stop_torture();
    diag(sprintf('%d rows, %d checks, %d retries, %d unreachable, %d revived; %s',
        quietly($node, 'postgres', 'SELECT count(*) FROM src'),
        $log->{checks}, $log->{retries}, $log->{unreachable}, $log->{revived} // 0,
        join(', ', map { "$_: $log->{done}{$_}" } sort keys %{ $log->{done} })));
    cmp_ok($log->{checks}, '>=', $seconds, 'it was compared often');
    is($log->{differences}, 0, 'it never differed') or diag($log->{first});
    is($log->{stranger}, undef, 'only kills ended writers');
    is($log->{refused}, undef, 'no comparison failed but for a kill');
    is(quietly($node, 'postgres', "SELECT weir.wait('$_', '60 s')"), 't', "$_ takes in everything") foreach @results;
    is(quietly($node, 'postgres', retract_subject()->{differing}), 0, 'and the state is exact');
    my $log_rows = join ' + ', map { "(SELECT count(*) FROM weir_state.q${_}_gone)" } 1 .. 3;
    is(quietly($node, 'postgres', "SELECT $log_rows"), 0, 'nothing is left in the logs of changes');
    $node->stop('immediate');
    return;
}

my %faults = (
    'only the old key of a changed row is logged' => 'retract.old_key_only',
    'groups are computed from the latest rows instead of the end of the step\'s' => 'retract.latest',
    'changes newer than the step are forgotten' => 'retract.empty_log',
    'files of tables are not looked at' => 'retract.any_files',
);

sub find_fault
{
    my ($name, $number) = @_;
    my $node = new_weir_node("retract_fault_$number", 'max_prepared_transactions' => 100, 'weir.capture' => 'off',
        'autovacuum' => 'off', 'wal_level' => 'replica');
    start_torture($node, retract_subject());
    set_system($node, 'weir.failpoint' => "$faults{$name}:seed");
    my $started = time();
    my @often = $name =~ /files/ ? (maintain => 'TRUNCATE src_1') : ();
    my $log = torture(180, stop_early => 1, kill_every => 0, @often);
    cmp_ok($log->{differences}, '>', 0, "found: $name") or diag("$log->{checks} checks without a difference");
    diag(sprintf('%s: after %.1f s', $name, time() - $started));
    abandon_torture();
    $node->stop('immediate');
    return;
}

seeded();
torture_retraction();
my @names = sort keys %faults;
if ($ENV{FAULTS}) { @names = grep { /$ENV{FAULTS}/ } @names; }
elsif (!is_long()) { @names = ($names[ rand @names ]); }
find_fault($names[$_], $_) foreach 0 .. $#names;
done_testing();
