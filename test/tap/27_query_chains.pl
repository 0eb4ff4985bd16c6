# Continuous queries over results that change and over the logs of their changes, under fire: what they
# show is, at every moment, what they say of what those have stored; each change counts once; and
# mistakes seeded into the build show. Then through a dump.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Torture;
use Weir;
use PostgreSQL::Test::Utils;
use Test::More;

# Queries over results that change and over their logs: what they show is what they say of what those
# have stored, at every moment. `of_all` is over a result that only the others change.
sub chain_subject
{
    my @below = (
        [ 'live', 'SELECT k, count(*) AS n, sum(v)::bigint AS v, coalesce(sum(hashtext(pad)), 0)::bigint AS h FROM src GROUP BY k EMIT CHANGES', 'ignore' ],
        [ 'kept', 'SELECT k, part, count(*) AS n, min(v) AS low, max(v) AS high FROM src GROUP BY k, part HAVING count(*) > 1', 'retract' ],
        [ 'kept_rows', 'SELECT k, v FROM src WHERE v % 7 = 0', 'retract' ]);
    my @above = (
        [ 'sizes', 'SELECT n % 5 AS size, count(*), sum(n) AS n, max(v) AS v, min(h) AS h FROM live GROUP BY 1 EMIT CHANGES', 'retract' ],
        [ 'by_key', 'SELECT k, sum(n) AS n, min(low) AS low, max(high) AS high FROM kept GROUP BY k', 'retract' ],
        [ 'pairs', 'SELECT part, low FROM kept WHERE n % 2 = 0', 'retract' ],
        [ 'of_rows', 'SELECT k, count(*), min(v) FROM kept_rows GROUP BY k', 'retract' ],
        [ 'of_all', 'SELECT count(*), sum(n) AS n, max(low) FROM by_key', 'retract' ],
        [ 'changes_of', "SELECT (new ->> 'k')::int AS k, count(*), count(old) AS old, max(position) AS last FROM weir.changes('live') GROUP BY 1", 'ignore' ],
        [ 'changes_of_sizes', "SELECT count(*), count(old) AS old, count(new) AS new, max(position) AS last FROM weir.changes('sizes')", 'ignore' ]);
    my $retracting = retract_subject();
    my $number = 0;
    my %number = map { ($_->[0] => ++$number) } @below, @above;
    return {
        create => join('', map { "SELECT weir.create_query('$_->[0]', \$\$$_->[1]\$\$, tick => '30 ms', on_delete => '$_->[2]');\n" } @below, @above),
        above => [ map { $_->[0] } @above ],
        drained => "weir.wait('live', '100 ms')",
        differing => 'SELECT ' . join(' + ', map { differences_of($_->[0], "SELECT * FROM weir_state.q$number{ $_->[0] }_definition") } @above),
        writers => $retracting->{writers},
        maintenance => [
            [ 'refresh', sub { return ask("SELECT weir.refresh_query('kept')"); } ],
            [ 'rewrite below', sub { return ask('VACUUM FULL weir_state.q' . (1 + int(rand(3))), 2000); } ],
        ],
    };
}

my @above = @{ chain_subject()->{above} };

# What the logs hold, counted from outside.
my $missed = <<'SQL';
SELECT (SELECT abs(sum(count) - (SELECT count(*) FROM weir.changes('live', 0, 100000000))) FROM changes_of)
     + (SELECT abs(count - (SELECT count(*) FROM weir.changes('sizes', 0, 100000000))) FROM changes_of_sizes)
SQL

# Each over the view of the one below: the same, once all is in the states.
my $differences = join ' + ', map {
    my ($result, $definition) = @$_;
    "(SELECT count(*) FROM ((TABLE $result EXCEPT ALL $definition) UNION ALL ($definition EXCEPT ALL TABLE $result)) d)"
} ([ 'sizes', 'SELECT n % 5, count(*), sum(n), max(v), min(h) FROM live GROUP BY 1' ],
    [ 'by_key', 'SELECT k, sum(n), min(low), max(high) FROM kept GROUP BY k' ],
    [ 'pairs', 'SELECT part, low FROM kept WHERE n % 2 = 0' ],
    [ 'of_rows', 'SELECT k, count(*), min(v) FROM kept_rows GROUP BY k' ],
    [ 'of_all', 'SELECT count(*), sum(n), max(low) FROM by_key' ]);

