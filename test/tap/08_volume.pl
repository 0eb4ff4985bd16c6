# Many records over many days: partitions come and go, the worker's memory stays flat, tables do not
# bloat.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use List::Util qw(min max);

my $per_day = is_long() ? 500_000 : 30_000;
my @days = (-9 .. 0);
my $batch = 10_000;    # fits into the ring

my $node = new_weir_node('volume', 'weir.retention' => 0, 'max_wal_size' => '4GB');
my $directory = PostgreSQL::Test::Utils::tempdir();

sub partitions
{
    return quietly($node, 'postgres', <<'SQL');
SELECT string_agg(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''(\d+-\d+-\d+)')::date - (now() AT TIME ZONE 'UTC')::date || '', ' '
                  ORDER BY substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''(\d+-\d+-\d+)'))
  FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'weir.query_stats'::regclass
SQL
}

sub private_kb
{
    my $pid = worker_pid($node, 'postgres');
    slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m or die "no memory figure of $pid";
    return ($pid, $1);
}

# What a large batch took may stay with the process for a while or not, so readings go up and down;
# that they do not creep up shows when the last three do not all lie above the first three.
sub is_flat
{
    my ($name, @readings) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    cmp_ok(min(@readings[ -3 .. -1 ]), '<=', max(@readings[ 0 .. 2 ]) + 256, $name)
      or diag("kB of private memory: @readings");
    return;
}

not_across(86400, 300);
quietly($node, 'postgres', "ALTER DATABASE postgres SET timezone = 'UTC'");
ok(wait_until(sub { return partitions() eq '0 1 2'; }, 10), 'partitions of today and two more days are made ahead');

# Day after day, records of all kinds of names.
my $first_pid;
my @kb;
my $logged = 0;
foreach my $day (@days)
{
    my $shift = $day * 86400;
    my $sql = "SET weir.clock_shift = '${shift}s';\n";
    for (my $n = 0; $n < $per_day; $n += $batch)
    {
        $sql .= "SELECT count(weir.log_query_stat('t' || g % 100, 'table' || g % 50, 'field' || g % 20, 'SELECT', g * 0.001)) FROM generate_series(1, $batch) g;\nSELECT weir.flush();\n";
    }
    quietly($node, 'postgres', $sql);
    $logged += $per_day;
    (my $pid, my $kb) = private_kb();
    $first_pid //= $pid;
    push @kb, $kb;
}
is( quietly($node, 'postgres', 'SELECT sum(calls) FROM weir.query_stats'), $logged,
    'every record is in the log');
is(ring($node)->{dropped}, 0, 'nothing was dropped');
is( quietly($node, 'postgres', "SELECT count(*) FROM (SELECT created_at::date FROM weir.query_stats GROUP BY 1) d"),
    scalar(@days), 'on as many days');
is(partitions(), join(' ', -9 .. 2), 'with a partition each');
is( quietly($node, 'postgres', "SELECT count(*) FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relname ~ '^query_stats_p' AND relkind = 'r' AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e')"),
    0, 'that belongs to the extension');
is((private_kb())[0], $first_pid, 'all by one worker');
is_flat('whose memory is flat', @kb);

# What a row takes.
my ($rows, $size) = split /\|/, quietly($node, 'postgres',
    "SELECT count(*), (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'weir.query_stats'::regclass) FROM weir.query_stats");
diag(sprintf('%.0f bytes for each logged row', $size / $rows));
cmp_ok($size / $rows, '<', 150, 'a logged row is short');

# Many small flushes: a leak of 320 bytes in each would show. The worker's own row is updated with
# each of them, in its page.
my $one_flush = "SELECT weir.log_query_stat('t', 'x', NULL, 'SELECT', 1); SELECT weir.flush();";
my $flushes = is_long() ? 20_000 : 800;
quietly($node, 'postgres', $one_flush x 200);
my $before_kb = (private_kb())[1];
quietly($node, 'postgres', $one_flush x $flushes);
cmp_ok((private_kb())[1] - $before_kb, '<=', 256, 'small flushes leak nothing');
cmp_ok(quietly($node, 'postgres', "SELECT pg_relation_size('weir.flush_state')"),
    '<=', 65536, 'many flushes do not bloat weir.flush_state');

# Nothing is dropped without a retention.
$node->reload;
sleep(1);
flush($node);
is(partitions(), join(' ', -9 .. 2), 'retention 0 keeps everything');

# Texts of statements that only ran on days that go.
quietly($node, 'postgres', 'SELECT 1');
$node->safe_psql('postgres', "SET weir.clock_shift = '-777600s'; SELECT count(*) FROM pg_ts_dict");
flush($node);
my $text = "SELECT count(*) FROM weir.query_texts WHERE query ~ 'pg_ts_dict'";
is(quietly($node, 'postgres', $text), 1, 'a statement of an old day has its text');
quietly($node, 'postgres', 'CREATE TABLE mine (LIKE weir.query_stats)');
quietly($node, 'postgres', "ALTER TABLE weir.query_stats ATTACH PARTITION mine FOR VALUES FROM ('2001-01-01 00:00+00') TO ('2001-01-02 00:00+00')");

set_system($node, 'weir.retention' => '7d', 'weir.rollup_retention' => '7d');
ok(wait_until(sub { return partitions() !~ /-9 /; }, 15), 'a retention drops what is older');
like(partitions(), qr/^-\d+ -7 -6 -5 -4 -3 -2 -1 0 1 2$/, 'whole days, and only those; a partition of somebody else stays');
is(quietly($node, 'postgres', $text), 0, 'texts that nothing refers to go');
$node->safe_psql('postgres', 'SELECT count(*) FROM pg_ts_dict');
flush($node);
is(quietly($node, 'postgres', $text), 1, 'and come back when the statement does');
is( quietly($node, 'postgres', "SELECT count(*) FROM pg_class WHERE relname ~ '^query_stats_p' AND relkind = 'r' AND relnamespace = 'weir'::regnamespace"),
    10, 'the tables are gone');
quietly($node, 'postgres', 'ALTER TABLE weir.query_stats DETACH PARTITION mine; DROP TABLE mine');

# Records of the future and of the past beyond retention have a place as well.
$node->safe_psql('postgres', "SET weir.clock_shift = '1728000s'; SELECT 1; SET weir.clock_shift = '-864000s'; SELECT 1");
flush($node);
like(partitions(), qr/ 20$/, 'a record of a day to come makes its partition');
is(ring($node)->{in_ring}, 0, 'and nothing is stuck');

# Statements, as many as pgbench runs.
my $transactions = is_long() ? 20_000 : 1_500;
PostgreSQL::Test::Utils::append_to_file("$directory/load.sql", "SELECT oid FROM pg_class WHERE oid = 1259;\n");
@kb = ();
my $rounds = 6;
for my $round (1 .. $rounds)
{
    run_pgbench($node, 'postgres', 'load', '-c', 8, '-j', 2, '-M', 'prepared', '-t', $transactions, '-f', "$directory/load.sql");
    flush($node);
    push @kb, (private_kb())[1];
}
is(logged_calls($node, 'postgres', "application_name = 'load'"), $rounds * 8 * $transactions, 'statements of pgbench are in the log');
is_flat('memory is flat with statements too', @kb);
quietly($node, 'postgres', "CREATE TABLE copy AS SELECT * FROM weir.query_stats WHERE application_name = 'load'");
my ($statement_rows, $statement_size) = split /\|/, quietly($node, 'postgres', "SELECT count(*), pg_table_size('copy') FROM copy");
diag(sprintf('%.0f bytes for each statement', $statement_size / $statement_rows));
cmp_ok($statement_size / $statement_rows, '<', 250, 'a statement takes a short row');
law_holds($node, 'postgres', 'the law holds');

done_testing();
