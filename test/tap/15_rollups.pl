# Roll-ups: equal to the log, to what pg_stat_statements counts, and bounded; and the advice that rests on
# them, on the small CRM.
use strict;
use warnings;
use File::Basename;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node(
    'rollups',
    'shared_preload_libraries' => 'pg_weir,pg_stat_statements',
    'pg_stat_statements.track' => 'top',
    'track_io_timing' => 'on',
    'max_wal_size' => '4GB');
quietly($node, 'postgres', 'CREATE EXTENSION pg_stat_statements');

# The same load with pg_stat_statements beside it. Both count from an empty start.
PostgreSQL::Test::Utils::run_log([ 'pgbench', '-i', '-q', '-s', '2', '-h', $node->host, '-p', $node->port, 'postgres' ]);
$node->safe_psql('postgres', 'SELECT pg_stat_statements_reset()');
quietly($node, 'postgres', 'SELECT weir.reset()');
my $transactions = is_long() ? 20_000 : 1_500;
run_pgbench($node, 'postgres', 'parity', '-c', 4, '-j', 2, '-M', 'prepared', '-t', $transactions, '-b', 'tpcb-like');
run_pgbench($node, 'postgres', 'parity', '-c', 4, '-j', 2, '-M', 'extended', '-t', $transactions, '-b', 'select-only');
$node->safe_psql('postgres', 'SELECT sum(abalance) FROM pgbench_accounts;' x 50);
flush($node);
my $join = "FROM weir.statements w JOIN pg_stat_statements p USING (queryid, userid, dbid, toplevel) WHERE p.query ~ 'pgbench_'";
is(quietly($node, 'postgres', "SELECT count(*) $join AND p.calls >= 1000"), 5, 'both have the queries of pgbench');
is( quietly($node, 'postgres', "SELECT count(*) FROM pg_stat_statements p WHERE p.query ~ 'pgbench_' AND NOT EXISTS (SELECT FROM weir.statements w WHERE w.queryid = p.queryid)"),
    0, 'neither has one more');
is( quietly($node, 'postgres', "SELECT string_agg(w.query, '; ') $join AND (w.calls - w.errors, w.rows) IS DISTINCT FROM (p.calls, p.rows)"),
    '', 'calls and rows are equal');
my @equal = qw(shared_blks_hit shared_blks_read shared_blks_dirtied shared_blks_written local_blks_hit local_blks_read
  temp_blks_read temp_blks_written wal_records wal_fpi wal_bytes jit_functions jit_emission_count);
is( quietly($node, 'postgres', 'SELECT string_agg(w.query, \'; \') ' . $join . ' AND ('
      . join(', ', map { "w.$_" } @equal) . ') IS DISTINCT FROM (' . join(', ', map { "p.$_" } @equal) . ')'),
    '', 'blocks and WAL are equal');
# Around the same execution both look at the clock, one inside the other: that takes a fixed part of a
# microsecond, which is more than 1 % of the shortest statements.
my $times = quietly($node, 'postgres',
    "SELECT string_agg(format('%s: %s ms and %s ms', w.query, w.total_exec_time, p.total_exec_time), '; ') $join AND p.calls >= 50
     AND abs(w.total_exec_time - p.total_exec_time) > greatest(0.01 * p.total_exec_time, 0.001 * p.calls)");
is($times, '', 'execution times are within 1 %, or a microsecond');
is(quietly($node, 'postgres', "SELECT count(*) $join AND p.calls = 50 AND p.mean_exec_time > 1 AND abs(w.total_exec_time / p.total_exec_time - 1) <= 0.01"),
    1, 'of a longer statement within 1 %');
is( quietly($node, 'postgres', "SELECT count(*) FROM (SELECT attname FROM pg_attribute WHERE attrelid = 'pg_stat_statements'::regclass AND attnum > 0
     EXCEPT SELECT attname FROM pg_attribute WHERE attrelid = 'weir.statements'::regclass) missing"),
    0, 'no column of pg_stat_statements is missing');

# Percentiles against the exact ones of the log.
is( quietly($node, 'postgres', <<'SQL'), '', 'percentiles are within 12.5 % of the exact ones');
SELECT string_agg(format('%s: %s for %s', query, got, exact), '; ')
  FROM (SELECT w.query, u.got, u.exact
          FROM weir.statements w,
               LATERAL (SELECT percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY q.duration_ms) AS e
                          FROM weir.query_stats q WHERE q.queryid = w.queryid AND q.userid = w.userid AND q.toplevel = w.toplevel) s,
               unnest(ARRAY[w.p50_exec_time, w.p95_exec_time, w.p99_exec_time], s.e) AS u (got, exact)
         WHERE w.calls >= 1000) p
 WHERE abs(got / exact - 1) > 0.125
