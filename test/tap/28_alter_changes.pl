# Definitions of queries with a log or with windows that close change under load: who follows the log
# sees each change once and in order, also while it waits, and replayed they are the result; a
# continuous query over the log goes on; a crash in between leaves everything as it was.
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
my $node = new_weir_node('alter_changes', 'wal_level' => 'replica', 'max_wal_senders' => 0, 'weir.capture' => 'off', 'max_worker_processes' => 20);
my %options = (kinds => '', minutes => ", lateness => '0 s', idle_timeout => '500 ms'", few => '', late => ", lateness => '100 ms', late => 'drop'");
my %definitions = (
    kinds => [ 'SELECT kind, count(*) AS n, sum(v)::bigint AS v FROM event GROUP BY kind EMIT CHANGES',
        'SELECT kind, count(*) AS n, min(v) AS v FROM event GROUP BY kind HAVING count(*) % 2 = 0' ],
    minutes => [ "SELECT weir.tumble(ts, '2 s') AS start, kind, count(*) AS n FROM event GROUP BY 1, 2 EMIT FINAL",
        "SELECT weir.tumble(ts, '1 s') AS start, kind, count(*) AS n FROM event WHERE v > 300 GROUP BY 1, 2 EMIT FINAL" ],
    few => [ 'SELECT kind, v FROM event WHERE v % 17 = 0 EMIT CHANGES', 'SELECT kind, v FROM event WHERE v % 17 < 2 EMIT CHANGES' ],
    late => [ "SELECT weir.tumble(ts, '1 s') AS start, sum(v) AS v FROM event GROUP BY 1 EMIT CHANGES",
        "SELECT weir.tumble(ts, '1 s') AS start, sum(v) FILTER (WHERE kind = 'k1') AS v FROM event GROUP BY 1" ]);
my @names = sort keys %definitions;
$node->safe_psql('postgres', 'CREATE TABLE event (ts timestamptz, kind text, v bigint)');
$node->safe_psql('postgres', "SELECT weir.create_query('$_', \$\$$definitions{$_}[0]\$\$, tick => '30 ms', notify => true$options{$_})") foreach @names;
$node->safe_psql('postgres', "SELECT weir.create_query('log_of_$_', \$\$SELECT count(*), count(old) AS gone, max(position) AS last FROM weir.changes('$_')\$\$, tick => '30 ms')") foreach @names;

# What followers know: the position of the last change, and the rows after it.
my %followers = map { $_ => { position => 0, rows => {}, changes => 0, gone => 0, faults => 0 } } @names;

sub replay
{
    my ($follower, $position, $old, $new) = @_;
    $follower->{faults}++ if $position <= $follower->{position};
    $follower->{position} = $position;
    $follower->{changes}++;
    if ($old ne '')
    {
        $follower->{gone}++;
        $follower->{faults}++ if !$follower->{rows}{$old};
        delete $follower->{rows}{$old} if --$follower->{rows}{$old} <= 0;
    }
    $follower->{rows}{$new}++ if $new ne '';
    return;
}

