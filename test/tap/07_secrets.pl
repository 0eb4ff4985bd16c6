# What was written as a literal or a password is nowhere in the log: not in the texts, not in the
# files of the tables.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_weir_node('secrets', 'weir.capture' => 'all', 'wal_level' => 'logical', 'max_wal_senders' => 4);
my $directory = PostgreSQL::Test::Utils::tempdir();

# Each secret is a word of its own, so that a leak names its statement.
my @secrets;

sub secret
{
    my ($what) = @_;
    push @secrets, "canary$what" . sprintf('%04d', scalar @secrets);
    return $secrets[-1];
}

my $number = 4111111111111111;
my @statements;

sub statement { push @statements, @_; return; }

# Passwords.
statement("CREATE ROLE alice LOGIN PASSWORD '" . secret('create') . "'");
statement("ALTER ROLE alice PASSWORD '" . secret('alter') . "'");
statement("alter user alice /* c */ with encrypted password '" . secret('lower') . "'");
statement("ALTER ROLE alice SET my.password = '" . secret('set_role') . "'");
statement("CREATE USER bob PASSWORD E'" . secret('escape') . "'");
statement("CREATE GROUP carol PASSWORD \$x\$" . secret('dollar') . "\$x\$");
statement("DO \$\$ BEGIN EXECUTE 'ALTER ROLE alice PASSWORD ''" . secret('do') . "'''; END \$\$");
statement("CREATE FUNCTION set_password(p text) RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN EXECUTE format('ALTER ROLE alice PASSWORD %L', p); END \$\$");
statement("SELECT set_password('" . secret('function') . "')");
statement("CREATE FUNCTION fixed() RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN ALTER ROLE alice PASSWORD '" . secret('body') . "'; PERFORM '" . secret('perform') . "'::text; END \$\$");
statement('SELECT fixed()');
statement("CREATE FUNCTION atomic() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT '" . secret('atomic') . "'::text; END");
statement('SELECT atomic()');
statement("CREATE FUNCTION sql_body() RETURNS text LANGUAGE sql VOLATILE AS \$\$ SELECT '" . secret('sqlbody') . "'::text \$\$");
statement('SELECT sql_body()');
statement("CREATE PROCEDURE proc(p text) LANGUAGE plpgsql AS \$\$ BEGIN EXECUTE format('ALTER ROLE alice PASSWORD %L', p); COMMIT; END \$\$");
statement("CALL proc('" . secret('call') . "')");
# Several statements in one message.
statement("SELECT 1\\; ALTER ROLE alice PASSWORD '" . secret('multi') . "'\\; SELECT '" . secret('multi_select') . "'");
statement("BEGIN\\; ALTER ROLE alice PASSWORD '" . secret('multi_block') . "'\\; COMMIT");
# Connections elsewhere.
statement('CREATE EXTENSION postgres_fdw');
statement("CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '" . secret('server') . "')");
statement("ALTER SERVER far OPTIONS (SET host '" . secret('alter_server') . "')");
statement("CREATE USER MAPPING FOR alice SERVER far OPTIONS (user 'u', password '" . secret('mapping') . "')");
statement("ALTER USER MAPPING FOR alice SERVER far OPTIONS (SET password '" . secret('alter_mapping') . "')");
statement("CREATE FOREIGN TABLE ft (a int) SERVER far OPTIONS (table_name '" . secret('foreign') . "')");
statement("ALTER FOREIGN TABLE ft OPTIONS (SET table_name '" . secret('alter_foreign') . "')");
statement("CREATE SUBSCRIPTION sub CONNECTION 'host=x password=" . secret('subscription') . "' PUBLICATION p WITH (connect = false, slot_name = NONE)");
statement("ALTER SUBSCRIPTION sub CONNECTION 'host=x password=" . secret('alter_subscription') . "'");
# Settings.
statement("SET my.secret = '" . secret('set') . "'");
statement("SET LOCAL my.secret = '" . secret('set_local') . "'");
statement("SELECT set_config('my.secret', '" . secret('set_config') . "', false)");
statement("ALTER SYSTEM SET primary_conninfo = 'password=" . secret('system') . "'");
statement("ALTER DATABASE postgres SET my.secret = '" . secret('database') . "'");
statement("COPY (SELECT 1) TO PROGRAM 'cat > /dev/null # " . secret('program') . "'");
# Literals of every notation in every kind of statement.
statement("CREATE TABLE t (id bigint PRIMARY KEY, note text DEFAULT '" . secret('default') . "')");
statement("COMMENT ON TABLE t IS '" . secret('comment') . "'");
statement("INSERT INTO t VALUES (1, '" . secret('insert') . "'), ($number, U&'" . secret('unicode') . "')");
statement("SELECT * FROM t WHERE note = '" . secret('select') . "' -- " . secret('line_comment') . "\n");
statement("/* " . secret('block_comment') . " /* nested */ */ SELECT 1");
statement("SELECT 'a'\n'" . secret('continued') . "' /* " . secret('inner_comment') . " */, E'x\\'" . secret('quoted') . "', \$\$" . secret('dollars') . "\$\$, N'" . secret('national') . "'");
statement("SELECT DATE '2020-01-01', INTERVAL '1 day', '" . secret('cast') . "'::text, text '" . secret('typed') . "', CAST('" . secret('casted') . "' AS text)");
statement("SELECT $number, -$number.5, 0.$number, ${number}e1");
statement("UPDATE t SET note = '" . secret('update') . "' WHERE id = $number");
statement("DELETE FROM t WHERE note = '" . secret('delete') . "'");
statement("MERGE INTO t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET note = '" . secret('merge') . "'");
statement("CREATE TABLE ctas AS SELECT '" . secret('ctas') . "'::text AS a");
statement("SELECT '" . secret('into') . "'::text AS a INTO selected");
statement("CREATE VIEW v AS SELECT '" . secret('view') . "'::text AS a");
statement('SELECT * FROM v');
statement("CREATE MATERIALIZED VIEW mv AS SELECT '" . secret('matview') . "'::text AS a");
statement('REFRESH MATERIALIZED VIEW mv');
statement("COPY (SELECT '" . secret('copy_query') . "') TO '$directory/out.txt'");
statement("BEGIN\\; DECLARE c CURSOR FOR SELECT '" . secret('cursor') . "'\\; FETCH c\\; COMMIT");
statement("EXPLAIN SELECT '" . secret('explain') . "'");
statement("EXPLAIN ANALYZE SELECT '" . secret('explain_analyze') . "'");
statement("PREPARE p(text) AS SELECT \$1 AS a, '" . secret('prepare') . "' AS b");
statement("EXECUTE p('" . secret('execute') . "')");
statement("EXPLAIN EXECUTE p('" . secret('explain_execute') . "')");
statement("CREATE TABLE cet AS EXECUTE p('" . secret('ctas_execute') . "')");
statement("NOTIFY channel, '" . secret('notify') . "'");
statement("CREATE POLICY pol ON t USING (note = '" . secret('policy') . "')");
statement("CREATE INDEX ON t (id) WHERE note = '" . secret('index') . "'");
statement("ALTER TABLE t ADD CHECK (note <> '" . secret('check') . "')");
statement("CREATE TYPE e AS ENUM ('" . secret('enum') . "')");
statement("CREATE RULE r AS ON DELETE TO t DO ALSO SELECT '" . secret('rule') . "'");
statement("DELETE FROM t WHERE id = -1");
statement("SELECT '" . 'x' x 70000 . secret('long') . "'");
# Failures.
statement("SELECT 1 / 0 AS z, '" . secret('failing') . "'");
statement("SELECT ('" . secret('failing_cast') . "' || note)::int FROM t");
statement("INSERT INTO t VALUES (1, '" . secret('failing_insert') . "')");
statement("ALTER ROLE nobody_there PASSWORD '" . secret('failing_role') . "'");
statement("SELECT * FROM no_such_table WHERE a = '" . secret('failing_parse') . "'");
statement("SELECT '" . secret('failing_syntax') . "' FROM FROM");
statement("CREATE SUBSCRIPTION sub CONNECTION 'password=" . secret('failing_subscription') . "' PUBLICATION p WITH (connect = false, slot_name = NONE)");

