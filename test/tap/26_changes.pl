# Who follows a continuous query's changes sees each exactly once and in order, whatever happens to
# the server, the worker and the query meanwhile; replayed, they are the result.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

seeded();
my $node = new_weir_node('changes', 'wal_level' => 'replica', 'max_wal_senders' => 0, 'weir.capture' => 'off',
    'max_prepared_transactions' => 20);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE event (ts timestamptz, kind text, n bigint, v float8);
CREATE TABLE recent (ts timestamptz, kind text, n bigint);
SELECT weir.create_query('kinds', 'SELECT kind, count(*), sum(n), avg(v) FROM event GROUP BY kind HAVING count(*) % 3 > 0 EMIT CHANGES',
    tick => '30 ms', notify => true);
SELECT weir.create_query('minutes', 'SELECT weir.tumble(ts, ''1 minute'') AS minute, kind, max(n), stddev(n) FROM event GROUP BY 1, 2 EMIT CHANGES',
    tick => '50 ms');
SELECT weir.create_query('final', 'SELECT weir.tumble(ts, ''2 s'') AS start, kind, count(*), sum(n) FROM recent GROUP BY 1, 2 EMIT FINAL',
    tick => '40 ms', lateness => '500 ms', late => 'drop', idle_timeout => '1 s');
SELECT weir.create_query('few', 'SELECT kind, n FROM event WHERE n % 97 = 0 EMIT CHANGES', tick => '100 ms');
SQL

# What followers know: the position of the last change, and the rows after it.
my %followers = map { $_ => { position => 0, rows => {}, changes => 0, faults => 0 } } qw(kinds minutes few final);
my $revised = 0;

sub replay
{
    my ($follower, $position, $old, $new) = @_;
    $follower->{faults}++ if $position <= $follower->{position};
    $follower->{position} = $position;
    $follower->{changes}++;
    $revised++ if $old ne '' && $follower == $followers{final};
    if ($old ne '')
    {
        $follower->{faults}++ if !$follower->{rows}{$old};
        delete $follower->{rows}{$old} if --$follower->{rows}{$old} <= 0;
    }
    $follower->{rows}{$new}++ if $new ne '';
    return;
}

