# Tortures a continuous query: writers of every kind, maintenance, kills, and a comparison of what is
# read with a ledger of all rows, again and again, each in one snapshot.
package Torture;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use Weir;

our @EXPORT = qw(ask differences_of start_torture torture stop_torture abandon_torture query_subject query_missing
  retract_subject chain_subject);

# A partitioned table, one of whose partitions has other attribute numbers; long values out of line;
# and the ledger, which nobody updates or deletes from. Both hold when the row's transaction began.
my $schema = <<'SQL';
CREATE TABLE src (part int, k int, v bigint, u int, pad text, at timestamptz DEFAULT now(), UNIQUE (part, u)) PARTITION BY LIST (part);
CREATE TABLE src_0 PARTITION OF src FOR VALUES IN (0);
CREATE TABLE src_1 (dropped text, pad text, k int, at timestamptz DEFAULT now(), part int, u int, v bigint);
ALTER TABLE src_1 DROP COLUMN dropped;
ALTER TABLE src ATTACH PARTITION src_1 FOR VALUES IN (1);
CREATE TABLE src_2 PARTITION OF src FOR VALUES IN (2) WITH (fillfactor = 70);
CREATE TABLE src_3 PARTITION OF src FOR VALUES IN (3);
ALTER TABLE src_0 ALTER pad SET STORAGE EXTERNAL;
ALTER TABLE src_1 ALTER pad SET STORAGE EXTERNAL;
CREATE INDEX src_k ON src (k);
CREATE TABLE ledger (k int, v bigint, h bigint, at timestamptz DEFAULT now());
CREATE SEQUENCE guest_v;
CREATE TABLE guest_new (k int, v bigint, h bigint);
CREATE TABLE guest_seen (at timestamptz);
CREATE FUNCTION long_pad() RETURNS text LANGUAGE sql VOLATILE AS
  $$SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 100)$$;
CREATE FUNCTION add_rows(n int, at int DEFAULT NULL) RETURNS void LANGUAGE sql VOLATILE AS $$
  WITH added AS (
    INSERT INTO src (part, k, v, pad)
    SELECT coalesce(at, (random() * 3)::int), (random() * 19)::int, (random() * 1000000)::bigint,
           CASE WHEN random() < 0.02 THEN long_pad() END
    FROM generate_series(1, n)
    RETURNING k, v, hashtext(pad) AS h)
  INSERT INTO ledger SELECT * FROM added $$;
-- Leaves the other partitions, and their parent, to whoever wants them for himself.
CREATE FUNCTION add_to_last(n int) RETURNS void LANGUAGE sql VOLATILE AS $$
  WITH added AS (
    INSERT INTO src_3 (part, k, v) SELECT 3, (random() * 19)::int, (random() * 1000000)::bigint
    FROM generate_series(1, n) RETURNING k, v, hashtext(pad))
  INSERT INTO ledger SELECT * FROM added $$;
-- Insertions that find another's value are taken back.
CREATE FUNCTION add_unless_there(n int) RETURNS void LANGUAGE sql VOLATILE AS $$
  WITH added AS (
    INSERT INTO src (part, k, v, u)
    SELECT (random() * 3)::int, (random() * 19)::int, (random() * 1000000)::bigint, (random() * 2000)::int
    FROM generate_series(1, n)
    ON CONFLICT DO NOTHING RETURNING k, v, hashtext(pad))
  INSERT INTO ledger SELECT * FROM added $$;
