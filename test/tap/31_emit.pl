# Random streaming queries against their oracles: EMIT CHANGES against the running aggregate, EMIT FINAL against GROUP BY;
# a long stream is given out from its first row on, in constant memory.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = is_long() ? 2000 : 60;
seeded();
my $node = new_weir_node('emit', 'weir.capture' => 'off', 'timezone' => 'UTC', 'extra_float_digits' => 3);

sub one_of { return $_[ int(rand(@_)) ]; }
sub some_of { my ($chance, @all) = @_; return grep { rand() < $chance } @all; }

# A table with NULLs, large and special values; `shuffle` is how many seconds rows are out of order.
sub make_table
{
    my ($rows, $shuffle) = @_;
    my $groups = one_of(1, 7, 300);
    $node->safe_psql('postgres', qq{
        DROP TABLE IF EXISTS t;
        SELECT setseed(} . rand() . qq{);
        CREATE TABLE t AS SELECT i AS id,
            CASE WHEN random() < 0.1 THEN NULL ELSE (random() * $groups)::int END AS a,
            CASE WHEN random() < 0.1 THEN NULL ELSE 'key ' || repeat('x', (random() * 20)::int) END AS b,
            CASE WHEN random() < 0.1 THEN NULL ELSE (random() * 1000 - 500)::int END AS i4,
            CASE WHEN random() < 0.1 THEN NULL ELSE ((random() - 0.5) * 1e18)::bigint END AS i8,
            CASE WHEN random() < 0.1 THEN NULL WHEN random() < 0.01 THEN 'NaN' WHEN random() < 0.01 THEN '-Infinity' ELSE random() * 1000 - 300 END AS f8,
            CASE WHEN random() < 0.1 THEN NULL ELSE (random() * 1e6 - 5e5)::numeric(14, 3) END AS n,
            CASE WHEN random() < 0.1 THEN NULL ELSE random() < 0.7 END AS ok,
            CASE WHEN random() < 0.02 THEN NULL ELSE timestamptz '2024-03-01Z' + i * interval '1 s' - random() * $shuffle * interval '1 s' END AS at
          FROM generate_series(1, $rows) i;
        ANALYZE t});
    return;
}

my @aggregates = (
    'count(*)', 'count(f8)', 'sum(i4)', 'sum(i8)', 'sum(f8)', 'sum(n)', 'avg(i4)', 'avg(i8)', 'avg(f8)', 'avg(n)',
    'min(i4)', 'max(i8)', 'min(f8)', 'max(f8)', 'min(b COLLATE "C")', 'max(b COLLATE "C")', 'stddev(f8)', 'var_pop(i4)',
    'bool_and(ok)', 'bool_or(ok)', 'bit_xor(i4)', 'sum(i4 + a)', 'sum(f8 * 2)', 'count(*) FILTER (WHERE ok)', 'max(at)');

sub random_query
{
    my ($window) = @_;
    my @keys = some_of(0.4, 'a', 'b', 'ok', 'i4 % 5');
    push @keys, $window if $window;
    my @chosen = some_of(0.2, @aggregates);
    @chosen = ('count(*)') unless @chosen;
    return {
        keys => \@keys,
        aggregates => \@chosen,
        where => one_of('', '', ' WHERE i4 > -100', " WHERE b LIKE '%xx' OR a < 4", ' WHERE f8 < 600 AND ok'),
        having => one_of('', '', 'count(*) > 3', 'count(*) % 2 = 0')};
}

sub grouped
{
    my ($query) = @_;
    my @keys = @{ $query->{keys} };
    my $n = 0;
    my $list = join(', ', (map { $n++; "$_ AS k$n" } @keys), (map { $n++; "$_ AS v$n" } @{ $query->{aggregates} }));
    return "SELECT $list FROM t$query->{where}"
      . (@keys ? ' GROUP BY ' . join(', ', 1 .. @keys) : '')
      . ($query->{having} ? " HAVING $query->{having}" : '');
}

sub running
{
    my ($query) = @_;
    my $n = 0;
    my $list = join(', ', (map { $n++; "$_ AS k$n" } @{ $query->{keys} }), (map { $n++; "$_ OVER w AS v$n" } @{ $query->{aggregates} }));
    my $by = @{ $query->{keys} } ? 'PARTITION BY ' . join(', ', @{ $query->{keys} }) : '';
    (my $having = $query->{having}) =~ s/count\(\*\)/h/;
    my $inner = "SELECT $list, count(*) OVER w AS h FROM t$query->{where} WINDOW w AS ($by ORDER BY id ROWS UNBOUNDED PRECEDING)";
    return "SELECT (to_jsonb(o) - 'h')::text AS j FROM ($inner) o" . ($having ? " WHERE $having" : '');
}

