# Continuous queries over joins, ROWS windows and results of others: exact at every moment under load,
# through crashes and killed workers, and after a restored dump.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

seeded();
my $node = new_weir_node('kinds', 'max_worker_processes' => 20, 'wal_level' => 'replica', 'weir.capture' => 'off');
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', <<'SQL');
CREATE EXTENSION pg_weir;
CREATE SEQUENCE ids;
CREATE TABLE tick (id int, k int, v numeric, ms float8);
CREATE TABLE name_of (k int PRIMARY KEY, name text);
INSERT INTO name_of SELECT g, 'name ' || g % 3 FROM generate_series(0, 5) g;
INSERT INTO tick SELECT nextval('ids'), g % 7, g, g FROM generate_series(1, 500) g;
SELECT weir.create_query('moving', $$
    SELECT id, k, sum(v) OVER w AS s, min(v) OVER w AS low, lag(id, 2) OVER w AS before
    FROM tick WINDOW w AS (PARTITION BY k ORDER BY id ROWS 12 PRECEDING) $$, tick => '30 ms');
SELECT weir.create_query('joined', 'SELECT name, count(*), sum(v), max(id) FROM tick LEFT JOIN name_of USING (k) GROUP BY name', tick => '50 ms');
SELECT weir.create_query('slow', 'SELECT k, weir.percentile(weir.histogram_agg(ms), 0.9) AS p90 FROM tick GROUP BY k');
SELECT weir.create_query('counted', 'SELECT k, count(*), max(before) FROM moving GROUP BY k', tick => '0 s');
SQL

# Both ways, in one snapshot.
my $differences = join ' + ', map {
    my ($result, $number) = @$_;
    my $definition = "weir_state.q${number}_definition";
    "(SELECT count(*) FROM (TABLE $result EXCEPT ALL TABLE $definition) x)"
      . " + (SELECT count(*) FROM (TABLE $definition EXCEPT ALL TABLE $result) x)"
} ([ 'moving', 1 ], [ 'joined', 2 ], [ 'slow', 3 ], [ 'counted', 4 ]);

# One session, so that rows are committed in the order of their numbers.
my $script = PostgreSQL::Test::Utils::tempdir() . '/add.sql';
append_to_file($script, <<'SQL');
\set n random(1, 12)
BEGIN;
INSERT INTO tick SELECT nextval('ids'), g % 7, random(), random() * 1000 FROM generate_series(1, :n) g;
SAVEPOINT s;
INSERT INTO tick SELECT nextval('ids'), g % 7, random(), random() * 1000 FROM generate_series(1, :n) g;
ROLLBACK TO s;
COMMIT;
\sleep 1 ms
SQL

my ($checks, $different) = (0, 0);
sub check_for
{
    my ($seconds) = @_;
    my $end = time + $seconds;
    while (time < $end)
    {
        my ($status, $found) = attempt($node, 'app', "SELECT $differences");
        next if $status != 0;
        $checks++;
        $different++ if $found != 0;
    }
    return;
}

foreach my $round (1 .. 4)
{
    # What the last round's session still does comes before this one's.
    wait_until(sub { quietly($node, 'app', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'") == 0 });
    my $load = IPC::Run::start([ 'pgbench', '-n', '-c', 1, '-T', 20, '-f', $script, $node->connstr('app') ], '>', \my $out, '2>', \my $err);
    check_for(2);
    my $worker = quietly($node, 'app', 'SELECT min(worker_pid) FROM weir.queries');
    quietly($node, 'app', "SELECT pg_terminate_backend($worker)") if $round == 2 && $worker;
    if ($round == 3 && $worker)
    {
        kill 9, $worker;
        $load->kill_kill;
        wait_until(sub { (attempt($node, 'app', 'SELECT 1'))[0] == 0 });
        next;
    }
    if ($round == 4) { $node->stop('immediate'); $node->start; }
    check_for(1) if $round < 4;
    $load->kill_kill;
}
cmp_ok($checks, '>=', 8, 'it was compared often');
is($different, 0, 'and never differed');
is( quietly($node, 'app', "SELECT bool_and(weir.wait(name, '60 s')) FROM weir.queries"),
    't', 'everything gets into the states');
is(quietly($node, 'app', "SELECT $differences"), 0, 'which are exact');
is( quietly($node, 'app', 'SELECT (SELECT sum(count) FROM counted) - (SELECT count(*) FROM tick)'),
    0, 'each row has gone through both queries once');
is(quietly($node, 'app', 'SELECT count(*) FROM weir_state.q1_tail'), 7 * 12, 'only the last rows are kept');
is(quietly($node, 'app', 'SELECT count(*) FROM weir_state.q1 WHERE late'), 0, 'and none was late');

# A dump of states with rows beside them.
$node->safe_psql('app', "SELECT weir.pause_query(name) FROM weir.queries");
$node->safe_psql('app', "INSERT INTO tick SELECT nextval('ids'), g % 7, g, g FROM generate_series(1, 50) g");
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('app') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'restored');
is( quietly($node, 'restored', "SELECT string_agg(name || ' ' || state, ', ' ORDER BY name::text) FROM weir.queries"),
    'counted void, joined paused, moving paused, slow paused', 'what reads a result has to be refreshed');
quietly($node, 'restored', "SELECT weir.resume_query(name) FROM weir.queries WHERE state = 'paused'");
$node->safe_psql('restored', "INSERT INTO tick SELECT nextval('ids'), g % 7, g, g FROM generate_series(1, 50) g");
is( quietly($node, 'restored', "SELECT bool_and(weir.wait(name)) FROM weir.queries WHERE state <> 'void'"),
    't', 'the others go on');
quietly($node, 'restored', "SELECT weir.refresh_query('counted')");
is(quietly($node, 'restored', "SELECT $differences"), 0, 'all are exact');
is( quietly($node, 'restored', 'SELECT (SELECT sum(count) FROM counted) - (SELECT count(*) FROM tick)'),
    0, 'and complete');
isnt(($node->psql('restored', 'DROP VIEW moving'))[0], 0, 'what is read is not dropped');
$node->stop('immediate');
done_testing();