my (undef, undef, $err) = $node->psql('postgres', join(";\n", @statements) . ';', on_error_stop => 0);
my @errors = $err =~ /^.*ERROR:  (.*)$/mg;
is(scalar(@errors), 7, 'the statements that are to fail fail, and no other') or diag($err);
# Through the extended protocol, with literals in the text.
my $script = "$directory/extended.sql";
PostgreSQL::Test::Utils::append_to_file($script, "SELECT * FROM t WHERE note = '" . secret('extended') . "';\n");
run_pgbench($node, 'postgres', 'extended', '-M', $_, '-t', 1, '-f', $script) foreach 'extended', 'prepared';
flush($node);

cmp_ok(quietly($node, 'postgres', 'SELECT count(*) FROM weir.query_texts'), '>', 60, 'texts were kept');
is( quietly($node, 'postgres',
        "SELECT string_agg(query, E'\\n') FROM weir.query_texts WHERE query ~ 'canary' OR query ~ '$number'"),
    '', 'no text holds a secret');
is( quietly($node, 'postgres',
        "SELECT string_agg(s::text, E'\\n') FROM weir.query_stats s WHERE s::text ~ 'canary'"),
    '', 'no row of the log holds a secret');
my $tags = quietly($node, 'postgres', "SELECT string_agg(DISTINCT query, ', ') FROM weir.query_texts WHERE query !~ '[a-z]'");
like($tags, qr/\b$_\b/, "$_ is kept as its tag") foreach 'ALTER ROLE', 'CREATE ROLE', 'CREATE SUBSCRIPTION', 'CREATE USER MAPPING', 'DO', 'CALL', 'COPY', 'SET', 'ALTER SYSTEM', 'ALTER DATABASE';

