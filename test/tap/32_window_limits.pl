# Window functions and running results over long ordered inputs: the first row at once, memory that does not grow.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

seeded();
my $rows = is_long() ? 10_000_000 : 1_000_000;
my $node = new_weir_node('windows', shared_buffers => '256MB', jit => 'off', max_parallel_workers_per_gather => 0);
$node->safe_psql('postgres', <<"SQL");
CREATE TABLE tick AS SELECT i AS id, 'SYM' || i % 10 AS symbol, i % 997 AS v, (i % 977) * 0.25::float8 AS price,
    timestamptz '2024-01-01Z' + i * interval '10 ms' AS ts FROM generate_series(1, $rows) i;
VACUUM (FREEZE, ANALYZE) tick;
SQL

my $frame = 'WINDOW w AS (PARTITION BY symbol ORDER BY ts, id ROWS 99 PRECEDING)';
my $s1 = "SELECT id, avg(price) OVER w, min(price) OVER w, max(price) OVER w FROM tick $frame";
my $s3b = q{SELECT * FROM weir.query('SELECT weir.tumble(ts, ''1 minute''), symbol, count(*), avg(price) FROM tick GROUP BY 1, 2 EMIT CHANGES')
    AS c(w timestamptz, symbol text, n bigint, a float8)};

# How long the first row of a cursor takes, in milliseconds by the server's clock: the best of some, because the
# machine does other things; and as long as the whole where it waits for the last row.
sub first_row_ms
{
    my ($query) = @_;
    my $best = 1e9;
    for (1 .. 5)
    {
        my $output = $node->safe_psql('postgres', <<"SQL");
SET weir.stream = require;
BEGIN;
DECLARE c NO SCROLL CURSOR FOR $query;
SELECT extract(epoch FROM clock_timestamp()) * 1000;
FETCH 1 FROM c;
SELECT extract(epoch FROM clock_timestamp()) * 1000;
COMMIT;
SQL
        my @lines = split /\n/, $output;
        my $took = $lines[-1] - $lines[0];
        $best = $took if $took < $best;
    }
    return $best;
}

# What the process of a statement has allocated at most, in kB, with all its rows sent to a client.
sub peak_kb
{
    my ($query, $count) = @_;
    my $output = $node->safe_psql('postgres', <<"SQL");
SET weir.stream = require;
SET work_mem = '4MB';
SET hash_mem_multiplier = 1;
COPY (SELECT count(*) FROM (SELECT * FROM ($query) q LIMIT $count) r) TO STDOUT;
COPY (SELECT * FROM ($query) q LIMIT $count) TO PROGRAM 'cat >/dev/null';
SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\\s+(\\d+)');
SQL
    my @lines = split /\n/, $output;
    is($lines[0], $count, "$count rows come");
    return $lines[1];
}

for my $case ([ 'ROWS windows', $s1 ], [ 'EMIT CHANGES', $s3b ])
{
    my ($name, $query) = @$case;
    my $few = peak_kb($query, 10_000);
    my $all = peak_kb($query, $rows);
    cmp_ok($all - $few, '<', 4096, "$name: $rows rows take no more memory than 10,000 ($few kB, $all kB)");
}
my $first = first_row_ms($s3b);
cmp_ok($first, '<', 50, sprintf('EMIT CHANGES: the first row takes %.1f ms', $first));

# A window's rows leave once it is known that they lie in order: after a first reading of keys and order alone.
$first = first_row_ms($s1);
my $whole = first_row_ms("SELECT count(*), sum(a) FROM ($s1) q(id, a, b, c)");
cmp_ok($first, '<', $whole / 2, sprintf('ROWS windows: the first row takes %.1f of %.1f ms', $first, $whole));

# Rows out of order have to be kept: within the budget, or they are PostgreSQL's to sort.
my $unordered = 'SELECT id, sum(v) OVER (PARTITION BY symbol ORDER BY v, id ROWS 9 PRECEDING) AS s FROM tick';
my ($sum, $peak) = split /\n/, $node->safe_psql('postgres', <<"SQL");
SET weir.stream = require;
SET work_mem = '4MB';
SET hash_mem_multiplier = 1;
SELECT sum(s) FROM ($unordered) q;
SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\\s+(\\d+)');
SQL
is($sum, $node->safe_psql('postgres', "SET weir.stream = off; SELECT sum(s) FROM ($unordered) q"), 'unordered rows in 4 MB');
cmp_ok($peak, '<', 2 * 4096 + 65536, "their process took $peak kB at most");

# A timeout is noticed at once, whether rows are read, kept, sorted or given out.
my (@delays, $cancelled);
for my $query ($s1, $unordered, $s3b)
{
    my $counted = "SELECT count(*) FROM (SELECT * FROM ($query) i OFFSET 0) q;";
    my $setup = "\\timing on\nSET weir.stream = require; SET work_mem = '512MB';\n";
    my ($stdout, $stderr) = ('', '');
    $node->psql('postgres', "$setup\\echo whole\n$counted", stdout => \$stdout);
    my ($whole_ms) = $stdout =~ /whole\n.*\nTime: ([\d.]+)/;
    my @timeouts = map { 1 + int(rand($whole_ms * 0.7)) } 1 .. (is_long() ? 60 : 4);
    $node->psql('postgres', $setup . join('', map { "SET statement_timeout = $_;\n\\echo after $_\n$counted\n" } @timeouts),
        stdout => \$stdout, stderr => \$stderr, on_error_stop => 0);
    $cancelled += () = $stderr =~ /canceling statement due to statement timeout/g;
    push @delays, $2 - $1 while $stdout =~ /^after (\d+)\n(?:.*\n)?Time: ([\d.]+)/mg;
}
cmp_ok($cancelled, '>=', 6, "$cancelled statements ran into their timeout");
@delays = sort { $a <=> $b } @delays;
my $median = $delays[ @delays / 2 ];
cmp_ok($median, '<=', 100, sprintf('half of them ended within %.1f ms of it', $median));
cmp_ok($delays[-1], '<=', 1000, sprintf('and all within %.1f ms, on a machine that does other things', $delays[-1]));
$node->stop;
done_testing();