SQL
table_holds_what_was_flushed($node, 'postgres', 'log and roll-ups hold what was flushed');

# Records of earlier times find their minute, hour and day, each once.
sub by_width { return quietly($node, 'postgres', "SELECT string_agg(n::text, ' ' ORDER BY minutes) FROM (SELECT minutes, (SELECT coalesce(sum(r.calls), 0) FROM weir.rollups r JOIN weir.rollup_kinds k USING (kind_id) WHERE r.minutes = w.minutes AND k.tenant_id = '$_[0]') AS n FROM (VALUES (1), (60), (1440)) w (minutes)) s"); }
sub logged_at
{
    my ($tenant, $shift, $times) = @_;
    quietly($node, 'postgres', "SET weir.clock_shift = '$shift'; SELECT count(weir.log_query_stat('$tenant', 't', NULL, 'SELECT', g)) FROM generate_series(1, $times) g; SELECT weir.flush()");
}
logged_at('earlier', '-7200s', 7);
is(by_width('earlier'), '7 7 7', 'a late record is in its minute, hour and day');
logged_at('earlier', '-200000s', 5);
is(by_width('earlier'), '7 12 12', 'one of another day in its hour and day');
logged_at('earlier', '-2592000s', 3);
is(by_width('earlier'), '7 12 15', 'one of a month ago in its day');
is(quietly($node, 'postgres', "SELECT sum(calls) FROM weir.tenant_stats WHERE tenant_id = 'earlier'"), 15, 'and all count once');
is(quietly($node, 'postgres', "SELECT count(*) FROM weir.sustained(3, 3, '60 days') WHERE tenant_id = 'earlier' AND days = 3"), 1,
    'three days with three statements are sustained use');

# Minutes that are over go into hours and days; this one is not.
not_across(60, 20);
logged_at('rolling', '0s', 11);
quietly($node, 'postgres', "UPDATE weir.rollups_minute SET bucket = bucket - interval '5 min' WHERE kind_id IN (SELECT kind_id FROM weir.rollup_kinds WHERE tenant_id = 'rolling'); UPDATE weir.rollup_state SET rolled_until = rolled_until - interval '10 min'");
my $first = worker_pid($node, 'postgres');
quietly($node, 'postgres', "SELECT pg_terminate_backend($first)");
wait_for_worker($node, 'postgres', $first);
logged_at('rolling', '0s', 2);
is(by_width('rolling'), '13 11 11', 'minutes that are over are summed up');
is(quietly($node, 'postgres', "SELECT sum(calls) FROM weir.tenant_stats WHERE tenant_id = 'rolling'"), 13, 'and nothing counts twice');

# Retention deletes minutes, hours and days, and kinds that nothing refers to.
quietly($node, 'postgres', "UPDATE weir.rollups_minute SET bucket = bucket - interval '7 h' WHERE kind_id IN (SELECT kind_id FROM weir.rollup_kinds WHERE tenant_id = 'rolling')");
set_system($node, 'weir.rollup_retention' => '10d');
ok( wait_until(sub { return by_width('earlier') eq '7 12 12' && by_width('rolling') =~ /^0 /; }, 30),
    'retention deletes what is older') or diag(by_width('earlier') . ', ' . by_width('rolling'));
set_system($node, 'weir.rollup_retention' => undef);

# Statements that differ in every text do not fill the tables.
quietly($node, 'postgres', 'SELECT weir.reset()');
set_system($node, 'weir.max_rollup_kinds' => 20);
# The worker reads settings before it serves whoever asks.
flush($node);
$node->safe_psql('postgres', join('', map { 'SELECT ' . join(',', (1) x $_) . ';' } 1 .. 200));
flush($node);
my ($kinds, $known, $others) = split /\|/, quietly($node, 'postgres',
    "SELECT count(*), count(queryid), (SELECT sum(calls) FROM weir.tenant_stats WHERE tenant_id = '__other__') FROM weir.rollup_kinds");
cmp_ok($kinds, '<=', 40, 'no more kinds than weir.max_rollup_kinds and some others');
cmp_ok($others, '>=', 150, 'the rest is summed up as others') or diag("$kinds kinds, $known queries");
table_holds_what_was_flushed($node, 'postgres', 'and nothing is lost');
set_system($node, 'weir.max_rollup_kinds' => undef);

# Roll-ups only.
set_system($node, 'weir.store' => 'rollup');
flush($node);
quietly($node, 'postgres', 'SELECT weir.reset()');
my $run = run_pgbench($node, 'postgres', 'rollup only', '-c', 4, '-j', 2, '-M', 'prepared', '-t', $transactions, '-b', 'select-only');
flush($node);
is(quietly($node, 'postgres', 'SELECT count(*) FROM weir.query_stats'), 0, 'weir.store = rollup writes no log');
is( quietly($node, 'postgres', "SELECT calls FROM weir.statements WHERE query LIKE 'SELECT abalance%' AND calls >= 4000"),
    4 * $transactions, 'and counts every statement');
