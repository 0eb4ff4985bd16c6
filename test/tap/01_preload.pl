# Without shared_preload_libraries everything says how to set it; with it, everything works.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('preload', start => 0, shared_preload_libraries => '');
$node->start;

# Fails with the SQLSTATE and exactly this hint.
sub fails_with_hint
{
    my ($statement, $value) = @_;
    my ($status, $out, $err) =
      $node->psql('postgres', "\\set VERBOSITY verbose\n$statement");
    isnt($status, 0, "$statement fails");
    like($err, qr/ERROR:  55000: pg_weir must be loaded when the server starts$/m,
        'with SQLSTATE 55000');
    like($err, qr/^HINT:  Set shared_preload_libraries = '\Q$value\E' in postgresql\.conf and restart the server\.$/m,
        'and the hint to set it to the whole of what is needed');
    return $1 if $err =~ /^HINT:  Set (shared_preload_libraries = '.*') in postgresql/m;
}

fails_with_hint('CREATE EXTENSION pg_weir;', 'pg_weir');
fails_with_hint("LOAD 'pg_weir';", 'pg_weir');

is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension WHERE extname = 'pg_weir'"),
    0, 'nothing was left behind');

# Other libraries stay in the hint, so that following it to the letter loses none.
set_conf($node, shared_preload_libraries => 'pg_stat_statements, auto_explain');
$node->restart;
my $advice = fails_with_hint('CREATE EXTENSION pg_weir;',
    'pg_stat_statements, auto_explain, pg_weir');

$node->append_conf('postgresql.conf', "$advice\n");
$node->restart;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_weir; CREATE EXTENSION pg_stat_statements;');
$node->safe_psql('postgres', 'SELECT 41 + 1 AS after_the_advice');
flush($node);
is( $node->safe_psql('postgres',
        "SELECT sum(s.calls) FROM weir.statements s WHERE s.query ~ 'after_the_advice'"),
    1, 'whoever followed the hint records statements, with query ids switched on');

# The library taken away again: the log can be read and dropped, its functions say what is missing.
set_conf($node, shared_preload_libraries => '');
$node->restart;
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM weir.query_stats'),
    '>', 0, 'the log is readable without the library');
fails_with_hint("SELECT weir.$_;", 'pg_weir')
  foreach 'flush()', 'ring_status()', 'health()', 'reset()',
  "log_query_stat('t', 'x', 'y', 'SELECT', 1.0)";
$node->safe_psql('postgres', 'DROP EXTENSION pg_weir');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_namespace WHERE nspname = 'weir'"),
    0, 'the extension can be dropped without the library');

done_testing();
