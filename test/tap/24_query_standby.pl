# A standby shows continuous queries as exactly as the primary does, and after a promotion they go on
# within seconds, with nothing lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = 5;
my $primary = new_weir_node('primary', 'streaming' => 1, 'wal_level' => 'replica', 'hot_standby_feedback' => 'on',
    'max_worker_processes' => 20, 'weir.capture' => 'off');
$primary->safe_psql('postgres', <<'SQL');
CREATE DATABASE young;
CREATE TABLE event (kind int, n int);
INSERT INTO event SELECT g % 7, g FROM generate_series(1, 1000) g;
SELECT weir.create_query('kinds', 'SELECT kind, count(*), sum(n) FROM event GROUP BY kind');
SQL
$primary->safe_psql('young', 'CREATE EXTENSION IF NOT EXISTS pg_weir');
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

my $differences = <<'SQL';
SELECT (SELECT count(*) FROM (TABLE kinds EXCEPT ALL TABLE weir_state.q1_definition) x)
     + (SELECT count(*) FROM (TABLE weir_state.q1_definition EXCEPT ALL TABLE kinds) x)
SQL

my $holds = "SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'weir\\_hold\\_%' AND xmin IS NOT NULL";

# A reader whose snapshot is older than the frontier that was replayed meanwhile is told to try again.
sub ask_standby { return $standby->psql('postgres', "\\set VERBOSITY verbose\n$_[0]"); }
sub is_to_be_done_again { return $_[0] =~ /ERROR:  40001: .*^HINT:  Run the transaction again/ms; }

# What the standby answers, or the error that is not of that kind.
sub answer_of_standby
{
    my ($sql) = @_;
    my ($status, $out, $err);
    wait_until(sub { ($status, $out, $err) = ask_standby($sql); return $status == 0 || !is_to_be_done_again($err); });
    return $status == 0 ? $out : $err;
}

# Under load, again and again.
my $script = PostgreSQL::Test::Utils::tempdir() . '/insert.sql';
PostgreSQL::Test::Utils::append_to_file($script, "\\set n random(1, 100)\nINSERT INTO event SELECT g % 9, g FROM generate_series(1, :n) g;\n");
my $load = start_pgbench($primary, 'postgres', 'load', '-c', 2, '-T', 20, '-f', $script);
my ($checks, $wrong, $again, $refused) = (0, 0, 0, 0);
my $end = time() + 18;
while ($checks < 30 && time() < $end)
{
    my ($status, $out, $err) = ask_standby($differences);
    if ($status == 0) { $checks++; $wrong++ if $out ne '0'; }
    elsif (is_to_be_done_again($err)) { $again++; }
    else { $refused++; diag($err); }
    sleep(0.1);
}
finish_pgbench($load);
diag("$checks checks, $again to be done again");
cmp_ok($checks, '>=', 10, 'the standby was asked often');
is($wrong, 0, 'and never differed');
is($refused, 0, 'nor refused');
is(answer_of_standby('SELECT sum(count) > 1000 FROM kinds'), 't', 'it shows newer rows');
isnt(($standby->psql('postgres', "SELECT weir.refresh_query('kinds')"))[0], 0, 'and changes nothing');

# Rows that are gone before they are counted: the primary holds them, and so does the standby.
ok(wait_until(sub { return quietly($standby, 'postgres', $holds) == 1; }, 40), 'the standby has a hold of its own');
quietly($primary, 'postgres', "SELECT weir.wait('kinds'), weir.pause_query('kinds')");
quietly($primary, 'postgres', 'INSERT INTO event SELECT 50, g FROM generate_series(1, 500) g');
quietly($primary, 'postgres', 'DELETE FROM event WHERE kind = 50 AND n <= 200');
quietly($primary, 'postgres', 'UPDATE event SET n = 0 WHERE kind = 50 AND n <= 300');
quietly($primary, 'postgres', 'VACUUM event');
my $expected = quietly($primary, 'postgres', 'SELECT kind, count, sum FROM kinds ORDER BY 1');
like($expected, qr/^50\|500\|125250$/m, 'the primary shows them');
$primary->wait_for_catchup($standby);
is(quietly($standby, 'postgres', 'SELECT kind, count, sum FROM kinds ORDER BY 1'), $expected, 'and the standby');

