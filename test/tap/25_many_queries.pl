# Many continuous queries over windows of time, 20 of which close each second: states stay within twice the
# size of the same rows written anew, and the worker's memory does not grow.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $queries = is_long() ? 200 : 40;
my $width = $queries / 20;
my $seconds = $ENV{MANY_SECONDS} || (is_long() ? 600 : 24);
my $keys = 50;
my $node = new_weir_node('many', 'max_worker_processes' => 20, 'wal_level' => 'replica', 'weir.capture' => 'off',
    'autovacuum_naptime' => 5, 'shared_buffers' => '256MB');
$node->safe_psql('postgres', <<SQL);
CREATE TABLE reading (at timestamptz, k int, v int);
SELECT weir.create_query('q' || n, format('SELECT weir.tumble(at, %L) AS start, k, count(*) AS n, sum(v) AS s, max(v) AS high FROM reading WHERE v > %s GROUP BY 1, 2', '$width s', n))
FROM generate_series(1, $queries) n;
SQL

my $directory = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $directory;
append_to_file("$directory/write.sql", "INSERT INTO reading SELECT clock_timestamp(), g, 1000 FROM generate_series(1, $keys) g;\n");
my $writer = start_pgbench($node, 'postgres', 'writer', '-T', $seconds, '-c', 1, '-R', 10, '-f', "$directory/write.sql");

# Kilobytes of its own, without what it shares.
sub memory
{
    my $pid = quietly($node, 'postgres', 'SELECT max(worker_pid) FROM weir.queries');
    my ($kb) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
    return ($pid, $kb);
}

sleep($seconds / 3);
my ($pid, $early) = memory();
sleep($seconds / 2);
my ($later_pid, $late) = memory();
is($later_pid, $pid, 'one worker did it all');
cmp_ok($late - $early, '<', is_long() ? 4096 : 1024, 'its memory is flat') or diag("$early kB, then $late kB");
# What was consumed is soon given to vacuum, and autovacuum knows that there is something to do.
my $held = quietly($node, 'postgres', q(SELECT max(age(xmin)) FROM pg_replication_slots));
cmp_ok($held, '<', 15 * $queries, 'the hold follows within some steps of each query') or diag("it holds $held transactions");
finish_pgbench($writer);

my ($behind, $failed, $ticks) = split /\|/, quietly($node, 'postgres',
    'SELECT count(*) FILTER (WHERE lag_seconds > 10), (SELECT sum(failed_ticks) FROM weir.query_metrics), sum(ticks) FROM weir.queries');
is($behind, 0, 'none was left behind');
is($failed, 0, 'and no step failed');
cmp_ok($ticks, '>', $queries * $seconds / 10, 'all were stepped again and again');

my ($changed, $vacuumed) = split /\|/, quietly($node, 'postgres', <<'SQL');
SELECT sum(n_tup_upd), sum(autovacuum_count) FROM pg_stat_user_tables WHERE schemaname = 'weir_state'
SQL
cmp_ok($changed, '>', $queries * $keys, 'the server knows of changes in the states');
cmp_ok($vacuumed, '>=', $queries, 'and vacuums them');

my ($state, $anew) = (0, 0);
foreach my $table (split /\n/, quietly($node, 'postgres', 'SELECT state_table FROM weir.queries'))
{
    my ($now, $then) = split /\|/, quietly($node, 'postgres', <<SQL);
SELECT pg_relation_size('$table') AS now \\gset
CREATE TABLE anew (LIKE $table) WITH (fillfactor = 70);
INSERT INTO anew TABLE $table;
SELECT :now, pg_relation_size('anew');
DROP TABLE anew;
SQL
    $state += $now;
    $anew += $then;
}
cmp_ok($state, '<=', 2 * $anew, sprintf('states of %d kB are within twice %d kB', $state / 1024, $anew / 1024));

is(quietly($node, 'postgres', "SELECT bool_and(weir.wait(name, '60 s')) FROM weir.queries"), 't', 'all is in the states');
my $differences = quietly($node, 'postgres', join ' + ', 'SELECT 0', map {
    my $definition = "SELECT weir.tumble(at, '$width s'), k, count(*), sum(v), max(v) FROM reading WHERE v > $_ GROUP BY 1, 2";
    "(SELECT count(*) FROM ((TABLE q$_ EXCEPT ALL $definition) UNION ALL ($definition EXCEPT ALL TABLE q$_)) x)"
} (1, int($queries / 2), $queries));
is($differences, 0, 'and exact');
cmp_ok(quietly($node, 'postgres', 'SELECT count(DISTINCT start) FROM q1'), '>', $seconds / $width / 2, 'over many windows');

$node->stop('immediate');
done_testing();
