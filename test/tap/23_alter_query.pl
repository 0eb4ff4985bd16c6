# weir.alter_query() under load: the view is exact by the old definition until its last moment and by the
# new one from its first, whatever crashes in between; and weir.progress while a query is filled.
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
my $node = new_weir_node('alter', 'max_worker_processes' => 20, 'wal_level' => 'replica', 'weir.capture' => 'off');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE hit (k int, v int);
INSERT INTO hit SELECT g % 50, g FROM generate_series(1, 20000) g;
SELECT weir.create_query('live', 'SELECT k, count(*) AS n, sum(v) AS s FROM hit GROUP BY k', tick => '20 ms');
SQL

my %definition = (
    plain => 'SELECT k, count(*) AS n, sum(v) AS s FROM hit GROUP BY k',
    other => 'SELECT k, count(*) AS n, 0 - sum(v) AS s FROM hit WHERE k > 10 GROUP BY k');
sub differing { return "(SELECT count(*) FROM ((TABLE live EXCEPT ALL $definition{$_[0]}) UNION ALL ($definition{$_[0]} EXCEPT ALL TABLE live)) x)"; }
my $check = 'SELECT 1 / (a = 0 OR b = 0)::int FROM (SELECT ' . differing('plain') . ' AS a, ' . differing('other') . ' AS b) d;';

my $directory = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $directory;
my %scripts = (
    write => "\\set k random(0, 49)\nINSERT INTO hit VALUES (:k, :k), (:k + 1, 3);",
    undone => "\\set k random(0, 49)\nBEGIN;\nINSERT INTO hit VALUES (:k, :k);\nROLLBACK;",
    check => $check,
    twice => "BEGIN ISOLATION LEVEL REPEATABLE READ;\n$check\n\\sleep 30 ms\n$check\nCOMMIT;");
append_to_file("$directory/$_.sql", "$scripts{$_}\n") foreach keys %scripts;

my $seconds = is_long() ? 120 : 10;
my $writers = start_pgbench($node, 'postgres', 'writers', '-T', $seconds, '-c', 3, '-R', 300, '-f', "$directory/write.sql\@9", '-f', "$directory/undone.sql");
my $readers = start_pgbench($node, 'postgres', 'readers', '-T', $seconds, '-c', 2, '-R', 30, '--max-tries=20', '-f', "$directory/check.sql\@3", '-f', "$directory/twice.sql");
my ($altered, $end, $now) = (0, time() + $seconds - 0.5, 'plain');
while (time() < $end)
{
    my $next = $now eq 'plain' ? 'other' : 'plain';
    my ($status, $out, $err) = $node->psql('postgres', "SELECT weir.alter_query('live', '$definition{$next}')");
    if ($status != 0) { diag($err); last; }
    $now = $next;
    $altered++;
    sleep(rand(0.3));
}
cmp_ok(finish_pgbench($writers), '>', 100, 'rows were written all the time');
my $checks = eval { finish_pgbench($readers) } // 0;
cmp_ok($checks, '>', $seconds, "$checks times it was exact by one of the definitions") or diag($readers->{errors});
unlike($readers->{errors} . $readers->{output}, qr/division by zero|aborted/, 'and never by none');
cmp_ok($altered, '>', $seconds / 2, "it was changed $altered times");
is(quietly($node, 'postgres', "SELECT weir.wait('live', '60 s')"), 't', 'all is in the state');
is(quietly($node, 'postgres', 'SELECT ' . differing($now)), 0, 'and exact');
is(quietly($node, 'postgres', 'SELECT count(*) FROM weir.frontiers'), 1, 'nothing is left of the others');

# A crash before the commit leaves the old one.
my $next = $now eq 'plain' ? 'other' : 'plain';
foreach my $point ('alter.filled', 'alter.swapped')
{
    foreach my $how ('error', 'kill')
    {
        $node->psql('postgres', "SET weir.failpoint = '$point:$how'; SELECT weir.alter_query('live', '$definition{$next}')");
        ok(wait_until(sub { return (attempt($node, 'postgres', 'SELECT 1'))[0] == 0; }, 60), "$point, $how: it is up");
        quietly($node, 'postgres', 'INSERT INTO hit SELECT g % 50, g FROM generate_series(1, 100) g');
        is(quietly($node, 'postgres', 'SELECT ' . differing($now)), 0, "$point, $how: exact by the old definition");
        is(quietly($node, 'postgres', "SELECT weir.wait('live', '60 s')"), 't', "$point, $how: it goes on");
        is(quietly($node, 'postgres', 'SELECT ' . differing($now)), 0, "$point, $how: exact");
    }
}

# How far a backfill is, shown while it goes on.
quietly($node, 'postgres', <<'SQL');
CREATE TABLE wide (k int, pad text);
INSERT INTO wide SELECT g, repeat('x', 300) FROM generate_series(1, 60000) g;
CREATE FUNCTION slow(k int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    $$BEGIN FOR i IN 1 .. 600 LOOP k := k + 1; END LOOP; RETURN k % 5; END$$;
SQL
my $filling = start_pgbench($node, 'postgres', 'filling', '-t', 1, '-c', 1, '-f', do {
    append_to_file("$directory/fill.sql", "SELECT weir.create_query('slowly', 'SELECT slow(k), count(*) FROM wide GROUP BY 1');\n");
    "$directory/fill.sql";
});
my @seen;
wait_until(sub {
    my $row = quietly($node, 'postgres', "SELECT pages_done, pages_total, work, eta > '0 s', pages_per_second > 0 FROM weir.progress WHERE pages_done > 0");
    push @seen, [ split /\|/, $row ] if $row;
    return !$filling->{handle}->pump_nb || !$filling->{handle}->pumpable || @seen > 200;
}, 60);
is(finish_pgbench($filling), 1, 'it is filled');
cmp_ok(scalar(@seen), '>', 1, 'it was seen while it was filled');
is_deeply([ grep { $_->[0] > $_->[1] || $_->[2] ne 'backfill' || $_->[1] < 2000 } @seen ], [], 'with pages of all pages');
cmp_ok($seen[-1][0], '>', $seen[0][0], 'which became more');
is($seen[0][4], 't', 'at a rate');
is(quietly($node, 'postgres', 'SELECT count(*) FROM weir.progress'), 0, 'and nothing remains');
is(quietly($node, 'postgres', "SELECT backfill_pages > 2000 AND backfill_groups = 5 FROM weir.query_metrics WHERE name = 'slowly'::regclass"), 't', 'but the figures');

$node->stop('immediate');
done_testing();