is( quietly($node, 'postgres', <<'SQL'),
SELECT string_agg(query, E'\n') FROM weir.query_texts
 WHERE query ~* '^((create|alter) (role|user|group|server|foreign data wrapper|subscription)|alter (system|database)|do|call|set|copy .*program)\y' AND query ~ '[a-z]'
SQL
    '', 'and nothing but the tag');

# In the files of the extension's tables, TOAST tables and indexes included, and of all else that
# belongs to its schema.
$node->safe_psql('postgres', 'CHECKPOINT');
my @files = split /\n/, quietly($node, 'postgres', <<'SQL');
SELECT pg_relation_filepath(r) FROM (
    SELECT oid AS r FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND pg_relation_filepath(oid) IS NOT NULL
    UNION ALL
    SELECT reltoastrelid FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND reltoastrelid <> 0) f
SQL
cmp_ok(scalar(@files), '>', 8, 'the tables have files');
my $bytes = 0;
my %leaks;
foreach my $file (@files)
{
    foreach my $path (glob($node->data_dir . "/$file" . '{,_*,.*}'))
    {
        next unless -f $path;
        my $content = slurp_file($path);
        $bytes += length $content;
        foreach my $secret (@secrets, $number)
        {
            $leaks{"$secret in $path"} = 1 if index($content, $secret) >= 0;
        }
    }
}
cmp_ok($bytes, '>', 50_000, 'which are not empty');
is(join("\n", sort keys %leaks), '', 'no file of them holds a secret');
# The search would find something: the table's own data holds one.
my ($own) = quietly($node, 'postgres', "SELECT pg_relation_filepath('ctas')");
like(slurp_file($node->data_dir . "/$own"), qr/canaryctas/, 'a secret in a table would be found');

done_testing();