# The rows that only one of both gives.
sub differences
{
    my ($settings, $text, $arguments, $oracle) = @_;
    return $node->safe_psql('postgres', qq{
        SET client_min_messages = error;
        $settings
        CREATE TEMP TABLE ours AS SELECT j::text AS j FROM weir.query_json(\$q\$$text\$q\$$arguments) AS j;
        RESET work_mem;
        SET weir.stream = off;
        CREATE TEMP TABLE theirs AS $oracle;
        SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) d});
}

my ($wrong_changes, $wrong_final, $wrong_revised) = (0, 0, 0);
for my $round (1 .. $rounds)
{
    my $shuffle = one_of(0, 20, 200);
    make_table(one_of(0, 3, 1100, 4000), $shuffle) if $round % 6 == 1;
    my $memory = one_of('', '', "SET work_mem = '64kB';");
    my $query = random_query(rand() < 0.5 ? "weir.tumble(at, '1 minute')" : undef);
    my $text = grouped($query) . ' EMIT CHANGES';
    my $found = differences($memory, $text, '', running($query));
    $wrong_changes += ($found ne '0');
    diag("$found differences: $memory $text") if $found ne '0';

    # A lateness that covers all disorder gives what GROUP BY gives.
    $query = random_query(one_of("weir.tumble(at, '1 minute')", "date_bin('7 minutes', at, '2024-01-01Z')"));
    $text = grouped($query);
    my $oracle = "SELECT to_jsonb(o)::text AS j FROM ($text) o";
    $found = differences($memory, "$text EMIT FINAL", ", lateness => '1000 s'", $oracle);
    $wrong_final += ($found ne '0');
    diag("$found differences: $memory $text EMIT FINAL") if $found ne '0';

    # With revisions, the last row of each group does.
    $query->{having} = '';
    $query->{aggregates} = [ 'count(*)', 'sum(i4)' ];
    $text = grouped($query);
    my $last = scalar @{ $query->{keys} } + 1;
    $found = $node->safe_psql('postgres', qq{
        SELECT count(*) FROM (
            (SELECT (j - 'v$last') - 'v@{[$last + 1]}', max((j ->> 'v$last')::bigint) FROM weir.query_json(\$q\$$text EMIT FINAL\$q\$, late => 'update') j GROUP BY 1)
            EXCEPT ALL
            (SELECT (to_jsonb(o) - 'v$last') - 'v@{[$last + 1]}', v$last FROM ($text) o)) d});
    $wrong_revised += ($found ne '0');
    diag("$found differences: $text EMIT FINAL with revisions") if $found ne '0';
}
is($wrong_changes, 0, "EMIT CHANGES is the running aggregate ($rounds queries)");
is($wrong_final, 0, "EMIT FINAL with enough lateness is GROUP BY ($rounds queries)");
is($wrong_revised, 0, "the last revision is GROUP BY ($rounds queries)");

# A long stream: the peak of the backend's memory after few and after many rows, and how soon the first row comes.
my $rows = is_long() ? 10_000_000 : 1_000_000;
$node->safe_psql('postgres', qq{
    CREATE TABLE long_stream AS SELECT timestamptz '2024-03-01Z' + i * interval '100 ms' AS at, i % 50 AS k, i::float8 AS f FROM generate_series(1, $rows) i;
    VACUUM (FREEZE, ANALYZE) long_stream});

sub peak_after
{
    my ($text, $columns, $limit) = @_;
    my $result = $node->safe_psql('postgres', qq{
        SET work_mem = '4MB';
        COPY (SELECT * FROM weir.query(\$q\$$text\$q\$, lateness => '0 s') AS q($columns) LIMIT $limit) TO '/dev/null';
        SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\\s+(\\d+)')});
    return $result;
}
for my $mode ('CHANGES', 'FINAL')
{
    my $text = "SELECT weir.tumble(at, '1 minute'), k, count(*), avg(f) FROM long_stream GROUP BY 1, 2 EMIT $mode";
    my $columns = 'w timestamptz, k int, n bigint, a float8';
    my $few = peak_after($text, $columns, 1000);
    my $all = peak_after($text, $columns, 1_000_000_000);
    cmp_ok($all - $few, '<', 4096, "EMIT $mode over $rows rows takes no more memory than its first rows ($few kB, $all kB)");
    my $started = time;
    $node->safe_psql('postgres', "SELECT * FROM weir.query(\$q\$$text\$q\$) AS q($columns) LIMIT 1");
    my $first = time - $started;
    $started = time;
    $node->safe_psql('postgres', "SELECT count(*) FROM weir.query(\$q\$$text\$q\$) AS q($columns)");
    my $whole = time - $started;
    diag(sprintf('first row %.3f s, all %.3f s', $first, $whole));
    cmp_ok($first, '<', 1 + $whole / 4, "EMIT $mode: the first row does not wait for the last");
}
$node->stop;
done_testing();
