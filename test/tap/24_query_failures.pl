# Rows that a continuous query fails on, while workers and the server are killed: every row lands once,
# or is put aside once, and what was put aside lands once it is mended.
# Sends: signal 9
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Utils;
use Test::More;

seeded();
my $node = new_weir_node('failures', 'weir.capture' => 'off', 'wal_level' => 'replica');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE src (id bigserial, k int, a int) PARTITION BY LIST (k);
CREATE TABLE src_0 PARTITION OF src FOR VALUES IN (0);
CREATE TABLE src_1 PARTITION OF src FOR VALUES IN (1);
SELECT weir.create_query('lettered', 'SELECT k, count(*) AS n, sum(1000 / a) AS s FROM src GROUP BY k', tick => '20 ms', on_error => 'dead_letter');
SELECT weir.create_query('skipping', 'SELECT k, count(*) AS n, sum(1000 / a) AS s FROM src GROUP BY k', tick => '20 ms', on_error => 'skip');
SELECT weir.create_query('rows_of', 'SELECT id, 1000 / a AS s FROM src', tick => '20 ms', on_error => 'dead_letter');
SQL
my $script = PostgreSQL::Test::Utils::tempdir() . '/insert.sql';
append_to_file($script, "\\set n random(1, 30)\nINSERT INTO src (k, a) SELECT (random())::int, CASE WHEN random() > 0.004 THEN 1 + random() * 9 ELSE 0 END FROM generate_series(1, :n);\n");

my $seconds = is_long() ? 300 : 12;
my $end = time() + $seconds;
my %done = (worker => 0, server => 0);
my $load = start_pgbench($node, 'postgres', 'load', '-c', 2, '-R', 200, '-T', 3600, '-f', $script);
while (time() < $end)
{
    sleep(1 + rand(2));
    if (rand() < 0.7)
    {
        $node->psql('postgres', "SELECT pg_terminate_backend(worker_pid) FROM weir.queries LIMIT 1");
        $done{worker}++;
        next;
    }
    $node->stop('immediate');
    $node->start;
    $done{server}++;
    eval { $load->{handle}->finish };
    $load = start_pgbench($node, 'postgres', 'load', '-c', 2, '-R', 200, '-T', 3600, '-f', $script);
}
stop_pgbench($load, $node, 'load');

sub ask { return quietly($node, 'postgres', $_[0]); }
is(ask("SELECT weir.wait('$_', '60 s')"), 't', "$_ takes in everything") foreach qw(lettered skipping rows_of);
my $bad = ask('SELECT count(*) FROM src WHERE a = 0');
diag(sprintf('%d rows, %d bad; workers ended %d times, the server %d times', ask('SELECT count(*) FROM src'), $bad, @done{qw(worker server)}));
cmp_ok($bad, '>', 10, 'rows were bad');
my $good = 'SELECT k, count(*), sum(1000 / a) FROM src WHERE a <> 0 GROUP BY k';
foreach my $name (qw(lettered skipping))
{
    is(ask("SELECT count(*) FROM (($good EXCEPT ALL TABLE $name) UNION ALL (TABLE $name EXCEPT ALL $good)) d"), 0, "$name: every other row landed once");
}
is(ask("SELECT skipped FROM weir.queries WHERE name = 'skipping'::regclass"), $bad, 'what was left out was counted once');
is(ask("SELECT count(*) FROM weir.dead_letters WHERE query = '$_'::regclass"), $bad, "$_: what was left out was kept once") foreach qw(lettered rows_of);
is(ask(<<'SQL'), 0, 'and is the rows as they were');
SELECT count(*) FROM (SELECT (r).id, (r).k, (r).a FROM (SELECT jsonb_populate_record(NULL::src, "row") AS r FROM weir.dead_letters WHERE query = 'lettered'::regclass) d
  EXCEPT ALL SELECT id, k, a FROM src WHERE a = 0) x
SQL

ask(q(UPDATE weir.dead_letters SET "row" = jsonb_set("row", '{a}', '10')));
is(ask("SELECT weir.retry_dead_letters('$_')"), $bad, "$_: mended, they land") foreach qw(lettered rows_of);
is(ask('SELECT count(*) FROM weir.dead_letters'), 0, 'and no letter is left');
is(ask('SELECT sum(n) FROM lettered'), ask('SELECT count(*) FROM src'), 'all rows are counted');
is(ask('SELECT count(*) FROM (SELECT id, coalesce(1000 / nullif(a, 0), 100) FROM src EXCEPT ALL TABLE rows_of) d'), 0, 'and each is there');
$node->stop('immediate');
done_testing();