CREATE FUNCTION add_in_blocks(n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. n LOOP
    BEGIN
      PERFORM add_rows(1);
      IF random() < 0.3 THEN RAISE EXCEPTION 'not this one'; END IF;
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END $$;
CREATE FUNCTION some_rows(n int) RETURNS TABLE (t oid, c tid) LANGUAGE sql VOLATILE AS
  $$SELECT tableoid, ctid FROM src WHERE k = (random() * 19)::int LIMIT n FOR UPDATE SKIP LOCKED$$;
CREATE FUNCTION last_rows(n int) RETURNS TABLE (t oid, c tid) LANGUAGE sql VOLATILE AS
  $$SELECT tableoid, ctid FROM src WHERE k = (random() * 19)::int ORDER BY ctid DESC LIMIT n FOR UPDATE SKIP LOCKED$$;
SQL

# Weight and text of each kind of transaction.
my @writers = (
    [ 10, 'single', 'SELECT add_rows(1);' ],
    [ 4, 'many', "\\set n random(2, 200)\nSELECT add_rows(:n);" ],
    [ 3, 'savepoints',
        "BEGIN;\nSELECT add_rows(2);\nSAVEPOINT a;\nSELECT add_rows(3);\nROLLBACK TO a;\nSELECT add_rows(1);\nSAVEPOINT b;\nSELECT add_rows(2);\nRELEASE b;\nCOMMIT;"
    ],
    [ 2, 'blocks', "\\set n random(1, 90)\nSELECT add_in_blocks(:n);" ],
    [ 2, 'rollback', "BEGIN;\nSELECT add_rows(20);\nROLLBACK;" ],
    [ 3, 'conflicts', 'SELECT add_unless_there(5);' ],
    [ 4, 'update', "UPDATE src SET v = v + 1 WHERE (tableoid, ctid) IN (SELECT t, c FROM some_rows(20));" ],
    [ 4, 'delete', "DELETE FROM src WHERE (tableoid, ctid) IN (SELECT t, c FROM last_rows(60));" ],
    [ 2, 'insert_and_delete',
        "BEGIN;\nSELECT add_rows(5);\nDELETE FROM src WHERE (tableoid, ctid) IN (SELECT t, c FROM last_rows(40));\nCOMMIT;"
    ],
    [ 1, 'insert_and_update',
        "BEGIN;\nSELECT add_rows(5);\nUPDATE src SET v = v + 1 WHERE (tableoid, ctid) IN (SELECT t, c FROM some_rows(200));\nSELECT add_rows(1);\nCOMMIT;"
    ],
    [ 1, 'copy', "BEGIN;\nCOPY src (part, k, v) FROM '%s/rows';\nCOPY ledger (k, v) FROM '%s/ledger';\nCOMMIT;" ],
    [ 1, 'prepared',
        "\\set n random(1, 2000000000)\nBEGIN;\nSELECT add_rows(3);\nPREPARE TRANSACTION 'p:n:client_id';\n\\sleep 400 ms\nCOMMIT PREPARED 'p:n:client_id';" ],
);

my $expected = 'SELECT k, count(*)::bigint AS n, sum(v)::bigint AS v, coalesce(sum(h), 0)::bigint AS h FROM ledger GROUP BY k';

sub differences_of
{
    my ($view, $definition) = @_;
    return
      "(SELECT count(*) FROM ((SELECT * FROM $view EXCEPT ALL $definition) UNION ALL ($definition EXCEPT ALL SELECT * FROM $view)) d)";
}
my $differing;

# Of the running torture.
my ($node, $subject, $directory, $log_start, @runs, %log);

sub write_scripts
{
    my $long = is_long() ? 20 : 6;
    my @all = (@writers, @{ $subject->{writers} // [] }, [ 0, 'long', "BEGIN;\nSELECT add_to_last(2);\nSELECT pg_sleep($long);\nSELECT add_to_last(2);\nCOMMIT;\n\\sleep 1 s" ]);
    foreach my $writer (@all)
    {
        my ($weight, $name, $text) = @$writer;
        $text =~ s/%s/$directory/g;
        PostgreSQL::Test::Utils::append_to_file("$directory/$name.sql", "$text\n");
    }
    foreach (1 .. 300)
    {
        my ($k, $v) = (int(rand(20)), int(rand(1000000)));
        PostgreSQL::Test::Utils::append_to_file("$directory/rows", int(rand(4)) . "\t$k\t$v\n");
        PostgreSQL::Test::Utils::append_to_file("$directory/ledger", "$k\t$v\n");
    }
    PostgreSQL::Test::Utils::append_to_file("$directory/tick.sql", $subject->{tick});
}

# The subject is what is tested: `create` makes the state and a view `live` (k, n, v, h) over it,
# `tick` is a pgbench script that takes a step (empty when somebody else does), `drained` says
# whether partition src_4 has no new rows; `each` is called between comparisons.
sub start_torture
{
    ($node, $subject) = @_;
    $differing = $subject->{differing} // 'SELECT ' . differences_of('live', $expected);
    $directory = PostgreSQL::Test::Utils::tempdir();
    chmod 0755, $directory;
    %log = (checks => 0, differences => 0, retries => 0, unreachable => 0);
    $log_start = 0;
    @runs = ();
    write_scripts();
    $node->safe_psql('postgres', $schema);
    $node->safe_psql('postgres', 'SELECT add_rows(500)');
    $node->safe_psql('postgres', $subject->{create});
    return;
}

# A continuous query of the extension, with its workers; `parallelism` processes share its steps.
sub query_subject
{
    my ($parallelism) = @_;
    $parallelism //= 1;
    return {
        create => <<"SQL",
SELECT weir.create_query('live', 'SELECT k, count(*) AS n, sum(v)::bigint AS v, coalesce(sum(hashtext(pad)), 0)::bigint AS h
  FROM src GROUP BY k', tick => '50 ms', parallelism => $parallelism);
SQL
        drained => "weir.wait('live', '100 ms')",
        maintenance => [ map { [ 'guest', sub { return guest_comes_or_goes(); } ] } 1 .. 7 ],
    };
}

# Queries that follow their table: groups with a minimum, which cannot be subtracted from, rows, and
# one group of everything. More is changed than by the writers of all subjects.
sub retract_subject
{
    my %definitions = (
        live => 'SELECT k, count(*) AS n, (sum(v) + 3 * min(v) + 5 * max(v))::bigint AS v, coalesce(sum(hashtext(pad)), 0)::bigint AS h FROM src GROUP BY k',
        of_rows => 'SELECT nullif(k, 7) AS k, part FROM src WHERE v % 3 = 0',
        of_all => 'SELECT count(*) AS n, max(v) AS v FROM src');
    my $change = "UPDATE src SET %s WHERE (tableoid, ctid) IN (SELECT t, c FROM some_rows(30));";
    return {
        create => join('', map { "SELECT weir.create_query('$_', '$definitions{$_}', tick => '50 ms', on_delete => 'retract');\n" } sort keys %definitions),
        drained => 'true',
        differing => 'SELECT ' . join(' + ', map { differences_of($_, $definitions{$_}) } sort keys %definitions),
        writers => [
            [ 4, 'key', sprintf($change, 'k = (k + 1) % 20') ],
            [ 3, 'move', sprintf($change, 'part = (part + 1) % 4, u = NULL') ],
            [ 2, 'change_and_back', "BEGIN;\nSELECT add_rows(2);\nSAVEPOINT a;\n" . sprintf($change, 'v = v + 1, k = 3') . "\nROLLBACK TO a;\nDELETE FROM src WHERE (tableoid, ctid) IN (SELECT t, c FROM last_rows(10));\nSAVEPOINT b;\n" . sprintf($change, 'v = 0') . "\nRELEASE b;\nCOMMIT;" ],
            [ 1, 'upsert', 'INSERT INTO src (part, k, v, u) SELECT (random() * 3)::int, (random() * 19)::int, 5, (random() * 2000)::int FROM generate_series(1, 3) ON CONFLICT (part, u) DO UPDATE SET v = src.v + 1, k = excluded.k;' ],
        ],
        maintenance => [
            [ 'TRUNCATE', sub { return exclusively('TRUNCATE ' . random_leaf()); } ],
            [ 'TRUNCATE and back', sub { return exclusively('BEGIN; TRUNCATE ' . random_leaf() . '; SELECT add_rows(5); ROLLBACK'); } ],
            [ 'ATTACH', sub { return attach_or_detach(); } ],
            [ 'TRUNCATE and more', sub { my $n = int(rand(4)); return exclusively("BEGIN; TRUNCATE src_$n; SELECT add_rows(50, $n); COMMIT"); } ],
        ],
    };
}

# Queries over results that change and over their logs: what they show is what they say of what those
# have stored, at every moment. `of_all` is over a result that only the others change.
sub chain_subject
{
    my @below = (
        [ 'live', 'SELECT k, count(*) AS n, sum(v)::bigint AS v, coalesce(sum(hashtext(pad)), 0)::bigint AS h FROM src GROUP BY k EMIT CHANGES', 'ignore' ],
        [ 'kept', 'SELECT k, part, count(*) AS n, min(v) AS low, max(v) AS high FROM src GROUP BY k, part HAVING count(*) > 1', 'retract' ],
        [ 'kept_rows', 'SELECT k, v FROM src WHERE v % 7 = 0', 'retract' ]);
    my @above = (
        [ 'sizes', 'SELECT n % 5 AS size, count(*), sum(n) AS n, max(v) AS v, min(h) AS h FROM live GROUP BY 1 EMIT CHANGES', 'retract' ],
        [ 'by_key', 'SELECT k, sum(n) AS n, min(low) AS low, max(high) AS high FROM kept GROUP BY k', 'retract' ],
        [ 'pairs', 'SELECT part, low FROM kept WHERE n % 2 = 0', 'retract' ],
        [ 'of_rows', 'SELECT k, count(*), min(v) FROM kept_rows GROUP BY k', 'retract' ],
        [ 'of_all', 'SELECT count(*), sum(n) AS n, max(low) FROM by_key', 'retract' ],
        [ 'changes_of', "SELECT (new ->> 'k')::int AS k, count(*), count(old) AS old, max(position) AS last FROM weir.changes('live') GROUP BY 1", 'ignore' ],
        [ 'changes_of_sizes', "SELECT count(*), count(old) AS old, count(new) AS new, max(position) AS last FROM weir.changes('sizes')", 'ignore' ]);
    my $retracting = retract_subject();
    my $number = 0;
    my %number = map { ($_->[0] => ++$number) } @below, @above;
    return {
        create => join('', map { "SELECT weir.create_query('$_->[0]', \$\$$_->[1]\$\$, tick => '30 ms', on_delete => '$_->[2]');\n" } @below, @above),
        above => [ map { $_->[0] } @above ],
        drained => "weir.wait('live', '100 ms')",
        differing => 'SELECT ' . join(' + ', map { differences_of($_->[0], "SELECT * FROM weir_state.q$number{ $_->[0] }_definition") } @above),
        writers => $retracting->{writers},
        maintenance => [
            [ 'refresh', sub { return ask("SELECT weir.refresh_query('kept')"); } ],
            [ 'rewrite below', sub { return ask('VACUUM FULL weir_state.q' . (1 + int(rand(3))), 2000); } ],
        ],
    };
}

# Differences once everything is in the state.
sub query_missing
{
    return 'not consumed' if (ask("SELECT weir.wait('live', '60 s')"))[1] ne 't';
    return (ask($differing))[1];
}

sub start_load
{
    my ($name, @arguments) = @_;
    my $run = start_pgbench($node, 'postgres', $name, '-T', 3600, @arguments);
    $run->{arguments} = [ $name, @arguments ];
    push @runs, $run;
    return;
}

# `calm` leaves out transactions that last: they hold back vacuum as much as the horizon.
sub start_loads
{
    my ($calm) = @_;
    my @kinds = grep { !$calm || $_->[1] ne 'prepared' } @writers, @{ $subject->{writers} // [] };
    start_load('writers', '-c', 5, '-R', 250, '--max-tries=10', map { ('-f', "$directory/$_->[1].sql\@$_->[0]") } @kinds);
    start_load('long', '-c', 1, '-f', "$directory/long.sql") if !$calm;
    start_load('ticks', '-c', 1, '-f', "$directory/tick.sql") if $subject->{tick};
    return;
}

# What ended, because it or the server was killed, begins anew. Other ends are failures.
sub revive_loads
{
    # Only reading tells that a run is over.
    foreach my $run (@runs) { eval { $run->{handle}->pump_nb }; }
    my @ended = grep { !$_->{handle}->pumpable } @runs;
    @runs = grep { $_->{handle}->pumpable } @runs;
    foreach my $run (@ended)
    {
        eval { $run->{handle}->finish };
        if ($run->{errors} !~ /server closed|terminating|starting up|shutting down|recovery mode|could not connect|failed: No such file|connection .*failed|shut down/)
        {
            $log{stranger} //= $run->{errors};
        }
        start_load(@{ $run->{arguments} });
        $log{revived}++;
    }
    return;
}

sub ask
{
    my ($sql, $lock_ms) = @_;
    # Nobody may wait for a prepared transaction that this process is to end.
    local $ENV{PGOPTIONS} = '-c weir.capture=off -c statement_timeout=60s -c lock_timeout=' . ($lock_ms // 0);
    my ($status, $out, $err) = (0, '', '');
    ($status) = attempt($node, 'postgres', $sql, stdout => \$out, stderr => \$err, on_error_stop => 1);
    return ($status, $out, $err);
}

# Some comparisons, each under a snapshot of its own; in one of ten rounds under one snapshot, with time
# in between.
sub compare
{
    my $sql = join("; SELECT NULL FROM pg_sleep(0.05);\n", ($differing) x 4);
    $sql = "BEGIN ISOLATION LEVEL REPEATABLE READ; $differing; SELECT NULL FROM pg_sleep(1.5); $differing; COMMIT"
      if rand() < 0.1;
    my ($status, $out, $err) = ask($sql);
    my @answers = grep { /\d/ } split /\n/, $out;
    $log{checks} += @answers;
    if ($status != 0)
    {
        if ($err =~ /rows that the snapshot needs may be gone/) { $log{retries}++; }
        elsif ($err =~ /was to be skipped|is stale|duplicate/) { $log{differences}++; $log{first} //= $err; }
        elsif ($err =~ /ERROR/) { $log{refused} //= $err; }
        else { $log{unreachable}++; }
    }
    return if !grep { $_ != 0 } @answers;
    $log{differences}++;
    $log{first} //= "at check $log{checks}: groups that differ: @answers";
    return;
}

sub random_leaf { return 'src_' . int(rand(4)); }

sub finish_prepared
{
    my ($only_some) = @_;
    my ($status, $out) = ask("SELECT gid FROM pg_prepared_xacts WHERE prepared < now() - interval '2 seconds'");
    foreach my $gid (split /\n/, $out // '')
    {
        next if $only_some && rand() < 0.5;
        ask((rand() < 0.7 ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$gid'");
    }
    return;
}

# What locks out everybody else does not get far while prepared transactions keep their locks.
sub exclusively
{
    my ($sql, $lock_ms) = @_;
    finish_prepared(0);
    return ask($sql, $lock_ms // 500);
}

# A new partition gets rows and goes away again once its rows are consumed.
sub partition_comes_and_goes
{
    exclusively('CREATE TABLE IF NOT EXISTS src_4 PARTITION OF src FOR VALUES IN (4); SELECT add_rows(300, 4); SELECT add_rows(1, 4)', 2000);
    return if rand() < 0.5;
    my ($status) = exclusively(<<SQL, 2000);
BEGIN;
LOCK TABLE src_4 IN SHARE ROW EXCLUSIVE MODE;
DO \$\$BEGIN
  FOR i IN 1 .. 30 LOOP
    EXIT WHEN ($subject->{drained});
    PERFORM pg_sleep(0.05);
  END LOOP;
  IF NOT ($subject->{drained}) THEN RAISE 'not consumed in time'; END IF;
END\$\$;
ALTER TABLE src DETACH PARTITION src_4;
DROP TABLE src_4;
COMMIT;
SQL
    $log{detached}++ if $status == 0;
    return;
}

# A table with rows that were changed before becomes a partition, or is none any more.
sub attach_or_detach
{
    my ($status) = exclusively('ALTER TABLE src DETACH PARTITION lone; DROP TABLE lone');
    return $status if $status == 0;
    ask('CREATE TABLE lone (LIKE src); INSERT INTO lone (part, k, v) SELECT 5, k, v FROM src LIMIT 100');
    ask('UPDATE lone SET v = v + 1 WHERE k < 5; DELETE FROM lone WHERE k = 6') if rand() < 0.7;
    ($status) = exclusively('ALTER TABLE src ATTACH PARTITION lone FOR VALUES IN (5)');
    ask('DROP TABLE lone') if $status != 0;
    return $status;
}

# A table that others fill becomes a partition, leaves, and comes back; its rows are in the ledger once it has come,
# and not again when it comes back.
my %guest = (
    fresh => "UPDATE guest SET v = nextval('guest_v') WHERE k < 5; DELETE FROM guest WHERE k = 6",
    seen => <<'SQL',
WITH added AS (INSERT INTO guest (part, k, v) SELECT 5, g % 20, nextval('guest_v') FROM generate_series(1, 40) g RETURNING k, v, hashtext(pad))
  INSERT INTO guest_new SELECT * FROM added;
WITH gone AS (DELETE FROM guest WHERE v % 7 = 0 RETURNING v) DELETE FROM guest_new n USING gone WHERE n.v = gone.v
SQL
    attach => <<'SQL',
BEGIN;
ALTER TABLE src ATTACH PARTITION guest FOR VALUES IN (5);
INSERT INTO ledger SELECT k, v, hashtext(pad) FROM guest WHERE NOT EXISTS (SELECT FROM guest_seen);
INSERT INTO ledger SELECT * FROM guest_new;
DELETE FROM guest_new;
INSERT INTO guest_seen VALUES (now());
SELECT add_rows(2, 5);
COMMIT
SQL
);

sub guest_comes_or_goes
{
    my ($status, $state) = ask(<<'SQL');
SELECT CASE WHEN to_regclass('guest') IS NULL THEN 'none'
  WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass('guest')) THEN 'in'
  WHEN EXISTS (SELECT FROM guest_seen) THEN 'seen' ELSE 'fresh' END
SQL
    return $status if $status != 0;
    if ($state eq 'none')
    {
        return (ask("BEGIN; CREATE TABLE guest (LIKE src); INSERT INTO guest (part, k, v) SELECT 5, g % 20, nextval('guest_v') FROM generate_series(1, 100) g; COMMIT"))[0];
    }
    if ($state eq 'in')
    {
        ($status) = exclusively('ALTER TABLE src DETACH PARTITION guest', 2000);
        $log{left}++ if $status == 0;
        return $status;
    }
    ask($guest{$state}) if rand() < 0.6;
    ($status) = exclusively($guest{attach}, 2000);
    if ($status == 0) { $log{come}++; }
    # The partitioned table may have got or lost a column.
    elsif (rand() < 0.3) { ask('BEGIN; DROP TABLE guest; DELETE FROM guest_new; DELETE FROM guest_seen; COMMIT'); }
    return $status;
}

# Copies every row, and gives each a new transaction id.
sub rewrite_all
{
    finish_prepared(0);
    my ($status, $out, $err) =
      ask("ALTER TABLE src DROP COLUMN IF EXISTS extra;\nALTER TABLE src ADD COLUMN extra float DEFAULT random()", 3000);
    $log{rewritten}++ if $status == 0;
    return $status;
}

my @maintenance = (
    [ 'VACUUM', sub { return ask('VACUUM ' . random_leaf()); } ],
    [ 'VACUUM all', sub { return ask('VACUUM src'); } ],
    [ 'VACUUM FREEZE', sub { return ask('VACUUM FREEZE ' . random_leaf()); } ],
    [ 'VACUUM FULL', sub { return exclusively('VACUUM FULL ' . random_leaf()); } ],
    [ 'CLUSTER', sub { my $leaf = random_leaf(); return exclusively("CLUSTER $leaf USING ${leaf}_k_idx"); } ],
    [ 'ALTER TABLE', sub { return rewrite_all(); } ],
    [ 'partition', sub { partition_comes_and_goes(); return 0; } ],
);

sub wait_for_server
{
    return wait_until(sub { my ($status) = ask('SELECT 1'); return $status == 0; }, 60);
}

my @kills = (
    [ 'ticker terminated',
        sub { ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ticks' OR backend_type = 'pg_weir query worker'"); } ],
    [ 'writer killed',
        sub {
            my ($status, $pid) = ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'writers' LIMIT 1");
            kill 9, $pid if $status == 0 && $pid;
            sleep(0.3);
        } ],
    [ 'immediate shutdown', sub { $node->stop('immediate'); $node->start; } ],
);

sub disturb
{
    my ($name, $action) = @{ $_[0] };
    my ($status) = $action->();
    $log{done}{$name}++ if !defined $status || $status == 0;
    return;
}

# Runs for that long, or until `stop_early` and a difference was found. Returns what was counted.
sub torture
{
    my ($seconds, %options) = @_;
    my $end = time() + $seconds;
    my $kill_every = $options{kill_every} // 12;
    my $kill_number = int(rand(3));
    my ($next_work, $next_kill) = (time() + 1, time() + $kill_every);
    start_loads($options{calm});
    while (time() < $end)
    {
        compare();
        $subject->{each}->() if $subject->{each};
        last if $options{stop_early} && $log{differences};
        revive_loads();
        finish_prepared(1) if rand() < 0.2;
        if (time() > $next_work)
        {
            if ($options{maintain}) { ask($options{maintain}, 1000); }
            else { my @all = (@maintenance, @{ $subject->{maintenance} // [] }); disturb($all[ rand @all ]); }
            $next_work = time() + ($options{maintain} ? 0 : rand(1.5));
        }
        if ($kill_every && time() > $next_kill)
        {
            my ($name, $kill) = @{ $kills[ $kill_number++ % @kills ] };
            $kill->();
            $log{done}{$name}++;
            wait_for_server();
            $next_kill = time() + $kill_every * (0.5 + rand());
        }
    }
    return \%log;
}

# Ends the load, whatever it is at.
sub abandon_torture
{
    foreach my $run (@runs)
    {
        $run->{handle}->signal('TERM') if $run->{handle}->pumpable;
        eval { $run->{handle}->finish };
    }
    @runs = ();
    return;
}

# Lets everything end, and compares once more.
sub stop_torture
{
    abandon_torture();
    wait_for_server();
    wait_until(sub {
        my ($status, $left) = ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name IN ('writers', 'long', 'ticks')");
        return $status == 0 && $left == 0;
    }, 60) or die 'sessions of the load go on';
    finish_prepared(0);
    compare() for 1 .. 3;
    return \%log;
}

1;
