# What else the server does and what databases set, and the worker writes all the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('surroundings', streaming => 1, 'max_prepared_transactions' => 4);

# Statements under a tenant's name, then whatever else that session does.
sub record
{
    my ($db, $tenant, $then) = @_;
    $node->safe_psql($db, "SET weir.tenant = '$tenant';\n" . "SELECT 1;\n" x 10 . "SET weir.tenant = '';\n" . ($then // ''));
    return;
}

sub is_recorded
{
    my ($db, $tenant, $n, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, undef, $err) = $node->psql($db, "SET statement_timeout = '20s'; SELECT weir.flush()");
    diag($err) if $status != 0;
    is(logged_calls($node, $db, "tenant_id = '$tenant' AND query_type = 'SELECT'"), $n, $name);
    return;
}

sub extension_database
{
    my ($db, $settings) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $db");
    $node->safe_psql('postgres', "ALTER DATABASE $db SET $_") foreach @{ $settings // [] };
    $node->safe_psql($db, 'CREATE EXTENSION pg_weir');
    return;
}

# A publication of all tables takes the extension's along.
record('postgres', 'before');
is_recorded('postgres', 'before', 10, 'records are written');
$node->safe_psql('postgres', 'CREATE PUBLICATION everything FOR ALL TABLES');
record('postgres', 'published');
is_recorded('postgres', 'published', 10, 'and with a publication of all tables');
is(quietly($node, 'postgres', <<'SQL'), '', 'no table that the worker updates or deletes from lacks an identity');
SELECT string_agg(c.relname, ' ') FROM pg_class c
 WHERE c.relnamespace = 'weir'::regnamespace AND c.relkind = 'r' AND c.relreplident = 'd'
   AND c.relname ~ '^(flush_state|query_texts|rollup)'
   AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
SQL
$node->safe_psql('postgres', 'DROP PUBLICATION everything');

# Strings as they were long ago: partitions are found by a pattern.
extension_database('oldfashioned', ['standard_conforming_strings = off', 'escape_string_warning = off']);
record('oldfashioned', 'old');
is_recorded('oldfashioned', 'old', 10, 'records are written without standard_conforming_strings');
ok( wait_until(
        sub {
            return quietly($node, 'oldfashioned',
                "SELECT count(*) FROM pg_inherits WHERE inhparent = 'weir.query_stats'::regclass") >= 3;
        }),
    'partitions are made ahead');
is(quietly($node, 'oldfashioned', "SELECT status FROM weir.health() WHERE check_name = 'partitions'"),
    'ok', 'and found');
# Their text is quoted as the setting says.
my $functions = <<'SQL';
SET standard_conforming_strings = on;
SELECT count(*), md5(string_agg(pg_get_functiondef(oid), '' ORDER BY oid::regprocedure::text)) FROM pg_proc
 WHERE pronamespace = 'weir'::regnamespace AND prokind <> 'a'
SQL
is(quietly($node, 'oldfashioned', $functions), quietly($node, 'postgres', $functions), 'functions are what they are elsewhere');

# DROP and CREATE EXTENSION, prepared.
extension_database('twophase');
record('twophase', 'waits', "BEGIN; DROP EXTENSION pg_weir; PREPARE TRANSACTION 'gone';\nSELECT 1;\nROLLBACK PREPARED 'gone';");
is_recorded('twophase', 'waits', 10, 'a prepared DROP EXTENSION that is rolled back throws nothing away');
$node->safe_psql('twophase', "BEGIN; DROP EXTENSION pg_weir; PREPARE TRANSACTION 'gone';");
record('twophase', 'late');
$node->safe_psql('twophase', "COMMIT PREPARED 'gone'");
record('twophase', 'late');
ok(wait_until(sub { return !worker_pid($node, 'twophase'); }), 'the worker leaves once it is committed');
$node->safe_psql('twophase', "BEGIN; CREATE EXTENSION pg_weir; PREPARE TRANSACTION 'come';");
record('twophase', 'early');
$node->safe_psql('twophase', "COMMIT PREPARED 'come';\nSELECT 1;");
record('twophase', 'again');
is_recorded('twophase', 'again', 10, 'a prepared CREATE EXTENSION records once it is committed');
is(logged_calls($node, 'twophase', "tenant_id IN ('late', 'early')"), 0, 'and nothing of before');

# Flushes that fail do not use up the kinds of a day.
set_system($node, 'weir.max_rollup_kinds' => 40, 'weir.failpoint' => 'flush.after_insert:error');
my $errors = ring($node)->{flush_errors};
quietly($node, 'postgres', "SELECT count(weir.log_query_stat('kind' || i, 't', NULL, 'SELECT', 1)) FROM generate_series(1, 30) i");
ok(wait_until(sub { attempt($node, 'postgres', 'SET weir.capture = off; SELECT weir.flush()'); return ring($node)->{flush_errors} >= $errors + 4; }),
    'flushes fail');
set_system($node, 'weir.failpoint' => undef);
flush($node);
is(quietly($node, 'postgres', "SELECT count(DISTINCT tenant_id) FROM weir.rollup_rows WHERE tenant_id LIKE 'kind%'"), 30,
    'and their kinds keep their names');
set_system($node, 'weir.max_rollup_kinds' => undef);

# A synchronous standby that is missing: whoever has asked for it waits, the worker does not.
$node->safe_psql('postgres', 'CREATE TABLE written ()');
set_system($node, 'synchronous_standby_names' => 'missing');
ok(wait_until(sub { return $node->safe_psql('postgres', 'SHOW synchronous_standby_names') eq 'missing'; }), 'a standby is missing');
# A worker that was there before hears of it, and so does one that comes now.
record('postgres', 'alone');
is_recorded('postgres', 'alone', 10, 'records are written without the standby');
set_system($node, 'synchronous_commit' => 'remote_apply');
my $pid = worker_pid($node, 'postgres');
quietly($node, 'postgres', "SELECT pg_terminate_backend($pid)");
ok(wait_for_worker($node, 'postgres', $pid), 'a worker comes');
record('postgres', 'still alone');
is_recorded('postgres', 'still alone', 10, 'and writes');
set_system($node, 'synchronous_commit' => 'on');
record('postgres', 'at stop');
within(30, 'the server stops', sub { $node->stop('fast'); return 1; });

done_testing();
