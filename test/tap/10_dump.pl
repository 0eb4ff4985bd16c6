# Dumps restore without an error, with the extension and without its history; pg_upgrade keeps the
# history.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('source');
my $directory = PostgreSQL::Test::Utils::tempdir();
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', <<'SQL');
CREATE EXTENSION pg_weir;
CREATE ROLE watcher;
GRANT EXECUTE ON FUNCTION weir.flush() TO watcher;
CREATE TABLE things (id int PRIMARY KEY, name text);
INSERT INTO things SELECT g, 'thing ' || g FROM generate_series(1, 100) g;
CREATE VIEW slowest AS SELECT * FROM weir.statements ORDER BY max_exec_time DESC LIMIT 10;
CREATE FUNCTION latest() RETURNS timestamptz LANGUAGE sql AS 'SELECT max(created_at) FROM weir.query_stats';
SQL
$node->safe_psql('app', "SET weir.tenant = 'before';\n" . "SELECT * FROM things WHERE id = 1;\n" x 20);
flush($node, 'app');

# What a statement of the tenant 'before' and after says about a restored database.
sub check_restored
{
    my ($name, $db) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(quietly($node, $db, 'SELECT count(*) FROM things'), 100, "$name: the data is there");
    is(logged_calls($node, $db, "tenant_id = 'before'"), 0, "$name: the history is not");
    is( quietly($node, $db, "SELECT has_function_privilege('watcher', 'weir.flush()', 'EXECUTE') AND NOT has_function_privilege('public', 'weir.reset()', 'EXECUTE')"),
        't', "$name: privileges are as they were");
    $node->safe_psql($db, "SET weir.tenant = 'after';\n" . "SELECT * FROM things WHERE id = 2;\n" x 10);
    flush($node, $db);
    is(logged_calls($node, $db, "tenant_id = 'after' AND query_type = 'SELECT'"), 10, "$name: it records");
    cmp_ok(quietly($node, $db, 'SELECT count(*) FROM slowest WHERE latest() IS NOT NULL'), '>', 0,
        "$name: what was built on the log works");
    is( quietly($node, $db, "SELECT count(*) FROM pg_class c WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"),
        0, "$name: everything in the schema belongs to the extension");
    is(quietly($node, $db, 'SELECT count(*) FROM weir.interruptions'), 0, "$name: no interruption");
    return;
}

my @connection = ('-h', $node->host, '-p', $node->port);

sub run_well
{
    my ($name, @command) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($out, $err) = ('', '');
    my $ok = IPC::Run::run(\@command, '>', \$out, '2>', \$err);
    ok($ok && $err eq '', $name) or diag($out, $err);
    return;
}

