# Figures that need a server set up for them: the client's address, I/O times, JIT, temporary files,
# and the rows of a portal that is fetched in parts.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('figures',
    listen_addresses => '127.0.0.1',
    track_io_timing => 'on',
    shared_buffers => '1MB',
    work_mem => '64kB');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE wide AS SELECT i AS id, repeat(md5(i::text), 20) AS filler FROM generate_series(1, 20000) i;
SQL

my $over_tcp = 'host=127.0.0.1 port=' . $node->port . ' dbname=postgres application_name=over_tcp';
$node->safe_psql('postgres', 'SELECT count(*) FROM wide', connstr => $over_tcp);
$node->safe_psql('postgres', "SELECT 'local'");
$node->safe_psql('postgres', <<'SQL');
SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;
SELECT sum(id + length(filler)) FROM wide WHERE id > 10;
SQL
$node->safe_psql('postgres', 'SELECT filler FROM wide ORDER BY filler DESC OFFSET 19999');
$node->safe_psql('postgres', <<'SQL');
CREATE TEMP TABLE kept AS SELECT * FROM wide; SELECT count(*) FROM kept;
INSERT INTO wide SELECT id, filler FROM wide WHERE id <= 500;
SQL
# FETCH_COUNT reads through a cursor: each FETCH is a statement with the rows it moved.
$node->safe_psql('postgres', "\\set FETCH_COUNT 300\nSELECT id FROM wide WHERE id <= 500 LIMIT 700");
flush($node);

sub logged
{
    my ($what, $where) = @_;
    return quietly($node, 'postgres', "SELECT $what FROM weir.query_stats WHERE $where");
}

is(logged('client_addr, table_name, rows', "application_name = 'over_tcp'"),
    '127.0.0.1|wide|1', 'the address of a client over TCP');
is(logged('count(*)', "client_addr IS NOT NULL AND application_name <> 'over_tcp'"),
    '0', 'local clients have none');
is(logged('shared_blks_read > 1000, blk_read_ms > 0', "application_name = 'over_tcp'"),
    't|t', 'blocks read, and the time that took');
is(logged('temp_blks_read > 0 AND temp_blks_written > 0 AND temp_blk_write_ms > 0',
        "query_type = 'SELECT' AND temp_blks_read IS NOT NULL AND rows = 1"),
    't', 'temporary files of a sort, and the time');
is(logged('local_blks_hit + local_blks_read > 0', "table_name LIKE 'pg_temp%kept' AND query_type = 'SELECT'"),
    't', 'blocks of a temporary table');
is(logged('wal_records >= 500, wal_bytes > 300000, rows', "query_type = 'INSERT'"),
    't|t|500', 'WAL of an insert');
is(logged('sum(rows), count(*) > 1', "query_type = 'FETCH'"),
    '700|t', 'each FETCH has the rows it moved');

SKIP:
{
    skip 'this server has no JIT', 2
      unless quietly($node, 'postgres', 'SELECT pg_jit_available()') eq 't';
    is(logged('count(*), bool_and(jit_functions > 0 AND jit_generation_ms > 0 AND jit_emission_ms > 0)',
            'jit_functions IS NOT NULL AND rows = 1'),
        '1|t', 'JIT functions and times, of the one statement that was compiled');
    is(logged('bool_and(jit_optimization_count = 1 AND jit_inlining_count = 1)', 'jit_functions IS NOT NULL'),
        't', 'and what was done to them');
}

$node->stop;
done_testing();
