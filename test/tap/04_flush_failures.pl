# Flushes fail in every way there is, under load: nothing is lost and nothing doubled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $failures = is_long() ? 1000 : 100;
my $clients = 4;
my $directory = PostgreSQL::Test::Utils::tempdir();
seeded();

PostgreSQL::Test::Utils::append_to_file("$directory/load.sql", <<'SCRIPT');
\set tenant random(1, 20)
SET weir.tenant = :tenant;
SELECT count(*) FROM pg_namespace WHERE oid < :tenant;
SELECT 1;
SCRIPT
my $statements_per_script = 3;

my $node = new_weir_node('failures', 'weir.flush_interval' => '100ms', 'weir.ring_size' => 131072);
$node->safe_psql('postgres',
    'CREATE TABLE kept (LIKE weir.query_stats); ALTER TABLE kept ALTER id DROP NOT NULL');

sub today
{
    return quietly($node, 'postgres', <<'SQL');
SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
 WHERE inhparent = 'weir.query_stats'::regclass
   AND pg_get_expr(relpartbound, c.oid) LIKE 'FOR VALUES FROM (''' || (now() AT TIME ZONE 'UTC')::date || '%'
SQL
}

# Errors of flushes, and which worker there is: what moves when a flush has failed.
sub mark
{
    my $r = ring($node);
    return $r->{flush_errors} . ' ' . ($r->{worker_pid} // 'none');
}

# The load: runs of a few seconds one after the other, each of which tells how much it did.
my $transactions = 0;
my $load;
my $load_ends = 0;

sub keep_loading
{
    return if $load && time() < $load_ends;
    $transactions += finish_pgbench($load) if $load;
    $load = start_pgbench($node, 'postgres', 'load', '-c', $clients, '-j', 1, '-R', 600, '-T', 5,
        '-f', "$directory/load.sql");
    $load_ends = time() + 5;
    return;
}

sub wait_for_flush
{
    my $before = ring($node)->{flushes};
    return if wait_until(sub { keep_loading(); return ring($node)->{flushes} > $before; });
    diag(explain(ring($node)), quietly($node, 'postgres', <<'SQL'));
SELECT pid, backend_type, state, wait_event, backend_start, now() FROM pg_stat_activity WHERE backend_type ~ 'pg_weir'
SQL
    die 'no flush any more';
}

# Each does its harm and returns when it has been felt.
my $sequence = 0;
my %harm = (
    terminate => sub {
        quietly($node, 'postgres', 'SELECT pg_terminate_backend(' . worker_pid($node, 'postgres') . ')');
    },
    cancel => sub {
        my $before = mark();
        wait_until(
            sub {
                keep_loading();
                quietly($node, 'postgres',
                    'SELECT pg_cancel_backend(' . worker_pid($node, 'postgres') . ')');
                return mark() ne $before;
            },
            3);
    },
    lock => sub {
        # Twice as long as the worker waits for a lock, now and then; shorter otherwise.
        my $seconds = rand() < 0.25 ? 2.3 : 0.3;
        quietly($node, 'postgres',
            "BEGIN; LOCK weir.query_stats IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep($seconds); COMMIT");
    },
    detach => sub {
        my $today = today() or return;
        my $name = 'kept_' . ++$sequence;
        quietly($node, 'postgres', <<SQL);
BEGIN;
ALTER EXTENSION pg_weir DROP TABLE $today;
ALTER TABLE weir.query_stats DETACH PARTITION $today;
ALTER TABLE $today SET SCHEMA public;
COMMIT;
SQL
        (my $moved = $today) =~ s/^weir\.//;
        quietly($node, 'postgres', "INSERT INTO kept SELECT * FROM $moved; DROP TABLE $moved");
    },
    # The extension is locked before its tables, as the worker does.
    drop => sub {
        my $today = today() or return;
        quietly($node, 'postgres', <<SQL);
BEGIN;
ALTER EXTENSION pg_weir DROP TABLE $today;
LOCK weir.query_stats IN ACCESS EXCLUSIVE MODE;
INSERT INTO kept SELECT * FROM $today;
DROP TABLE $today;
COMMIT;
SQL
    },
);
foreach my $point ('before_insert', 'after_insert', 'before_commit', 'after_commit')
{
    foreach my $action ('error', 'fatal', 'diskfull')
    {
        $harm{"$point $action"} = sub {
            # A worker that is away cannot be seen to go.
            wait_until(sub { return defined ring($node)->{worker_pid} }) or die 'no worker';
            my $before = mark();
            # The number makes each setting a new one, whose count starts again.
            my $count = 1 + int(rand(2));
            set_system($node,
                'weir.failpoint' => "flush.$point:$action:$count,unused" . ++$sequence . ':sleep');
            my $felt = wait_until(sub { keep_loading(); return mark() ne $before; }, 20);
            set_system($node, 'weir.failpoint' => undef);
            die "flush.$point:$action was not reached" unless $felt;
            # A worker that dies before its first flush, time after time, comes back ever more slowly.
            wait_for_flush() if $action eq 'fatal';
        };
    }
}

sub shuffle_in_place
{
    my ($list) = @_;
    for (my $i = @$list - 1; $i > 0; $i--)
    {
        my $j = int(rand($i + 1));
        @$list[ $i, $j ] = @$list[ $j, $i ];
    }
    return;
}

keep_loading();
ok(wait_until(sub { return ring($node)->{flushed} > 100; }), 'records flow');

my $start = ring($node);
my %count;
my @kinds = sort keys %harm;
for my $n (1 .. $failures)
{
    keep_loading();
    # Every kind once in each round, in random order.
    shuffle_in_place(\@kinds) if ($n - 1) % @kinds == 0;
    my $kind = $kinds[ ($n - 1) % @kinds ];
    my $began = time();
    $harm{$kind}->();
    note(sprintf('%d: %s, %.2f s', $n, $kind, time() - $began));
    $count{$kind}++;
    sleep(rand(0.2));
}

is(scalar(keys %count), scalar(keys %harm), 'every kind of failure happened');
cmp_ok(ring($node)->{flush_errors} - $start->{flush_errors}, '>=', int($failures / 3),
    'flushes did fail');

$transactions += finish_pgbench($load);
ok(wait_for_worker($node, 'postgres'), 'the worker is back');
within(15, 'the last flush', sub { flush($node); return 1; });

my $after = law_holds($node, 'postgres', 'captured = flushed + in_ring + folded_pending + dropped');
is($after->{dropped}, 0, 'nothing was dropped');
is( quietly($node, 'postgres', <<'SQL'),
SELECT sum(calls) FROM (SELECT calls, application_name FROM weir.query_stats
                        UNION ALL SELECT calls, application_name FROM kept) log
 WHERE application_name = 'load'
SQL
    $transactions * $statements_per_script,
    'the log holds what pgbench ran, nothing lost and nothing doubled');
is( quietly($node, 'postgres', 'SELECT count(*) - count(DISTINCT id) FROM (SELECT id FROM weir.query_stats UNION ALL SELECT id FROM kept) log'),
    0, 'ids are unique');
ok( quietly($node, 'postgres', "SELECT count(*) = 0 FROM weir.interruptions"),
    'and nothing says that something may have been lost');

done_testing();
