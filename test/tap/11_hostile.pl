# What users may do, by accident or not, that must not stop the recording of others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('hostile', 'weir.flush_interval' => '200ms', 'weir.max_tenants' => 20,
    'weir.text_buffer' => '16kB');
my $directory = PostgreSQL::Test::Utils::tempdir();
$node->safe_psql('postgres',
    "CREATE DATABASE unicode TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'; CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'; CREATE ROLE low LOGIN");
$node->safe_psql($_, 'CREATE EXTENSION pg_weir') foreach 'unicode', 'latin';

# One statement of an ordinary role, with the environment given; then all that was captured is written.
my $round = 0;

sub survives
{
    my ($name, $db, %environment) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    {
        local @ENV{ keys %environment } = values %environment;
        local $ENV{PGUSER} = 'low';
        my ($status) = attempt($node, $db, 'SELECT 1');
        note("psql exits with $status");
    }
    my $marker = 'after' . ++$round;
    $node->safe_psql($db, "SET weir.tenant = '$marker'; SELECT 1");
    my ($status, undef, $err) = $node->psql($db, 'SELECT weir.flush()');
    is($status, 0, "$name: flushing goes on") or diag($err);
    cmp_ok(logged_calls($node, $db, "tenant_id IN ('$marker', '__other__') AND created_at > now() - interval '10 s'"), '>=', 1,
        "$name: statements of others are in the log");
    return;
}

# Bytes that are no text, in settings that the startup packet carries unchecked.
foreach my $db ('unicode', 'latin')
{
    survives("$db: tenant that is no text", $db, PGOPTIONS => "-c weir.tenant=a\xffb\xc3");
    survives("$db: tenant of control characters", $db, PGOPTIONS => "-c weir.tenant=\x01\x7f\\\\\\\\");
    survives("$db: application name that is no text", $db, PGAPPNAME => "a\xffb");
    survives("$db: very long tenant", $db, PGOPTIONS => '-c weir.tenant=' . 'x' x 1000);
    $node->safe_psql('postgres', "ALTER DATABASE $db SET weir.tenant_setting = 'app.tenant'");
    survives("$db: tenant of another setting that is no text", $db, PGOPTIONS => "-c app.tenant=\xe2\x28\xa1");
    survives("$db: long tenant cut within a character", $db, PGOPTIONS => '-c app.tenant=' . "\xc3\xa4" x 100);
    survives("$db: long tenant that is no text", $db, PGOPTIONS => '-c app.tenant=' . "\xff" x 100);
    law_holds($node, $db, "$db: the law holds");
}

my $script = "$directory/tenants.sql";
PostgreSQL::Test::Utils::append_to_file($script, "\\set t random(1, 5000)\nSET weir.tenant = :t;\nSELECT 1;\n");

# An ordinary role cannot hide, nor see others, nor change the log.
foreach my $statement (
    'SET weir.capture = off', 'SET weir.min_duration = 1000', 'SET weir.sample_rate = 0',
    "SET weir.failpoint = 'x'", 'SET weir.capture_texts = off', "SET weir.clock_shift = 100000",
    'SELECT weir.flush()', 'SELECT weir.reset()', 'SELECT weir.ring_status()', 'DELETE FROM weir.query_stats',
    'TRUNCATE weir.query_stats', 'INSERT INTO weir.query_texts VALUES (1, 1, \'x\', now())', 'BEGIN; LOCK TABLE weir.query_stats IN SHARE MODE',
    'UPDATE weir.flush_state SET position = 0', 'SELECT * FROM weir.flush_state',
    "ALTER ROLE low SET weir.capture = off")
{
    local $ENV{PGUSER} = 'low';
    my ($status, undef, $err) = $node->psql('unicode', "\\set VERBOSITY verbose\n$statement");
    ok($status != 0 && $err =~ /ERROR:  42501:/, "$statement: permission denied") or diag($err);
}
{
    local $ENV{PGUSER} = 'low';
    is($node->safe_psql('unicode', "SELECT count(*) FROM weir.query_stats WHERE userid <> 'low'::regrole"), 0, 'a role sees rows of its own');
}

# A partition of somebody's own that holds a whole month: its days need none of their own.
$node->safe_psql('unicode', <<'SQL');
CREATE TABLE month (LIKE weir.query_stats);
DO $$
DECLARE
    start timestamptz := date_trunc('month', now() + interval '40 days');
BEGIN
    EXECUTE format('ALTER TABLE weir.query_stats ATTACH PARTITION month FOR VALUES FROM (%L) TO (%L)',
                   start, start + interval '1 month');
    PERFORM set_config('weir.clock_shift', extract(epoch FROM start + interval '10 days' - now())::int::text, false);