is(rolled_up_calls($node, 'postgres'), ring($node)->{flushed}, 'roll-ups hold what was flushed');
law_holds($node, 'postgres', 'the law holds');
quietly($node, 'postgres', "ALTER TABLE weir.rollups_day ADD CHECK (calls < 0) NOT VALID; CREATE INDEX mine ON weir.rollups_minute (calls) WHERE calls > 1");
$node->safe_psql('postgres', 'SELECT 1');
my ($status, $out, $error) = $node->psql('postgres', 'SELECT weir.flush()');
like($error, qr/rollups_minute is not as pg_weir made it/, 'an index that cannot be kept up stops the flush, and says so');
quietly($node, 'postgres', 'DROP INDEX weir.mine');
flush($node);
is(rolled_up_calls($node, 'postgres'), ring($node)->{flushed}, 'nothing is lost by that');
set_system($node, 'weir.store' => undef);

# Advice on the medium CRM, with HypoPG and without it.
quietly($node, 'postgres', 'SELECT weir.reset()');
quietly($node, 'postgres', 'CREATE DATABASE crm');
quietly($node, 'crm', 'CREATE EXTENSION pg_weir');
my $crm = "$FindBin::Bin/../../bench/crm";
my @where = ('-h', $node->host, '-p', $node->port, '-d', 'crm');
PostgreSQL::Test::Utils::system_or_bail('psql', '-Xq', @where, '-f', "$crm/schema.sql");
PostgreSQL::Test::Utils::system_or_bail('psql', '-Xqo', '/dev/null', @where, '-v', 'tenants=50', '-v', 'contacts=2000', '-v', 'orgs=200',
    '-v', 'interactions=5000', '-v', 'seed=0.5', '-f', "$crm/seed.sql");
# Each operation begins with the choice of a tenant.
my $directory = PostgreSQL::Test::Utils::tempdir();
foreach my $operation (glob("$crm/queries/[qw]*.sql"))
{
    append_to_file("$directory/" . basename($operation), slurp_file("$crm/tenant.sql") . slurp_file($operation));
}
run_pgbench($node, 'crm', 'crm', '-c', 2, '-t', 1000, '-D', 'tenants=50', '-D', 'contacts=2000',
    map { ('-f', $_) } glob("$directory/*.sql"));
flush($node, 'crm');
my $advice = "SELECT column_name, verdict FROM weir.index_advice() WHERE table_name = '%s'::regclass ORDER BY 1";
sub advice_is
{
    my ($name) = @_;
    is(quietly($node, 'crm', sprintf($advice, 'contacts')),
        "custom_text_1|not_supported_by_planner\nemail|not_supported_by_planner\nid|existing_overlap\nphone|worth_benchmarking\ntenant_id|existing_overlap",
        "advice on contacts, $name");
    is(quietly($node, 'crm', sprintf($advice, 'organizations')), "industry|worth_benchmarking\ntenant_id|existing_overlap",
        "advice on organizations, $name");
    is(quietly($node, 'crm', "SELECT count(*) FROM weir.index_advice() WHERE calls > 0 AND total_ms > 0 AND rows_per_call IS NOT NULL AND reason <> '' AND (statement IS NOT NULL) = (verdict = 'worth_benchmarking')"),
        quietly($node, 'crm', 'SELECT count(*) FROM weir.index_advice()'), "each with its evidence, $name");
}
advice_is('by statistics');
is(quietly($node, 'crm', "SELECT count(*) FROM weir.index_advice(1000000)"), 0, 'nothing about what is rarely asked');
is(quietly($node, 'crm', "SELECT statement FROM weir.index_advice() WHERE column_name = 'phone'"),
    'CREATE INDEX CONCURRENTLY ON public.contacts (tenant_id, phone)', 'the statement names the columns');
SKIP:
{
    skip 'HypoPG is not installed', 5 unless quietly($node, 'crm', "SELECT count(*) FROM pg_available_extensions WHERE name = 'hypopg'");
    quietly($node, 'crm', 'CREATE EXTENSION hypopg');
    advice_is('by HypoPG');
    is(quietly($node, 'crm', "SELECT cost_after < cost_before / 2 FROM weir.index_advice() WHERE column_name = 'phone'"), 't', 'with a cost that falls');
    is(quietly($node, 'crm', "SELECT (SELECT count(*) FROM weir.index_advice()) > 0, (SELECT count(*) FROM hypopg())"), 't|0', 'and nothing stays behind');
}
is(quietly($node, 'crm', "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace"), 7,
    'no index was made or dropped');

done_testing();
