# The memory of a worker of continuous queries stays what it is, over thousands of steps.
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
$node->stop;
done_testing();