run_well('pg_dump', 'pg_dump', @connection, '-f', "$directory/app.sql", 'app');
unlike(slurp_file("$directory/app.sql"), qr/CREATE TABLE weir\.|COPY weir\.(?!continuous_queries |dead_letter_rows |query_lanes |query_streams )/, 'holds no table of the extension but definitions and dead letters of continuous queries');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
run_well('psql restores it', 'psql', @connection, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$directory/app.sql", 'plain');
check_restored('psql', 'plain');

run_well('pg_dump -Fc', 'pg_dump', @connection, '-Fc', '-f', "$directory/app.dump", 'app');
$node->safe_psql('postgres', 'CREATE DATABASE custom');
run_well('pg_restore restores it', 'pg_restore', @connection, '-e', '-d', 'custom', "$directory/app.dump");
check_restored('pg_restore', 'custom');
run_well('pg_restore --clean does it again', 'pg_restore', @connection, '-e', '--clean', '--if-exists', '-d', 'custom', "$directory/app.dump");
check_restored('pg_restore --clean', 'custom');

run_well('pg_dump -Fd', 'pg_dump', @connection, '-Fd', '-j', 2, '-f', "$directory/app.dir", 'app');
$node->safe_psql('postgres', 'CREATE DATABASE directory');
run_well('pg_restore -j restores it', 'pg_restore', @connection, '-e', '-j', 2, '-d', 'directory', "$directory/app.dir");
check_restored('pg_restore -j', 'directory');

run_well('pg_dumpall', 'pg_dumpall', @connection, '-f', "$directory/all.sql");
my $elsewhere = new_weir_node('elsewhere', start => 0);
$elsewhere->start;
my ($status, undef, $err) = $elsewhere->psql('postgres', slurp_file("$directory/all.sql"), on_error_stop => 0);
is(join("\n", grep { /ERROR/ && !/role ".*" already exists/ } split /\n/, $err), '', 'pg_dumpall restores elsewhere');
is($elsewhere->safe_psql('app', 'SELECT count(*) FROM things'), 100, 'with the data');
$elsewhere->safe_psql('app', "SET weir.tenant = 'after'; SELECT 1; SELECT weir.flush()");
is(logged_calls($elsewhere, 'app', "tenant_id = 'after' AND query_type = 'SELECT' AND table_name IS NULL") > 0, 1, 'and records');
$elsewhere->stop;

# pg_upgrade to a new cluster of the same version: files are carried over with what is in them.
not_across(86400, 300);
flush($node, 'app');
my $history = "SELECT count(*), sum(calls), min(id), max(id), md5(string_agg(s::text, '|' ORDER BY id)) FROM weir.query_stats s WHERE tenant_id = 'before'";
my $texts = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY queryid, userid)) FROM weir.query_texts t";
my $before = quietly($node, 'app', $history);
my $texts_before = quietly($node, 'app', $texts);
my $partitions = "SELECT string_agg(c.relname || pg_get_expr(c.relpartbound, c.oid), ' ' ORDER BY 1) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'weir.query_stats'::regclass";
my $partitions_before = quietly($node, 'app', $partitions);
like($before, qr/^\d{2,}\|/, 'there is history to keep');
my $last_id = quietly($node, 'app', 'SELECT max(id) FROM weir.query_stats');
$node->stop;

# The new server need not load the library while it is upgraded.
my $new = new_weir_node('upgraded', start => 0, shared_preload_libraries => '');
my $bindir = $node->config_data('--bindir');
{
    chdir $directory or die "chdir: $!";
    my ($out, $error) = ('', '');
    my $ok = IPC::Run::run(
        [ 'pg_upgrade', '--no-sync', '-b', $bindir, '-B', $bindir, '-d', $node->data_dir, '-D', $new->data_dir,
            '-s', $new->host, '-p', $node->port, '-P', $new->port ],
        '>', \$out, '2>', \$error);
    ok($ok, 'pg_upgrade') or diag($out, $error, map { "== $_\n" . slurp_file($_) } glob($new->data_dir . '/pg_upgrade_output.d/*/{*.txt,log/*.log}'));
}
set_conf($new, shared_preload_libraries => 'pg_weir');
$new->start;
is(quietly($new, 'app', $history), $before, 'pg_upgrade keeps the history, byte by byte');
is(quietly($new, 'app', $texts), $texts_before, 'and the texts');
is(quietly($new, 'app', $partitions), $partitions_before, 'and the partitions');
is(quietly($new, 'app', 'SELECT count(*) FROM weir.interruptions'), 0, 'an upgrade is no interruption');
$new->safe_psql('app', "SET weir.tenant = 'upgraded';\n" . "SELECT * FROM things WHERE id = 2;\n" x 10);
flush($new, 'app');
is(logged_calls($new, 'app', "tenant_id = 'upgraded' AND query_type = 'SELECT'"), 10, 'records go on');
cmp_ok(quietly($new, 'app', "SELECT min(id) FROM weir.query_stats WHERE tenant_id = 'upgraded'"), '>', $last_id, 'with new ids');
is(quietly($new, 'app', $history), $before, 'and nothing of the history is written again');
$new->safe_psql('app', 'DROP VIEW slowest; DROP EXTENSION pg_weir');
is(quietly($new, 'app', "SELECT count(*) FROM pg_namespace WHERE nspname = 'weir'"), 0, 'the upgraded extension can be dropped');

done_testing();