sub torture_chains
{
    my $node = new_weir_node('chains', 'max_prepared_transactions' => 100, 'wal_level' => 'replica', 'max_worker_processes' => 20,
        'max_wal_senders' => 0, 'autovacuum_naptime' => 2, 'weir.capture' => 'off', 'weir.check_skipped' => 'on');
    start_torture($node, chain_subject());
    my $seconds = $ENV{TORTURE_SECONDS} || (is_long() ? 300 : 12);
    torture($seconds);
    my $log = stop_torture();
    diag(sprintf('%d checks, %d retries, %d unreachable; %s', $log->{checks}, $log->{retries}, $log->{unreachable},
        join(', ', map { "$_: $log->{done}{$_}" } sort keys %{ $log->{done} })));
    cmp_ok($log->{checks}, '>=', $seconds, 'they were compared often');
    is($log->{differences}, 0, 'they never differed') or diag($log->{first});
    is($log->{stranger}, undef, 'only kills ended writers');
    is($log->{refused}, undef, 'no comparison failed but for a kill');
    is(quietly($node, 'postgres', "SELECT weir.wait('$_', '60 s')"), 't', "$_ takes in everything") foreach @above, 'of_all';
    is(quietly($node, 'postgres', chain_subject()->{differing}), 0, 'and is exact');
    is(quietly($node, 'postgres', "SELECT $differences"), 0, 'over the views, too');
    is(quietly($node, 'postgres', $missed), 0, 'each change counts once');
    restore($node);
    $node->stop('immediate');
    return;
}

# Below, a restored query goes on; those above count anew.
sub restore
{
    my ($node) = @_;
    $node->safe_psql('postgres', 'CREATE DATABASE restored');
    my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
    $node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'they are dumped');
    $node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'and restored');
    is(quietly($node, 'restored', "SELECT string_agg(state, ' ') FROM (SELECT DISTINCT state FROM weir.queries WHERE name::text = ANY('{" . join(',', @above) . "}')) s"),
        'void', 'those above wait for their owner');
    quietly($node, 'restored', "SELECT weir.refresh_query('$_')") foreach 'live', @above;
    quietly($node, 'restored', 'SELECT add_rows(500); UPDATE src SET v = v + 1 WHERE k = 3; DELETE FROM src WHERE k = 4');
    is(quietly($node, 'restored', "SELECT weir.wait('$_', '60 s')"), 't', "$_ goes on") foreach @above;
    is(quietly($node, 'restored', "SELECT $differences"), 0, 'exactly');
    return;
}

my %faults = (
    'only the old key of a changed row is logged' => 'retract.old_key_only',
    'groups are computed from the latest rows instead of the end of the step\'s' => 'retract.latest',
    'changes newer than the step are forgotten' => 'retract.empty_log',
);

sub find_fault
{
    my ($name, $number) = @_;
    my $node = new_weir_node("chain_fault_$number", 'max_prepared_transactions' => 100, 'weir.capture' => 'off',
        'autovacuum' => 'off', 'wal_level' => 'replica', 'max_worker_processes' => 20);
    start_torture($node, chain_subject());
    set_system($node, 'weir.failpoint' => "$faults{$name}:seed");
    my $log = torture(180, stop_early => 1, kill_every => 0);
    cmp_ok($log->{differences}, '>', 0, "found: $name") or diag("$log->{checks} checks without a difference");
    abandon_torture();
    $node->stop('immediate');
    return;
}

seeded();
torture_chains();
if (is_long()) { my @names = sort keys %faults; find_fault($names[$_], $_) foreach 0 .. $#names; }
else { find_fault('only the old key of a changed row is logged', 0); }
done_testing();