END $$;
SET weir.tenant = 'month';
SELECT 1;
SQL
my ($flushed, undef, $why) = $node->psql('unicode', 'SELECT weir.flush()');
is($flushed, 0, 'a partition that holds the day already: flushing goes on') or diag($why);
cmp_ok(quietly($node, 'unicode', 'SELECT count(*) FROM month'), '>', 0, 'and takes its records');

# Sessions that end in every way: what they had finished is counted.
$node->safe_psql('unicode', 'SELECT weir.reset()');
foreach my $n (1 .. 20)
{
    my $session = $node->background_psql('unicode');
    my $pid = $session->query("SET weir.tenant = 'ending'; SELECT 'ending'; SELECT pg_backend_pid()");
    $pid =~ s/.*\n//s;
    if ($n % 2) { quietly($node, 'postgres', "SELECT pg_terminate_backend($pid)"); }
    else { kill 'TERM', $pid; }
    wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid") == 0; });
    eval { $session->quit };
}
flush($node, 'unicode');
is(logged_calls($node, 'unicode', "tenant_id = 'ending' AND query_type = 'SELECT'"), 40, 'sessions that were terminated: what they had done is there');
law_holds($node, 'unicode', 'sessions that were terminated: the law holds');

# Statements that are cancelled while the ring is small, and calls of weir.flush() by many at once.
my $flushes = "$directory/flush.sql";
PostgreSQL::Test::Utils::append_to_file($flushes, "SELECT weir.flush();\n");
my $load = start_pgbench($node, 'unicode', 'load', '-c', 4, '-t', 1000, '-f', $script);
my $done = run_pgbench($node, 'unicode', 'flushers', '-c', 8, '-j', 2, '-t', 100, '-f', $flushes);
is($done, 800, 'many sessions flush at once, none fails');
my $transactions = finish_pgbench($load);
flush($node, 'unicode');
is(logged_calls($node, 'unicode', "application_name = 'load'"), 2 * $transactions, 'and all statements are in the log');

# weir.reset() under load: what is counted afterwards is consistent.
$load = start_pgbench($node, 'unicode', 'load', '-c', 4, '-T', 4, '-R', 500, '-f', $script);
for my $n (1 .. 8)
{
    within(5, "weir.reset() under load, $n", sub { quietly($node, 'unicode', 'SELECT weir.reset()'); return 1; });
    sleep(0.2);
}
finish_pgbench($load);
law_holds($node, 'unicode', 'weir.reset() under load: the law holds');
table_holds_what_was_flushed($node, 'unicode', 'weir.reset() under load: the log holds what was flushed');

# Names that the table has no room for.
$transactions = run_pgbench($node, 'unicode', 'many', '-U', 'low', '-c', 4, '-t', 500, '-f', $script);
flush($node, 'unicode');
is(logged_calls($node, 'unicode', "application_name = 'many'"), 2 * $transactions, 'more tenants than weir.max_tenants: all is counted');
cmp_ok(logged_calls($node, 'unicode', "tenant_id = '__other__'"), '>', 0, 'the rest under one name');
cmp_ok(quietly($node, 'unicode', 'SELECT count(DISTINCT tenant_id) FROM weir.query_stats'), '<=', 22, 'and no more than that');

# Thousands of different statements, more text than the buffer holds, thousands of application names.
my $statements = '';
foreach my $n (1 .. 2000)
{
    $statements .= "SELECT $n AS a, " . join(', ', map { "1 AS c${n}_$_" } 1 .. 1 + $n % 40) . ";\n";
}
foreach my $n (1 .. 6000) { $statements .= "SET application_name = 'app$n'; SELECT 1;\n"; }
{
    local $ENV{PGUSER} = 'low';
    local $ENV{PGOPTIONS} = '-c weir.tenant=flood';
    $node->safe_psql('unicode', $statements);
}
flush($node, 'unicode');
is(logged_calls($node, 'unicode', "tenant_id = '__other__' AND query_type = 'SELECT' AND userid = 'low'::regrole AND application_name <> 'many'")
      + logged_calls($node, 'unicode', "tenant_id = 'flood' AND query_type = 'SELECT'"),
    8000, 'a flood of texts and names: all is counted');
my $r = law_holds($node, 'unicode', 'a flood of texts and names: the law holds');
is($r->{dropped}, 0, 'a flood of texts and names: nothing is dropped');
cmp_ok($r->{names_rejected}, '>', 0, 'names beyond the table are counted');

# weir.flush() can be cancelled.
set_system($node, 'weir.failpoint' => 'flush.before_commit:sleep');
my (undef, undef, $err) = $node->psql('unicode', "SELECT 1; SET statement_timeout = 300; SELECT weir.flush()");
like($err, qr/canceling statement due to statement timeout/, 'weir.flush() heeds a statement timeout');
set_system($node, 'weir.failpoint' => undef);
flush($node, 'unicode');
law_holds($node, 'unicode', 'at last: the law holds');

done_testing();