sub follow
{
    my ($name, $timeout) = @_;
    my $follower = $followers{$name};
    my ($status, $out, $err);
    $status = $node->psql('postgres', "SELECT position, old, new FROM weir.changes('$name', $follower->{position}, 500, '$timeout')", stdout => \$out, stderr => \$err);
    return -1 if $status != 0;
    my @lines = split /\n/, $out;
    foreach my $line (@lines)
    {
        my ($position, $old, $new) = $line =~ /^(\d+)\|(\{.*?\})?\|(\{.*\})?$/ or die "not a change: $line";
        replay($follower, $position, $old // '', $new // '');
    }
    return scalar @lines;
}

sub is_replayed
{
    my ($moment) = @_;
    foreach my $name (@names)
    {
        is(quietly($node, 'postgres', "SELECT weir.wait('$name', '60 s')"), 't', "$moment: $name is up to date");
        my %rows;
        do
        {
            1 while follow($name, '0') > 0;
            %rows = ();
            $rows{$_}++ foreach split /\n/, quietly($node, 'postgres', "SET TimeZone = 'UTC'; SELECT to_jsonb(r) FROM $name r");
        } while (follow($name, '0') > 0);
        my $follower = $followers{$name};
        is_deeply($follower->{rows}, \%rows, "$moment: the changes of $name are its result");
        is($follower->{faults}, 0, "$moment: each change of $name came once, in order");
        my $counted;
        do
        {
            quietly($node, 'postgres', "SELECT weir.wait('log_of_$name', '60 s')");
            $counted = quietly($node, 'postgres', "SELECT count, gone, last FROM log_of_$name");
        } while (follow($name, '0') > 0);
        is($counted, "$follower->{changes}|$follower->{gone}|$follower->{position}",
            "$moment: a query over the log of $name counts each, too");
    }
    return;
}

my $directory = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $directory;
append_to_file("$directory/write.sql", <<'SQL');
\set v random(1, 1000)
INSERT INTO event SELECT clock_timestamp() - random() * interval '300 ms', 'k' || (:v + g) % 9, :v + g FROM generate_series(1, 5) g;
SQL
append_to_file("$directory/wait.sql", join('', map { "SELECT count(*) FROM weir.changes('$_', 1000000000, 10, '1 s');\n" } @names));
my $seconds = is_long() ? 60 : 8;
my $writers = start_pgbench($node, 'postgres', 'writers', '-T', $seconds + 3, '-c', 2, '-R', 100, '-f', "$directory/write.sql");
my $waiters = start_pgbench($node, 'postgres', 'waiters', '-T', $seconds + 1, '-c', 2, '-f', "$directory/wait.sql");
my %now = map { $_ => 0 } @names;
my ($altered, $end, $killed) = (0, time() + $seconds, 0);
while (time() < $end)
{
    follow($_, '10 ms') foreach @names;
    my $name = $names[ rand @names ];
    my ($status, $out, $err) = $node->psql('postgres', "SELECT weir.alter_query('$name', \$\$$definitions{$name}[1 - $now{$name}]\$\$)");
    if ($status != 0) { diag($err); last; }
    $now{$name} = 1 - $now{$name};
    $altered++;
    if ($altered == 10) { quietly($node, 'postgres', "SELECT pg_terminate_backend(worker_pid) FROM weir.queries WHERE name = '$name'::regclass"); $killed++; }
}
cmp_ok($altered, '>', $seconds / 2, "definitions changed $altered times");
is($killed, 1, 'the worker was terminated once');
ok(eval { finish_pgbench($waiters); 1 }, 'whoever waits for changes is not disturbed') or diag($waiters->{errors});
cmp_ok(finish_pgbench($writers), '>', 100, 'rows were written all the time');
is_replayed('after all');
is(quietly($node, 'postgres', "SELECT count(*) FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace AND relname ~ '^q[0-9]+_changes'"), scalar @names, 'there is one log each');

foreach my $point ('alter.filled', 'alter.swapped')
{
    foreach my $how ('error', 'kill')
    {
        foreach my $name ('kinds', 'minutes')
        {
            $node->psql('postgres', "SET weir.failpoint = '$point:$how'; SELECT weir.alter_query('$name', \$\$$definitions{$name}[1 - $now{$name}]\$\$)");
            ok(wait_until(sub { return (attempt($node, 'postgres', 'SELECT 1'))[0] == 0; }, 60), "$point, $how, $name: it is up");
            quietly($node, 'postgres', "INSERT INTO event SELECT clock_timestamp(), 'k' || g % 9, g FROM generate_series(1, 20) g");
        }
    }
}
is_replayed('after crashes');

# A restored query goes on with its log, whatever number that has.
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_dump', '-f', "$directory/dump.sql", $node->connstr('postgres') ], 'it is dumped');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$directory/dump.sql", $node->connstr('restored') ], 'and restored');
quietly($node, 'restored', "SELECT weir.refresh_query('$_')") foreach @names, map { "log_of_$_" } @names;
my $newest = quietly($node, 'restored', "SELECT max(position) FROM weir.changes('kinds', 0, 100000000)");
quietly($node, 'restored', "SELECT weir.alter_query('kinds', \$\$$definitions{kinds}[1 - $now{kinds}]\$\$)");
cmp_ok(quietly($node, 'restored', "SELECT min(position) FROM weir.changes('kinds', $newest)"), '>', $newest, 'its log goes on');
is(quietly($node, 'restored', "SELECT weir.wait('log_of_kinds', '60 s')"), 't', 'and so does a query over it');
is(quietly($node, 'restored', "SELECT last = (SELECT max(position) FROM weir.changes('kinds', 0, 100000000)) FROM log_of_kinds"), 't', 'to the end');

# All goes with the query, also the log of an older definition's name.
quietly($node, 'postgres', "SELECT weir.drop_query('log_of_$_'), weir.drop_query('$_')") foreach 'few', 'kinds';
quietly($node, 'postgres', 'DROP VIEW minutes, late CASCADE');
ok(wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM pg_class WHERE relnamespace = 'weir_state'::regnamespace") == 0; }, 60), 'nothing is left');
$node->stop('immediate');
done_testing();
