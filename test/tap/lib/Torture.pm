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
use TortureTable;
use Weir;

our @EXPORT = qw(ask differences_of start_torture torture stop_torture abandon_torture query_subject query_missing
  retract_subject);

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
    my @all = (@torture_writers, @{ $subject->{writers} // [] }, [ 0, 'long', "BEGIN;\nSELECT add_to_last(2);\nSELECT pg_sleep($long);\nSELECT add_to_last(2);\nCOMMIT;\n\\sleep 1 s" ]);
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
    $node->safe_psql('postgres', $torture_schema);
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
            [ 'TRUNCATE', sub { finish_prepared(0); return compare('TRUNCATE ' . random_leaf()); } ],
            [ 'TRUNCATE and back', sub { return exclusively('BEGIN; TRUNCATE ' . random_leaf() . '; SELECT add_rows(5); ROLLBACK'); } ],
            [ 'ATTACH', sub { return attach_or_detach(); } ],
            [ 'TRUNCATE and more', sub { my $n = int(rand(4)); return exclusively("BEGIN; TRUNCATE src_$n; SELECT add_rows(50, $n); COMMIT"); } ],
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
    my @kinds = grep { !$calm || $_->[1] ne 'prepared' } @torture_writers, @{ $subject->{writers} // [] };
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
# in between. What is given is done in the same session right before: the next step may hide what it shows.
sub compare
{
    my ($first) = @_;
    my $sql = join("; SELECT NULL FROM pg_sleep(0.05);\n", ($differing) x 4);
    $sql = "BEGIN ISOLATION LEVEL REPEATABLE READ; $differing; SELECT NULL FROM pg_sleep(1.5); $differing; COMMIT"
      if rand() < 0.1;
    my ($status, $out, $err) = $first ? ask("$first;\n$sql", 1000) : ask($sql);
    my @answers = grep { /\d/ } split /\n/, $out;
    $log{checks} += @answers;
    if ($status != 0)
    {
        if ($err =~ /rows that the snapshot needs may be gone/) { $log{retries}++; }
        elsif ($err =~ /was to be skipped|is stale|duplicate/) { $log{differences}++; $log{first} //= $err; }
        elsif ($err =~ /ERROR/) { $log{refused} //= $err if !($first && $err =~ /lock timeout|deadlock/); }
        else { $log{unreachable}++; }
    }
    return $status if !grep { $_ != 0 } @answers;
    $log{differences}++;
    $log{first} //= "at check $log{checks}: groups that differ: @answers";
    return $status;
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
    ask($torture_guest{$state}) if rand() < 0.6;
    ($status) = exclusively($torture_guest{attach}, 2000);
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

# Runs for that long, or until `stop_early` and a difference was found; `own_work` is maintenance of the subject
# alone. Returns what was counted.
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
        compare($options{maintain});
        $subject->{each}->() if $subject->{each};
        last if $options{stop_early} && $log{differences};
        revive_loads();
        finish_prepared(1) if rand() < 0.2;
        if (!$options{maintain} && time() > $next_work)
        {
            my @all = ($options{own_work} ? () : @maintenance, @{ $subject->{maintenance} // [] });
            disturb($all[ rand @all ]);
            $next_work = time() + rand(1.5);
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
    wait_until(sub {
        finish_prepared(0);
        return (ask('SELECT count(*) FROM pg_prepared_xacts'))[1] eq '0';
    }, 60) or die 'prepared transactions remain';
    compare() for 1 .. 3;
    return \%log;
}

1;
