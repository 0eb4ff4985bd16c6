# Steps shared by several processes: any of them may fail or die, or not be there at all, and each row is
# counted once. And a mistake in how pages are shared shows.
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
my $node = new_weir_node('lanes', 'max_worker_processes' => 20, 'wal_level' => 'replica', 'weir.capture' => 'off',
    'weir.min_lane_pages' => 0);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE hit (k int, v int, pad text);
SELECT weir.create_query('live', 'SELECT k, count(*) AS n, sum(v) AS s FROM hit GROUP BY k', tick => '20 ms', parallelism => 3);
SQL
my $definition = 'SELECT k, count(*) AS n, sum(v) AS s FROM hit GROUP BY k';
my $differing = "SELECT count(*) FROM ((TABLE live EXCEPT ALL $definition) UNION ALL ($definition EXCEPT ALL TABLE live)) x";

sub add { return quietly($node, 'postgres', "INSERT INTO hit SELECT g % 50, g, repeat('x', 200) FROM generate_series(1, 20000) g"); }
sub is_up { return wait_until(sub { my ($status) = attempt($node, 'postgres', 'SELECT 1'); return $status == 0; }, 60); }
sub split_steps { return quietly($node, 'postgres', 'SELECT coalesce(sum(split_ticks), 0) FROM weir.query_metrics') || 0; }

sub is_exact
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(quietly($node, 'postgres', $differing), 0, "$name: exact with rows that are not in the state");
    is(quietly($node, 'postgres', "SELECT weir.wait('live', '60 s')"), 't', "$name: all is in the state");
    is(quietly($node, 'postgres', $differing), 0, "$name: exact");
    return;
}

add();
is_exact('undisturbed');
cmp_ok(split_steps(), '>', 0, 'steps were shared');

foreach my $point ('lane.begin', 'lane.end', 'step.before_commit')
{
    foreach my $how ('error', 'fatal', 'kill')
    {
        my $log_start = -s $node->logfile;
        # A step may be under way, and the server go down before or while these are run.
        eval { set_system($node, 'weir.failpoint' => "$point:$how") };
        eval { add() };
        my $seen = $how eq 'kill' ? qr/all server processes terminated; reinitializing/
          : $how eq 'fatal' ? qr/FATAL:  failpoint "$point"/ : qr/failed: failpoint "$point"/;
        ok($node->wait_for_log($seen, $log_start), "$point, $how: it was reached");
        # Nobody may be able to connect.
        $node->append_conf('postgresql.auto.conf', "weir.failpoint = ''");
        $node->reload;
        if ($how eq 'kill')
        {
            # Until the setting is read, a worker may meet the point once more.
            $node->stop('immediate');
            $node->start;
        }
        ok(is_up(), "$point, $how: the server is up");
        quietly($node, 'postgres', "SELECT weir.resume_query('live')");
        is_exact("$point, $how");
    }
}

# No parallel worker is free: the step is done by one process.
set_system($node, 'max_parallel_workers' => 0);
add();
is_exact('alone');
set_system($node, 'max_parallel_workers' => undef);

# Memory and processes do not pile up.
my $before = split_steps();
foreach (1 .. 30) { quietly($node, 'postgres', "INSERT INTO hit SELECT g % 50, g FROM generate_series(1, 300) g"); sleep(0.03); }
is_exact('many small steps');
cmp_ok(split_steps(), '>', $before, 'which were shared');
is(quietly($node, 'postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'"), 0, 'no helper remains');

# A run of pages that nobody reads is found.
set_system($node, 'weir.failpoint' => 'lanes.lose_run:seed');
sleep(0.3);
foreach (1 .. 5) { add(); quietly($node, 'postgres', "SELECT weir.wait('live', '60 s')"); }
cmp_ok(quietly($node, 'postgres', $differing), '>', 0, 'found: runs of pages are left out');

$node->stop('immediate');
done_testing();
