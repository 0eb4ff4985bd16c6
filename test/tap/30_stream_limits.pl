# The streaming executor within its limits: memory, temporary files, time, and nothing left behind by an error.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = seeded();
my $rows = is_long() ? 10_000_000 : 1_000_000;
my $node = new_weir_node('limits', shared_buffers => '16MB', jit => 'off', max_parallel_workers_per_gather => 0);
$node->safe_psql('postgres', <<"SQL");
CREATE TABLE item AS SELECT i AS id, 'item number ' || i AS name, i % 10 AS kind
  FROM generate_series(1::bigint, $rows) i;
CREATE TABLE few AS SELECT * FROM item WHERE id <= 100000;
VACUUM (FREEZE, ANALYZE);
SQL

my $budget = "SET work_mem = '4MB'; SET hash_mem_multiplier = 1; SET weir.stream = require;";

# Everything a statement of ours prints, on a connection of its own.
sub run_script
{
    my ($script) = @_;
    my ($stdout, $stderr) = ('', '');
    $node->psql('postgres', $script, stdout => \$stdout, stderr => \$stderr, on_error_stop => 0);
    return ($stdout, $stderr);
}

# Groups many times the size of memory: right, and the process stays small.
for my $keys ('id', 'name', 'id, name, kind', 'ARRAY[id], kind')
{
    my ($output) = run_script(<<"SQL");
$budget
SELECT count(*), sum(n), sum(s), sum(m) FROM (SELECT count(*) n, sum(id) s, max(id) m FROM item GROUP BY $keys) q;
SELECT substring(pg_read_file('/proc/self/status', 0, 8192) FROM 'VmHWM:\\s+(\\d+)')::int;
SQL
    my ($result, $peak_kb) = split /\n/, $output;
    my $sum = $rows * ($rows + 1) / 2;
    is($result, "$rows|$rows|$sum|$sum", "$rows groups of $keys in 4 MB");
    cmp_ok($peak_kb, '<=', 2 * 4096 + 65536, "their process took $peak_kb kB at most");
}

# temp_file_limit holds, and the files are gone.
my $files = 'SELECT count(*) FROM pg_ls_tmpdir()';
my ($output, $error) = run_script(<<"SQL");
$budget
SET temp_file_limit = '1MB';
SELECT count(*) FROM (SELECT id, count(*) FROM item GROUP BY 1) q;
$files;
SQL
like($error, qr/temporary file size exceeds temp_file_limit/, 'temp_file_limit holds');
is($output, '0', 'and leaves no files');

# A timeout is noticed at once, wherever it strikes: while tables grow, rows are spilled or read again.
my $late = 0;
my $cancelled = 0;
my @delays;
for my $memory ('4MB', '512MB')
{
    my $query = 'SELECT count(*), sum(n) FROM (SELECT name, count(*) n FROM item GROUP BY 1) q';
    my $setup = "\\timing on\nSET weir.stream = require; SET hash_mem_multiplier = 1; SET work_mem = '$memory';\n";
    my ($whole) = run_script("$setup\\echo whole\n$query;");
    my ($whole_ms) = $whole =~ /whole\n.*\nTime: ([\d.]+)/;
    my @timeouts = map { 1 + int(rand($whole_ms)) } 1 .. (is_long() ? 200 : 8);
    my ($timed, $errors) =
      run_script($setup . join('', map { "SET statement_timeout = $_;\n\\echo after $_\n$query;\n" } @timeouts));
    $cancelled += () = $errors =~ /canceling statement due to statement timeout/g;
    push @delays, $2 - $1 while $timed =~ /^after (\d+)\n(?:.*\n)?Time: ([\d.]+)/mg;
}
cmp_ok($cancelled, '>=', 5, "$cancelled statements ran into their timeout");
@delays = sort { $a <=> $b } @delays;
my $median = $delays[ @delays / 2 ];
cmp_ok($median, '<=', 100, sprintf('half of them ended within %.1f ms of it', $median));
cmp_ok($delays[-1], '<=', 1000, sprintf('and all within %.1f ms, on a machine that does other things', $delays[-1]));

# Errors while reading, while giving out with files still to come, from below, and of the node itself, in
# subtransactions and out of them.
my @failing = (
    'SELECT sum(s) FROM (SELECT id, sum(1 / (id - 100000)) s FROM few GROUP BY 1) q',
    'SELECT sum(n) FROM (SELECT id, count(*) n FROM few GROUP BY 1 HAVING count(*) / (id - 50000) > -2) q',
    'SELECT sum(n) FROM (SELECT d, count(*) n FROM (SELECT id / (id - 50000) d FROM few OFFSET 0) i GROUP BY 1) q',
    'SELECT sum(s) FROM (SELECT name, sum(id * 100000000000000) s FROM few GROUP BY 1) q');
my $state = "SELECT (SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'weir%'), "
  . "(SELECT sum(total_bytes) / 1048576 < 8 FROM pg_backend_memory_contexts)";
# What is open but tables, indexes and the server's logs, of which the server opens another at any time.
my $opened = '\\! ls -l /proc/$BACKEND/fd | grep -cvE "(base/[0-9]+|global|pg_[a-z]+)/[0-9]"';
my $loop = join('', map { <<"SQL" } @failing);
DO \$\$
BEGIN
    FOR i IN 1..3 LOOP
        BEGIN
            PERFORM * FROM ($_) f;
            RAISE 'no error';
        EXCEPTION WHEN division_by_zero OR numeric_value_out_of_range THEN
            NULL;
        END;
    END LOOP;
END \$\$;
$_;
SQL
($output, $error) = run_script(<<"SQL");
$budget
SELECT pg_backend_pid() AS pid \\gset
\\setenv BACKEND :pid
SET work_mem = '1MB';
$loop
SET weir.stream = off;
$state;
$opened
$files;
SET weir.stream = require;
$loop
$loop
SET weir.stream = off;
$state;
$opened
$files;
SQL
my @lines = split /\n/, $output;
is($lines[2], '0', 'no files are left after errors');
is($lines[5], '0', 'nor after many');
is($lines[0], '0|t', 'no memory context is left');
is($lines[3], '0|t', 'nor after many');
cmp_ok($lines[1], '>', 5, 'what is open is seen');
is($lines[4], $lines[1], 'and nothing more is open after many');
is(scalar(() = $error =~ /ERROR:  (?:division by zero|bigint out of range)/g), 12, 'each statement failed as it should');
unlike($error, qr/no error/, 'those in subtransactions too');

done_testing();
