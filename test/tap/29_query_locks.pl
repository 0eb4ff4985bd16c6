# Who drops, creates and attaches while steps run: locks are taken in one order, and nobody is in a deadlock.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('locks', 'max_worker_processes' => 20, 'wal_level' => 'replica', 'max_wal_senders' => 4,
    'deadlock_timeout' => '300ms');
$node->safe_psql('postgres', 'CREATE TABLE other (n int)');

sub make_query
{
    $node->safe_psql('postgres', <<'SQL');
CREATE TABLE event (k int, v int);
INSERT INTO event SELECT g % 5, g FROM generate_series(1, 100) g;
SELECT weir.create_query('by_key', 'SELECT k, count(*), min(v) FROM event GROUP BY k', on_delete => 'retract');
SQL
    ok(quietly($node, 'postgres', "SELECT weir.wait('by_key')") eq 't', 'a query over changes has caught up');
    return;
}

# Leaves the worker in the middle of a step, for a second.
sub stop_in_step
{
    set_system($node, 'weir.failpoint' => 'step.after_insert:sleep:1');
    quietly($node, 'postgres', 'DELETE FROM event WHERE v < 10');
    ok(wait_until(sub {
        return quietly($node, 'postgres', "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname LIKE 'q%\\_new' AND l.pid <> pg_backend_pid()") > 0;
    }, 5), 'a step is under way');
    return;
}

