# The torture finds mistakes: each one, seeded into the build with failpoints, shows as a difference.
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

# What is seeded, how, and what brings it out.
my %faults = (
    'the present log position instead of the pair\'s' => { seed => 'delta.current_lsn', calm => 1 },
    'the next transaction instead of the snapshot\'s oldest as horizon' => { seed => 'delta.next_xid' },
    'only the last blocks are read' => { seed => 'delta.block_tail' },
    'the visibility map is trusted although there was no hold' =>
      { seed => 'delta.trust_map,hold.none,delta.no_recheck', slow => 1, calm => 1, maintain => 'VACUUM src' },
    'no hold at all, and nobody looks' =>
      { seed => 'hold.none,delta.no_recheck', slow => 1, calm => 1, maintain => 'VACUUM src' },
    'readers do not check the hold again' =>
      { seed => 'hold.hasty,delta.no_recheck', calm => 1, maintain => 'VACUUM src' },
    'the log position of a restarted process instead of the stored one' =>
      { seed => 'delta.forget_lsn', kill => 1 },
    'a table that comes brings nothing' => { seed => 'arrivals.none', query => 1 },
    'a table that comes back is counted again' => { seed => 'arrivals.again', query => 1 },
    'rows that were gone before their table came' => { seed => 'arrivals.unchanged', query => 1 },
    'the frontier is committed before the results' => { frontier_first => 1, calm => 1 },
);

seeded();
my @names = sort keys %faults;
# The gate takes some of them, by the seed. FAULTS picks by name.
if ($ENV{FAULTS}) { @names = grep { /$ENV{FAULTS}/ } @names; }
elsif (!is_long()) { my %draw = map { $_ => rand() } @names; @names = (sort { $draw{$a} <=> $draw{$b} } @names)[ 0 .. 3 ]; }
foreach my $number (0 .. $#names)
{
    my $name = $names[$number];
    my $fault = $faults{$name};
    my $node = new_weir_node("faults_$number", 'max_prepared_transactions' => 100, 'weir.capture' => 'off',
        'autovacuum' => 'off', 'wal_level' => 'replica');
    make_delta_functions($node);
    my $subject = $fault->{query} ? query_subject() : delta_subject($fault->{frontier_first}, $fault->{slow});
    # A look at skipped pages would find the mistake before it does harm.
    $subject->{tick} =~ s/random\(0, 1\)/random(0, 0)/ if $subject->{tick};
    start_torture($node, $subject);
    set_system($node, 'weir.failpoint' => join(',', map { "$_:seed" } split /,/, $fault->{seed}))
      if $fault->{seed};
    my $started = time();
    my $log = torture(180, stop_early => 1, kill_every => $fault->{kill} ? 4 : 0, maintain => $fault->{maintain}, calm => $fault->{calm},
        own_work => $fault->{query});
    cmp_ok($log->{differences}, '>', 0, "found: $name")
      or diag("$log->{checks} checks without a difference");
    diag(sprintf('%s: after %.1f s', $name, time() - $started));
    abandon_torture();
    $node->stop('immediate');
}
done_testing();