# A query that was created just before, in a database that has none.
within($seconds, 'a new query is followed soon', sub {
    quietly($primary, 'young', 'CREATE TABLE event (n int)');
    quietly($primary, 'young', "SELECT weir.create_query('counted', 'SELECT count(*) FROM event')");
    quietly($primary, 'young', 'INSERT INTO event SELECT generate_series(1, 100)');
    $primary->wait_for_catchup($standby);
    return wait_until(sub { return quietly($standby, 'postgres', $holds) == 2; }, $seconds);
});

# Promotion.
$primary->stop('immediate');
$standby->promote;
quietly($standby, 'postgres', 'SELECT count(*) FROM event');
quietly($standby, 'postgres', 'VACUUM event');
is(quietly($standby, 'postgres', 'SELECT kind, count, sum FROM kinds ORDER BY 1'), $expected, 'promoted: exact at once');
within($seconds, 'promoted: it goes on', sub {
    quietly($standby, 'postgres', "SELECT weir.resume_query('kinds')");
    quietly($standby, 'postgres', 'INSERT INTO event VALUES (100, 1)');
    return quietly($standby, 'postgres', "SELECT weir.wait('kinds', '5 s')") eq 't';
}) or diag(quietly($standby, 'postgres', 'TABLE weir.queries'));
is(quietly($standby, 'postgres', 'SELECT kind, count, sum FROM kinds ORDER BY 1'), "$expected\n100|1|1", 'promoted: exact with the rows since');
within($seconds, 'promoted: so does the new query', sub {
    quietly($standby, 'young', 'DELETE FROM event WHERE n <= 50');
    quietly($standby, 'young', 'VACUUM event');
    quietly($standby, 'young', 'INSERT INTO event VALUES (101)');
    return quietly($standby, 'young', "SELECT weir.wait('counted', '5 s')") eq 't';
});
is(quietly($standby, 'young', 'SELECT (SELECT count FROM counted), (SELECT state FROM weir.queries)'), '101|running', 'promoted: with all rows');
is(quietly($standby, 'postgres', $holds), 2, 'promoted: each has its hold');
quietly($standby, 'postgres', "SELECT weir.drop_query('kinds')");
quietly($standby, 'young', "SELECT weir.drop_query('counted')");
ok(wait_until(sub { return quietly($standby, 'postgres', $holds) == 0; }, $seconds), 'promoted: the hold goes with the last query');
$standby->stop('immediate');

# A hold that was lost on the primary is not found again by a promotion.
$primary->start;
quietly($primary, 'postgres', "SELECT weir.resume_query('kinds')");
quietly($primary, 'postgres', "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'weir%'");
quietly($primary, 'postgres', 'INSERT INTO event VALUES (101, 1)');
my $state = "SELECT state || ': ' || remedy FROM weir.queries";
my $stale = "stale: SELECT weir.refresh_query('kinds')";
ok(wait_until(sub { return quietly($primary, 'postgres', $state) eq $stale; }, $seconds), 'a lost hold is told');
isnt(($primary->psql('postgres', 'TABLE kinds'))[0], 0, 'and the result not shown');
ok(wait_until(sub { return quietly($primary, 'postgres', 'SELECT h::text::bigint < 100 FROM weir.frontiers') eq 't'; }, $seconds), 'it is written down');
quietly($primary, 'postgres', "SELECT weir.refresh_query('kinds')");
quietly($primary, 'postgres', 'INSERT INTO event VALUES (101, 1)');
is(quietly($primary, 'postgres', "SELECT weir.wait('kinds', '10 s')"), 't', 'refreshed, it goes on');
is(quietly($primary, 'postgres', $differences), 0, 'exactly');
$primary->stop('immediate');
done_testing();
