# How fast questions are answered over many statements, and whether the worker keeps up with a busy
# server in both modes. The long tier takes a million statements and measures against the promises.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('busy', 'max_wal_size' => '4GB', 'shared_buffers' => '256MB');
my $statements = is_long() ? 1_000_000 : 60_000;

# Statements of 50 tenants and eight queries, spread over a day.
quietly($node, 'postgres', join('', map { "CREATE TABLE t$_ (a int PRIMARY KEY, b int);" } 1 .. 8) . <<'SQL');
CREATE PROCEDURE load(minutes int, per_minute int) LANGUAGE plpgsql AS $$
DECLARE
    kind int;
BEGIN
    FOR m IN 1 .. minutes LOOP
        PERFORM set_config('weir.clock_shift', (60 * (m - minutes)) || 's', false);
        FOR i IN 1 .. per_minute LOOP
            IF i % 4 = 1 THEN PERFORM set_config('weir.tenant', 't' || floor(50 * random() * random()), false); END IF;
            kind := floor(8 * random());
            CASE kind WHEN 0 THEN PERFORM count(*) FROM t1 WHERE a = i;
                WHEN 1 THEN PERFORM count(*) FROM t2 WHERE b = i;
                WHEN 2 THEN PERFORM count(*) FROM t3 WHERE b > i;
                WHEN 3 THEN PERFORM count(*) FROM t4;
                WHEN 4 THEN UPDATE t5 SET b = 2 WHERE a = i;
                WHEN 5 THEN UPDATE t6 SET b = 1 WHERE a = i;
                WHEN 6 THEN PERFORM * FROM t7 WHERE a = i;
                ELSE PERFORM a + b FROM t8 WHERE b = i; END CASE;
        END LOOP;
        IF m % 8 = 0 THEN COMMIT; PERFORM weir.flush(); END IF;
    END LOOP;
END $$;
SQL
$node->safe_psql('postgres', "SET weir.capture = 'all'; CALL load(1440, " . int($statements / 1440 / 1.25) . ')');
flush($node);
cmp_ok(logged_calls($node, 'postgres', 'true'), '>=', 0.95 * $statements, "$statements statements are in the log");
is(rolled_up_calls($node, 'postgres'), ring($node)->{flushed}, 'and in the roll-ups');

# Processor time, which other load on the machine does not stretch; the best of several.
sub milliseconds
{
    my ($question) = @_;
    my $repeated = join('', map { "SELECT count(*) FROM (SELECT * FROM $question) q;\n" } 1 .. 10);
    my $figures = quietly($node, 'postgres', <<"SQL");
SELECT * FROM $question LIMIT 0;
SELECT pg_backend_pid() AS pid \\gset
\\setenv BACKEND :pid
\\o /dev/null
$repeated
\\! awk '{print \$14 + \$15}' /proc/\$BACKEND/stat
$repeated
\\! awk '{print \$14 + \$15}' /proc/\$BACKEND/stat
SQL
    my ($before, $after) = split /\n/, $figures;
    return ($after - $before);    # ticks of 10 ms over 10 rounds
}
quietly($node, 'postgres', 'VACUUM ANALYZE weir.rollups_minute, weir.rollups_hour, weir.rollups_day, weir.rollup_kinds');
foreach my $question (
    'weir.statements', 'weir.tenant_stats', 'weir.field_usage', 'weir.statements_history()', 'weir.query_stats_summary()',
    "weir.query_stats_summary('1 day')", 'weir.slow_queries()', 'weir.workload()', 'weir.spikes()', 'weir.sustained()',
    'weir.errors()', 'weir.top()', 'weir.timeline()', 'weir.report()', 'weir.index_advice()')
{
    my $took = milliseconds($question);
    cmp_ok($took, '<', 100, "$question takes $took ms, less than 100");
}
my ($days, $bytes) = split /\|/, quietly($node, 'postgres', "SELECT count(*), sum(pg_column_size(d)) / count(*) FROM weir.rollups_day d");
diag("$days rows a day, $bytes bytes each");
cmp_ok($bytes, '<', 400, 'a row of a roll-up is short');

# 20,000 statements a second offered by several clients, as far as the machine can.
PostgreSQL::Test::Utils::run_log([ 'pgbench', '-i', '-q', '-s', '5', '-h', $node->host, '-p', $node->port, 'postgres' ]);
foreach my $store ('events', 'rollup')
{
    set_system($node, 'weir.store' => $store);
    flush($node);
    quietly($node, 'postgres', 'SELECT weir.reset()');
    my $seconds = is_long() ? 30 : 4;
    my $done = run_pgbench($node, 'postgres', 'offered', '-S', '-M', 'prepared', '-c', 8, '-j', 2, '-T', $seconds, '-R', 20_000);
    flush($node);
    my $r = ring($node);
    diag(sprintf('%s: %d statements a second, %d folded, %d flushes', $store, $done / $seconds, $r->{folded}, $r->{flushes}));
    is($r->{dropped}, 0, "weir.store = $store: nothing is dropped");
    is(quietly($node, 'postgres', "SELECT sum(calls) FROM weir.statements_history() WHERE application_name = 'offered' AND query LIKE 'SELECT abalance%'"),
        $done, 'and every statement counted');
    is(rolled_up_calls($node, 'postgres'), $r->{flushed}, 'as many as were flushed');
}

done_testing();
