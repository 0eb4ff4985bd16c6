# A standby: statements run there as if nothing were, and are counted; once it is promoted, what it
# captured is written, once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_weir_node('primary', streaming => 1, 'weir.ring_size' => 1024, 'hot_standby_feedback' => 'on');
my $directory = PostgreSQL::Test::Utils::tempdir();
$primary->safe_psql('postgres', 'CREATE DATABASE other');
$primary->safe_psql('other', 'CREATE EXTENSION pg_weir');
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
# One database can be recorded only when another has made room for it.
set_conf($standby, 'weir.max_databases' => 2);
$standby->start;

$primary->safe_psql('postgres', "SET weir.tenant = 'primary';\n" . "SELECT 1;\n" x 25);
flush($primary);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

sub of_primary
{
    my ($node) = @_;
    return logged_calls($node, 'postgres', "tenant_id = 'primary' AND query_type = 'SELECT'");
}
is(of_primary($standby), 25, 'the log of the primary is readable on the standby');

# More statements than the ring holds: they are folded, and none fails.
PostgreSQL::Test::Utils::append_to_file("$directory/read.sql",
    "SELECT count(*) FROM pg_class WHERE oid < 1000;\nSELECT 1;\n");
my $transactions = run_pgbench($standby, 'postgres', 'on_standby', '-c', 4, '-j', 2, '-t', 1500,
    '-f', "$directory/read.sql");
is($transactions, 6000, 'no statement fails on the standby');
my $r = law_holds($standby, 'postgres', 'on the standby: the law holds');
is($r->{captured}, 2 * $transactions, 'on the standby: every statement is captured');
cmp_ok($r->{folded}, '>', 0, 'on the standby: what did not fit was folded');
is($r->{flushed}, 0, 'on the standby: nothing is written');
is($r->{dropped}, 0, 'on the standby: nothing is dropped');

# Functions that write say what is the matter.
foreach my $function ('flush()', 'reset()')
{
    my ($status, undef, $err) = $standby->psql('postgres', "\\set VERBOSITY verbose\nSELECT weir.$function");
    isnt($status, 0, "weir.$function fails on a standby");
    like($err, qr/ERROR:  25006:/, 'as a read-only transaction does');
}
is($standby->safe_psql('postgres', "SELECT weir.log_query_stat('app', 'on_standby', NULL, 'SELECT', 1.5)"),
    't', 'an application may log there');
is(quietly($standby, 'postgres', "SELECT count(*) FROM weir.health() WHERE status = 'error'"), 0,
    'weir.health() sees no error in it');

# A database that is dropped on the primary vanishes from the standby in time, its worker too.
$standby->safe_psql('other', 'SELECT 1');
# Nothing is written here, so all that its sessions may fold stays folded.
my $short = "SET weir.min_duration = '1h';\n";
$standby->safe_psql('other', $short . join('', map { "SET weir.tenant = 't$_'; SELECT 1;\n" } 1 .. 50));
cmp_ok(ring($standby, 'other')->{folded_pending}, '>', 0, 'statements of a database wait folded');
ok(wait_for_worker($standby, 'other'), 'a worker waits on the standby for the promotion');
$primary->safe_psql('postgres', 'DROP DATABASE other');
within(10, 'DROP DATABASE is replayed',
    sub { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')); return 1; });
ok(!worker_pid($standby, 'other'), 'and its worker is gone');
sleep(3);
my $log = slurp_file($standby->logfile);
my @failures = $log =~ /FATAL:  database .* does not exist/g;
cmp_ok(scalar(@failures), '<=', 3, 'nobody keeps trying to start one');

# The extension dropped and created on the primary.
$primary->safe_psql('postgres', 'CREATE DATABASE third');
$primary->safe_psql('third', 'CREATE EXTENSION pg_weir');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('third', "SET weir.tenant = 'third'; SELECT 3"), 3, 'a new database on the standby');
ok( wait_until(
        sub {
            $standby->safe_psql('third', $short . 'SELECT 3');
            my ($status) = $standby->psql('third', 'SET weir.capture = off; SELECT weir.ring_status()');
            return $status == 0;
        }),
    'takes the place of the one that was dropped');
$standby->safe_psql('third', $short . 'SELECT 3');
cmp_ok(ring($standby, 'third')->{folded}, '>', 0, 'and finds room to fold');
$primary->safe_psql('third', 'DROP EXTENSION pg_weir');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('third', 'SELECT 4'), 4, 'whose extension is dropped again');

# Promotion, with readers at work.
my $load = start_pgbench($standby, 'postgres', 'meanwhile', '-c', 2, '-T', 4, '-f', "$directory/read.sql");
sleep(1);
my $before = of_primary($primary);
flush($primary);
my $all_of_primary = logged_calls($primary, 'postgres', 'true');
$primary->stop;
$standby->promote;
ok(wait_until(sub { return quietly($standby, 'postgres', 'SELECT NOT pg_is_in_recovery()') eq 't'; }), 'promoted');
within(10, 'the worker begins to write',
    sub { return wait_until(sub { return ring($standby)->{flushed} > 0; }, 10); });
my $meanwhile = finish_pgbench($load);
flush($standby);
my $dropped = ring($standby)->{dropped};
is($dropped, 0, 'nothing was dropped');
is(logged_calls($standby, 'postgres', "application_name = 'on_standby' AND toplevel"), 2 * $transactions,
    'what the standby captured is in the log, once');
is(logged_calls($standby, 'postgres', "application_name = 'meanwhile'"), 2 * $meanwhile,
    'what ran while it was promoted too');
is(logged_calls($standby, 'postgres', "tenant_id = 'app'"), 1, 'and what an application logged');
is(of_primary($standby), $before, 'what the primary had written is there once');
is(quietly($standby, 'postgres', 'SELECT count(*) - count(DISTINCT id) FROM weir.query_stats'), 0, 'ids are unique');
law_holds($standby, 'postgres', 'after the promotion: the law holds');
table_holds_what_was_flushed($standby, 'postgres',
    'after the promotion: the log holds what was flushed, on top of what the primary wrote', $all_of_primary);
is($standby->safe_psql('third', 'CREATE EXTENSION pg_weir; SELECT 5'), 5, 'an extension can be created there');
$standby->safe_psql('third', "SET weir.tenant = 'third'; SELECT 3");
flush($standby, 'third');
is(logged_calls($standby, 'third', "tenant_id = 'third' AND query_type = 'SELECT' AND created_at > now() - interval '1 minute'") > 0, 1, 'and records');

done_testing();
