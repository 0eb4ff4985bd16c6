# Continuous queries of every kind over the torture's table: joins, ROWS windows, a query over another's result, steps
# that are shared, logs of changes and windows that close; and who follows the logs.
package TortureKinds;

use strict;
use warnings;

use Exporter 'import';
use Torture;
use Weir;

our @EXPORT = qw(kinds_subject kinds_missing is_followed);

my @queries = (
    [ live => 'SELECT k, count(*) AS n, sum(v)::bigint AS v FROM src GROUP BY k' ],
    [ split => 'SELECT k, count(*) AS n, sum(v)::bigint AS v FROM src GROUP BY k', 'parallelism => 2' ],
    [ joined => 'SELECT name, count(*) AS n, sum(v)::bigint AS v FROM src JOIN name_of USING (k) GROUP BY name' ],
    [ few => 'SELECT k, v FROM src WHERE v % 5 = 1' ],
    [ chained => 'SELECT k, count(*) AS n, max(v) AS v FROM few GROUP BY k' ],
    [ lagged => 'SELECT k, v, lag(v) OVER w AS before, count(*) OVER w AS n FROM src WHERE v % 5 = 0 WINDOW w AS (PARTITION BY k ORDER BY v ROWS 9 PRECEDING)' ],
    [ logged => 'SELECT k, count(*) AS n, sum(v)::bigint AS v FROM src GROUP BY k HAVING count(*) % 2 = 0 EMIT CHANGES' ],
    [ final => "SELECT weir.tumble(at, '1 s') AS start, k, count(*) AS n, sum(v)::bigint AS v FROM src GROUP BY 1, 2 EMIT FINAL", "late => 'update'" ],
    [ strict => "SELECT weir.tumble(at, '200 ms') AS start, count(*) AS n FROM src GROUP BY 1 EMIT FINAL", "late => 'drop', lateness => '300 ms'" ],
);
my %number = map { $queries[$_][0] => $_ + 1 } 0 .. $#queries;

# Each result against the ledger, in one snapshot. Of rows whose order nobody knows, each is the predecessor of one
# other but for the last of its key, and finds as many before it as there are.
sub differing
{
    my $groups = 'SELECT k, count(*) AS n, sum(v)::bigint AS v FROM ledger GROUP BY k';
    my @parts = (
        differences_of('live', $groups), differences_of('split', 'TABLE live'),
        differences_of('joined', 'SELECT name, count(*), sum(v)::bigint FROM ledger JOIN name_of USING (k) GROUP BY name'),
        differences_of('few', 'SELECT k, v FROM ledger WHERE v % 5 = 1'),
        differences_of('chained', "TABLE weir_state.q$number{chained}_definition"),
        differences_of('(SELECT k, v FROM lagged) l', 'SELECT k, v FROM ledger WHERE v % 5 = 0'),
        '(SELECT count(*) FROM (SELECT k, v FROM lagged EXCEPT ALL SELECT k, before FROM lagged) l) - (SELECT count(DISTINCT k) FROM ledger WHERE v % 5 = 0)',
        differences_of('(SELECT k, n, count(*) FROM lagged GROUP BY k, n) l',
            'SELECT k, least(i, 10), count(*) FROM (SELECT k, row_number() OVER (PARTITION BY k) AS i FROM ledger WHERE v % 5 = 0) l GROUP BY 1, 2'),
        differences_of('logged', "$groups HAVING count(*) % 2 = 0"),
        differences_of('final', "SELECT weir.tumble(at, '1 s'), k, count(*), sum(v)::bigint FROM ledger GROUP BY 1, 2"
              . " HAVING weir.tumble(at, '1 s') < (SELECT closed_below FROM weir_state.q$number{final}_time)"));
    return 'SELECT ' . join(' + ', map { "abs($_)" } @parts);
}

# What followers know: the position of the last change, and the rows after it.
my %followers;

sub replay
{
    my ($follower, $position, $old, $new) = @_;
    $follower->{faults}++ if $position <= $follower->{position};
    $follower->{position} = $position;
    $follower->{changes}++;
    $follower->{revised}++ if $old ne '' && $new ne '';
    if ($old ne '')
    {
        $follower->{faults}++ if !$follower->{rows}{$old};
        delete $follower->{rows}{$old} if --$follower->{rows}{$old} <= 0;
    }
    $follower->{rows}{$new}++ if $new ne '';
    return;
}

# Takes what there is; a server that is down is asked again later.
sub follow
{
    my ($name) = @_;
    my $follower = $followers{$name};
    my ($status, $out, $err) = ask("SET TimeZone = 'UTC'; SELECT position, old, new FROM weir.changes('$name', $follower->{position}, 3000)");
    if ($status != 0)
    {
        $follower->{refused} //= $err if $err =~ /ERROR/;
        return 0;
    }
    my @lines = split /\n/, $out;
    foreach my $line (@lines)
    {
        my ($position, $old, $new) = $line =~ /^(\d+)\|(\{.*?\})?\|(\{.*\})?$/ or die "not a change: $line";
        replay($follower, $position, $old // '', $new // '');
    }
    return scalar @lines;
}

sub kinds_subject
{
    %followers = map { $_ => { position => 0, rows => {}, changes => 0, faults => 0, revised => 0 } } qw(logged final strict);
    my $create = "CREATE TABLE name_of AS SELECT k, 'name ' || k % 6 AS name FROM generate_series(0, 14) k;\n";
    foreach my $query (@queries)
    {
        my ($name, $text, $options) = @$query;
        $create .= "SELECT weir.create_query('$name', \$\$$text\$\$, tick => '50 ms'" . ($options ? ", $options" : '') . ");\n";
    }
    return {
        create => $create,
        differing => differing(),
        drained => "(SELECT bool_and(weir.wait(name, '100 ms')) FROM weir.queries)",
        each => sub { follow($_) foreach sort keys %followers; },
    };
}

# Differences once everything is in the states.
sub kinds_missing
{
    foreach my $query (@queries)
    {
        return "$query->[0] has not consumed all" if (ask("SELECT weir.wait('$query->[0]', '60 s')"))[1] ne 't';
    }
    my $unaccounted = (ask("SELECT (SELECT sum(p1) FROM weir_state.q$number{strict}) + (SELECT dropped_rows FROM weir.query_time($number{strict}))"
              . ' - (SELECT count(*) FROM ledger)'))[1];
    return "$unaccounted rows are neither in a window nor dropped" if $unaccounted ne '0';
    return (ask(differing()))[1];
}

# Why a follower has not seen its result come about, each change once and in order; empty when it has.
sub is_followed
{
    my ($name) = @_;
    my $follower = $followers{$name};
    my %rows;
    do
    {
        1 while follow($name) > 0;
        %rows = ();
        $rows{$_}++ foreach split /\n/, (ask("SET TimeZone = 'UTC'; SELECT to_jsonb(r) FROM $name r"))[1];
    } while (follow($name) > 0);
    my @differing = grep { ($rows{$_} // 0) != ($follower->{rows}{$_} // 0) } keys %{ { %rows, %{ $follower->{rows} } } };
    return $follower->{refused} if $follower->{refused};
    return "$follower->{faults} changes out of order or place" if $follower->{faults};
    return 'closed windows were revised' if $name eq 'strict' && $follower->{revised};
    return 'too few changes' if $follower->{changes} < 10;
    return join ', ', map { "differs: $_" } @differing[ 0 .. (@differing > 3 ? 2 : $#differing) ];
}

1;
