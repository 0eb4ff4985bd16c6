# What a worker of continuous queries costs beside its steps: its memory stays what it is, over thousands of
# them, and between two of them transactions do not wake it. What it has stored is on disk.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('memory', 'weir.capture' => 'off', 'wal_level' => 'replica');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE event (k int, n int);
SELECT weir.create_query('by_key', 'SELECT k, count(*), sum(n), stddev(n) FROM event GROUP BY k', tick => '0 s');
SELECT weir.create_query('copied', 'SELECT k, n FROM event WHERE n < 10', tick => '0 s');
INSERT INTO event VALUES (1, 1);
SELECT weir.wait('by_key'), weir.wait('copied');
SQL
my $script = PostgreSQL::Test::Utils::tempdir() . '/insert.sql';
PostgreSQL::Test::Utils::append_to_file($script, "INSERT INTO event VALUES (:client_id, 1);\n");

sub kilobytes
{
    my $pid = quietly($node, 'postgres', 'SELECT max(worker_pid) FROM weir.queries');
    return slurp_file("/proc/$pid/status") =~ /RssAnon:\s+(\d+) kB/ ? $1 : 0;
}

# Steps until there are so many, with transactions for all of them.
sub steps
{
    my ($count) = @_;
    my $load = start_pgbench($node, 'postgres', 'load', '-c', 1, '-T', 60, '-f', $script);
    my $done = wait_until(sub { return quietly($node, 'postgres', 'SELECT min(ticks) FROM weir.queries') >= $count; }, 60);
    $load->{handle}->signal('TERM');
    eval { $load->{handle}->finish };
    return $done;
}

ok(steps(500), '500 steps');
my $before = kilobytes();
ok(steps(2500), '2,000 more');
my $growth = kilobytes() - $before;
cmp_ok($before, '>', 0, 'the memory is known');
cmp_ok($growth, '<=', 256, 'and does not grow') or diag("from $before kB by $growth kB");

sub switches
{
    my ($pid) = @_;
    return slurp_file("/proc/$pid/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m ? $1 : 0;
}

quietly($node, 'postgres', "SELECT weir.drop_query(name) FROM weir.queries");
quietly($node, 'postgres', "SELECT weir.create_query('seldom', 'SELECT k, count(*) FROM event GROUP BY k', tick => '1 s')");
quietly($node, 'postgres', "SELECT weir.wait('seldom')");
my $pid = quietly($node, 'postgres', 'SELECT worker_pid FROM weir.queries');
my $switches = switches($pid);
my $transactions = run_pgbench($node, 'postgres', 'load', '-c', 2, '-T', 4, '-f', $script);
$switches = switches($pid) - $switches;
cmp_ok($transactions, '>', 500, 'there were many transactions');
cmp_ok($switches, '<', 200, 'and few of them woke the worker') or diag("$switches times, in $transactions transactions");
is(quietly($node, 'postgres', "SELECT weir.wait('seldom') AND (SELECT sum(count) FROM seldom) = (SELECT count(*) FROM event)"), 't', 'which has counted all of them');

# Also where nobody else waits for the disk.
$node->append_conf('postgresql.conf', "synchronous_commit = off\nwal_writer_delay = 10s\n");
$node->restart;
is(quietly($node, 'postgres', <<'SQL'), "t\nt", 'a step is on disk when it is seen');
INSERT INTO event VALUES (1, 1);
SELECT pg_current_wal_insert_lsn() AS inserted \gset
SELECT weir.wait('seldom');
SELECT pg_current_wal_flush_lsn() > :'inserted';
SQL
$node->stop;
done_testing();