# Takes what there is, or waits for it; a server that is down is asked again later.
sub follow
{
    my ($name, $timeout) = @_;
    my $follower = $followers{$name};
    my ($status, $out, $err);
    ($status) = attempt($node, 'postgres',
        "SELECT position, old, new FROM weir.changes('$name', $follower->{position}, 500, '$timeout')",
        stdout => \$out, stderr => \$err);
    return -1 if $status != 0;
    my @lines = split /\n/, $out;
    foreach my $line (@lines)
    {
        my ($position, $old, $new) = $line =~ /^(\d+)\|(\{.*?\})?\|(\{.*\})?$/ or die "not a change: $line";
        replay($follower, $position, $old // '', $new // '');
    }
    return scalar @lines;
}

sub follow_all
{
    my ($seconds) = @_;
    my $end = time() + $seconds;
    while (time() < $end) { follow($_, '50 ms') foreach sort keys %followers; }
    return;
}

sub is_replayed
{
    my ($moment) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    foreach my $name (sort keys %followers)
    {
        is(quietly($node, 'postgres', "SELECT weir.wait('$name', '60 s')"), 't', "$moment: $name is up to date");
        # Windows may close in between.
        my %rows;
        do
        {
            1 while follow($name, '0') > 0;
            %rows = ();
            $rows{$_}++ foreach split /\n/, quietly($node, 'postgres', "SET TimeZone = 'UTC'; SELECT to_jsonb(r) FROM $name r");
        } while (follow($name, '0') > 0);
        is_deeply($followers{$name}{rows}, \%rows, "$moment: the changes of $name are its result");
        is($followers{$name}{faults}, 0, "$moment: each change of $name came once, in order");
    }
    return;
}

my $script = PostgreSQL::Test::Utils::tempdir() . '/write.sql';
PostgreSQL::Test::Utils::append_to_file($script, <<'SQL');
\set n random(1, 100000)
\set rows random(1, 30)
BEGIN;
INSERT INTO event SELECT '2024-01-01Z'::timestamptz + random() * interval '20 min', 'kind ' || (:n + g) % 23, :n + g, (:n + g) / 7.0 FROM generate_series(1, :rows) g;
INSERT INTO recent SELECT clock_timestamp() - random() * interval '1 s', 'kind ' || :n % 3, :n;
SAVEPOINT s;
INSERT INTO event VALUES ('2024-01-01Z', 'rolled back', 97, 0);
ROLLBACK TO s;
COMMIT;
SQL

my $writers;
sub start_writers { $writers = start_pgbench($node, 'postgres', 'writers', '-T', 3600, '-c', 3, '-R', 60, '-f', $script); return; }
sub stop_writers { stop_pgbench($writers, $node, 'writers'); return; }

start_writers();
follow_all(2);

# A worker that is terminated, one that is killed with all others, a crash, a restart, a pause.
my $worker = "SELECT max(worker_pid) FROM weir.queries";
foreach my $round (1 .. 2)
{
    quietly($node, 'postgres', "SELECT pg_terminate_backend(($worker))");
    follow_all(1);
    quietly($node, 'postgres', "SELECT weir.pause_query('kinds')");
    follow_all(0.7);
    quietly($node, 'postgres', "SELECT weir.resume_query('kinds')");
    follow_all(1);
    stop_writers();
    is_replayed("round $round: after a pause");
    start_writers();
    sleep(0.5);
    $node->stop($round == 1 ? 'immediate' : 'fast');
    is(follow('kinds', '0'), -1, 'the server is down');
    stop_writers();
    $node->start;
    start_writers();
    follow_all(1);
    my $pid = quietly($node, 'postgres', $worker);
    kill 'KILL', $pid if $pid;
    ok(wait_until(sub { return (attempt($node, 'postgres', 'SELECT 1'))[0] == 0; }), 'the server is back after signal 9');
    stop_writers();
    start_writers();
    follow_all(1);
    stop_writers();
    is_replayed("round $round: after a crash");
    start_writers();
}

# Failures between a step's result and its commit leave nothing behind.
foreach my $point ('step.after_insert', 'step.before_commit')
{
    set_system($node, 'weir.failpoint' => "$point:error:3");
    follow_all(1);
    set_system($node, 'weir.failpoint' => undef);
    quietly($node, 'postgres', 'SELECT weir.resume_query(name) FROM weir.queries');
}
stop_writers();
is_replayed('after failed steps');

is($revised, 0, 'rows of closed windows came once');
cmp_ok($followers{final}{changes}, '>', 5, 'windows have closed');
is(quietly($node, 'postgres', <<'SQL'), 't', 'every row is in a closed window, in an open one, or was dropped');
SELECT (SELECT count(*) FROM recent) = (SELECT sum(p1) FROM weir_state.q3) + (SELECT dropped_rows FROM weir.query_time(3))
SQL

# A rebuild, while others follow.
start_writers();
quietly($node, 'postgres', "DELETE FROM event WHERE n % 5 = 0; SELECT weir.refresh_query(name) FROM weir.queries");
follow_all(1);
stop_writers();
is_replayed('after a rebuild');
cmp_ok($followers{kinds}{changes}, '>', 200, 'there was much to follow');

# Whoever waits is woken by the change, and told by a notification.
my $listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN kinds');
my $position = $followers{kinds}{position};
my $waiter = $node->background_psql('postgres');
$waiter->query_until(qr/started/, "\\echo started\nSELECT count(*) > 0 AS woken FROM weir.changes('kinds', $position, 10, '60 s');\n");
$node->safe_psql('postgres', "INSERT INTO event VALUES (now(), 'woken', 1, 1)");
my $begun = time();
like($waiter->query_until(qr/^t$/m, "\n"), qr/^t$/m, 'a change ends the wait');
cmp_ok(time() - $begun, '<', 30, 'at once');
$waiter->quit;
my $newest = quietly($node, 'postgres', "SELECT max(position) FROM weir.changes('kinds', $position)");
like($listener->query_safe('SELECT 1'), qr/notification "kinds" with payload "$newest"/, 'the notification holds the newest position');
$listener->quit;

# A dump holds logs and times; the restored queries go on.
quietly($node, 'postgres', "SELECT weir.pause_query('final')");
my $shown = quietly($node, 'postgres', 'SELECT count(*), sum(count), sum(sum) FROM final');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'restore');
is(quietly($node, 'restored', 'SELECT count(*), sum(count), sum(sum) FROM final'), $shown, 'restored: the final result is what it was');
my $last = quietly($node, 'restored', "SELECT max(position) FROM weir.changes('final', 0, 1000000)");
quietly($node, 'restored', "SELECT weir.resume_query('final'); INSERT INTO recent VALUES (clock_timestamp() + interval '10 s', 'restored', 1)");
is(quietly($node, 'restored', "SELECT bool_and(old IS NULL) FROM weir.changes('final', $last, 1000, '60 s')"), 't',
    'restored: windows close and are logged, once, behind what was there');
quietly($node, 'restored', "SELECT weir.refresh_query('kinds')");
is(quietly($node, 'restored', "SELECT weir.wait('kinds', '60 s')"), 't', 'restored: all that was there is counted');
$last = quietly($node, 'restored', "SELECT max(position) FROM weir.changes('kinds', 0, 1000000)");
quietly($node, 'restored', "INSERT INTO event VALUES (now(), 'restored', 1, 1)");
is(quietly($node, 'restored', "SELECT new ->> 'count' FROM weir.changes('kinds', $last, 1000, '60 s')"), 1, 'restored: the log goes on');
$node->stop;
done_testing();