# A session in the middle of a change, which waits for a lock of the given kind.
sub waiting_session
{
    my ($change, $kind) = @_;
    my $session = $node->background_psql('postgres', on_error_stop => 0);
    $session->query_until(qr/changing/, "\\echo changing\nSELECT $change;\n");
    ok(wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM pg_locks WHERE $kind AND NOT granted") == 1; }, 5), "$change waits");
    return $session;
}

# Its objects are locked by the step, and those that it is going to lock by the command.
foreach my $drop ('DROP VIEW by_key', 'DROP TABLE event CASCADE')
{
    make_query();
    stop_in_step();
    my ($code, $out, $error) = $node->psql('postgres', $drop);
    is($code, 0, "$drop during a step") or diag($error);
    set_system($node, 'weir.failpoint' => undef);
    $node->safe_psql('postgres', 'DROP TABLE IF EXISTS event CASCADE');
    ok(wait_until(sub { return quietly($node, 'postgres', 'SELECT count(*) FROM weir.continuous_queries') == 0; }, 20), 'nothing of the query is left');
}

# Tables that somebody locks in another order than a step: the step gives way, whoever came first.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE event (k int, v int);
CREATE TABLE kind (k int, name text);
INSERT INTO kind SELECT g, 'kind ' || g FROM generate_series(0, 4) g;
SELECT weir.create_query('by_kind', 'SELECT name, count(*) FROM event JOIN kind USING (k) GROUP BY name', tick => '1 s');
SQL
foreach my $round (1 .. 3)
{
    my $locker = $node->background_psql('postgres');
    my $insert = 'INSERT INTO event SELECT g % 5, g FROM generate_series(1, 50) g';
    quietly($node, 'postgres', "$insert; SELECT weir.wait('by_kind')");
    $locker->query_safe("$insert; BEGIN; LOCK TABLE kind");
    ok(wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM pg_locks WHERE relation = 'kind'::regclass AND NOT granted") == 1; }, 5), 'a step waits for a table');
    sleep(0.5);  # until a step that goes on waiting would not look for a deadlock any more
    $locker->query_safe('LOCK TABLE event; COMMIT');
    $locker->quit;
    is(quietly($node, 'postgres', "SELECT weir.wait('by_kind'), (SELECT sum(count) FROM by_kind)"), 't|' . $round * 100, 'and counts its rows afterwards');
}
$node->safe_psql('postgres', "SELECT weir.drop_query('by_kind'); DROP TABLE event, kind");

# Whoever creates a query has the turn, and then looks at its tables.
make_query();
{
    my $creator = $node->background_psql('postgres');
    $creator->query_safe("BEGIN; SELECT weir.create_query('of_other', 'SELECT count(*) FROM other')");
    my $dropper = $node->background_psql('postgres');
    $dropper->query_until(qr/dropping/, "\\echo dropping\nSELECT weir.drop_query('by_key');\n");
    ok(wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND NOT granted") == 1; }, 5), 'drop_query() waits');
    $creator->query_safe("SELECT weir.create_query('by_value', 'SELECT v, count(*) FROM event GROUP BY v'); COMMIT");
    $dropper->query_safe('SELECT 1');
    is(quietly($node, 'postgres', "SELECT string_agg(name::text, ' ' ORDER BY name::text) FROM weir.queries"), 'by_value of_other', 'one was dropped and two were made');
    $creator->quit;
    $dropper->quit;
}

# A table that is to come waits for its turn before anybody has to wait for it.
$node->safe_psql('postgres', 'CREATE TABLE part (n int) PARTITION BY LIST (n); CREATE TABLE part_1 (n int); INSERT INTO part_1 VALUES (1)');
{
    my $creator = $node->background_psql('postgres');
    $creator->query_safe("BEGIN; SELECT weir.create_query('of_part', 'SELECT n, count(*) FROM part GROUP BY n')");
    my $attacher = $node->background_psql('postgres');
    $attacher->query_until(qr/attaching/, "\\echo attaching\nALTER TABLE part ATTACH PARTITION part_1 FOR VALUES IN (1);\n");
    ok(wait_until(sub { return quietly($node, 'postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND NOT granted") == 1; }, 5), 'ATTACH PARTITION waits');
    is(quietly($node, 'postgres', "SET lock_timeout = '1s'; SELECT count(*) FROM part_1"), 1, 'and locks no table meanwhile');
    $creator->query_safe("SELECT weir.create_query('of_part_1', 'SELECT count(*) FROM part_1'); COMMIT");
    $attacher->query_until(qr/attached/, "\\echo attached\n");
    like($attacher->{stderr}, qr/waiting for a continuous query/, 'and is told why');
    is(quietly($node, 'postgres', 'SELECT count FROM of_part'), 1, 'the rows that it came with are counted');
    $creator->quit;
    $attacher->quit;
}

# Rows are not made anew below a query that has just begun to count them.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE trade (id int);
INSERT INTO trade SELECT g FROM generate_series(1, 100) g;
SELECT weir.create_query('kept', 'SELECT id FROM trade');
SQL
foreach my $change ("weir.refresh_query('kept')", "weir.alter_query('kept', 'SELECT id FROM trade WHERE id > 1')")
{
    my $creator = $node->background_psql('postgres');
    $creator->query_safe("BEGIN; SELECT weir.create_query('counted', 'SELECT count(*) FROM kept')");
    my $changer = waiting_session($change, "locktype = 'object'");
    $creator->query_safe('COMMIT');
    $changer->query_until(qr/changed/, "\\echo changed\n");
    like($changer->{stderr}, qr/cannot rebuild "kept": continuous query .*counted.* has counted its rows/, 'and sees who reads the rows');
    is(quietly($node, 'postgres', "SELECT weir.wait('counted'), count FROM counted"), 't|100', 'which count once');
    $node->safe_psql('postgres', "SELECT weir.drop_query('counted')");
    $creator->quit;
    $changer->quit;
}

# Who changes a query that somebody else is changing gets it as it is then.
foreach my $change ("weir.alter_query('kept', 'SELECT id FROM trade WHERE id > 2', tick => '2 s')", "weir.refresh_query('kept')",
    "weir.pause_query('kept')", "weir.drop_query('kept')")
{
    my $first = $node->background_psql('postgres');
    $first->query_safe("BEGIN; SELECT weir.alter_query('kept', 'SELECT id FROM trade WHERE id > 1')");
    my $second = waiting_session($change, 'true');
    $first->query_safe('COMMIT');
    $second->query_until(qr/changed/, "\\echo changed\n");
    is($second->{stderr} =~ s/^background_psql: .*\n//rmg, '', 'and does what it was asked');
    is(quietly($node, 'postgres', 'SELECT count(*) FROM weir.frontiers f FULL JOIN weir.continuous_queries q ON q.id = f.query_id WHERE f.query_id IS NULL OR q.id IS NULL'), 0, 'nothing is left of what there was');
    $first->quit;
    $second->quit;
    is(quietly($node, 'postgres', "SELECT state FROM weir.queries WHERE name::text = 'kept'"), 'paused', 'it is paused') if $change =~ /pause/;
}

# What comes after the extension in its transaction asks nothing of it.
foreach my $command ('TRUNCATE event', 'DROP TABLE event', 'ALTER TABLE part DETACH PARTITION part_1')
{
    is(($node->psql('postgres', "BEGIN; DROP EXTENSION pg_weir CASCADE; $command; ROLLBACK"))[0], 0, "$command after DROP EXTENSION");
}

my $log = slurp_file($node->logfile);
unlike($log, qr/deadlock detected/, 'nobody was in a deadlock');
unlike($log, qr/continuous query \d+ failed/, 'and no step failed for want of what was dropped');
done_testing();
