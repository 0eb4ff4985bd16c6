# A continuous query made by hand: the state table, tick and live view that the tests bring, over the
# steps that the failpoints build offers to SQL.
package Delta;

use strict;
use warnings;

use Exporter 'import';
use Weir;

our @EXPORT = qw(make_delta_functions delta_subject delta_missing);

sub make_delta_functions
{
    my ($node, $db) = @_;
    $node->safe_psql($db // 'postgres', <<'SQL');
CREATE FUNCTION test_watch(query int, source oid, fill text) RETURNS xid8 LANGUAGE c AS '$libdir/pg_weir', 'weir_test_watch';
CREATE FUNCTION test_tick(query int, statement text) RETURNS text LANGUAGE c AS '$libdir/pg_weir', 'weir_test_tick';
CREATE FUNCTION test_advance() RETURNS xid8 LANGUAGE c AS '$libdir/pg_weir', 'weir_test_advance';
CREATE FUNCTION test_drop(query int) RETURNS void LANGUAGE c AS '$libdir/pg_weir', 'weir_test_drop';
CREATE FUNCTION test_sweep() RETURNS void LANGUAGE c AS '$libdir/pg_weir', 'weir_test_sweep';
SQL
    return;
}

my $partials = 'SELECT k, count(*)::bigint AS n, sum(v)::bigint AS v, coalesce(sum(hashtext(pad)), 0)::bigint AS h FROM src t';
my $merge =
  'INSERT INTO state AS s %s WHERE weir.delta(t.tableoid, 7) GROUP BY k ON CONFLICT (k) DO UPDATE SET n = s.n + excluded.n, v = s.v + excluded.v, h = s.h + excluded.h';

# `frontier_first` makes the mistake of committing the frontier before the results; `slow` leaves more to
# lose between two ticks.
sub delta_subject
{
    my ($frontier_first, $slow) = @_;
    my $pause = $slow ? 'random(500, 2500)' : 'random(1, 300)';
    my $statement = sprintf($merge, $partials);
    my $tick = "SELECT test_tick(7, \$\$$statement\$\$);\n";
    $tick = <<SQL if $frontier_first;
CREATE TEMP TABLE IF NOT EXISTS waiting (k int, n bigint, v bigint, h bigint);
SELECT test_tick(7, \$\$INSERT INTO waiting $partials WHERE weir.delta(t.tableoid, 7) GROUP BY k\$\$);
\\sleep 50 ms
INSERT INTO state AS s SELECT * FROM waiting ON CONFLICT (k) DO UPDATE SET n = s.n + excluded.n, v = s.v + excluded.v, h = s.h + excluded.h;
DELETE FROM waiting;
SQL
    return {
        create => <<SQL,
CREATE TABLE state (k int PRIMARY KEY, n bigint, v bigint, h bigint) WITH (fillfactor = 50);
SELECT test_watch(7, 'src'::regclass, 'INSERT INTO state $partials GROUP BY k');
CREATE VIEW live AS
  SELECT k, sum(n)::bigint AS n, sum(v)::bigint AS v, sum(h)::bigint AS h
  FROM (SELECT * FROM state UNION ALL $partials WHERE weir.delta(t.tableoid, 7) GROUP BY k) p GROUP BY k;
SQL
        tick => "\\set ms $pause\n\\sleep :ms ms\n\\set check random(0, 1)\nSET weir.check_skipped = :check;\n${tick}SELECT test_advance();\n",
        drained => 'SELECT count(*) = 0 FROM src_4 t WHERE weir.delta(t.tableoid, 7)',
    };
}

# Differences of the state alone, without rows that are still to be consumed.
sub delta_missing
{
    my ($node) = @_;
    my $statement = sprintf($merge, $partials);
    wait_until(
        sub {
            return quietly($node, 'postgres', "SELECT test_tick(7, \$\$$statement\$\$)") !~ /saved [1-9]/;
        },
        30);
    return quietly($node, 'postgres', <<'SQL');
WITH expected AS (SELECT k, count(*)::bigint, sum(v)::bigint, coalesce(sum(h), 0)::bigint FROM ledger GROUP BY k)
SELECT count(*) FROM ((TABLE state EXCEPT ALL TABLE expected) UNION ALL (TABLE expected EXCEPT ALL TABLE state)) d
SQL
}

1;
