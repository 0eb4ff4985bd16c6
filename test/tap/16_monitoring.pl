# What monitoring/ holds: queries that a member of pg_monitor may run, rules and a dashboard that use
# nothing but their metrics, and, where the tools are installed, the real exporter and promtool.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Weir;
use HTTP::Tiny;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = "$FindBin::Bin/../../monitoring";
my %file = map { $_ => slurp_file("$directory/$_") } qw(queries.yaml alerts.yaml grafana.json);
my $exporter = (grep { -x } '/usr/bin/prometheus-postgres-exporter')[0];
my $promtool = (grep { -x } '/usr/bin/promtool')[0];

my $node = new_weir_node('monitoring');
quietly($node, 'postgres', 'CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher');
$node->safe_psql('postgres', "SET weir.tenant = 'acme'; SELECT count(*) FROM pg_class; SELECT 1;" x 20);
$node->psql('postgres', 'SELECT 1 / 0');
flush($node);

# Each metric of the queries file, with the columns that its query returns.
my %metrics;
while ($file{'queries.yaml'} =~ /^(weir_\w+):\n  query: \|\n(.*?)  metrics:\n(.*?)(?=^\w|\z)/msg)
{
    my ($name, $query, $described) = ($1, $2, $3);
    my @described = $described =~ /^    - (\w+): \{usage: (?:LABEL|GAUGE|COUNTER), description: "[^"]+"\}$/mg;
    my ($status, $columns, $error) = $node->psql('postgres', "$query \\gdesc", extra_params => [ '-U', 'watcher' ]);
    is($error, '', "$name: a member of pg_monitor may ask");
    is(join(' ', map { (split /\|/)[0] } split /\n/, $columns), "@described", "$name: every column is described");
    my $rows = $node->safe_psql('postgres', "SELECT count(*) FROM ($query) q", extra_params => [ '-U', 'watcher' ]);
    cmp_ok($rows, '>', 0, "$name: there are figures");
    $metrics{"${name}_$_"} = 1 foreach @described;
}
is(scalar(grep { /^weir_ring_/ } keys %metrics), 13, 'the file was understood');

sub names_only_metrics
{
    my ($name, @expressions) = @_;
    my %used = map { $_ => 1 } map { /\b(weir_\w+)/g } @expressions;
    is(join(' ', grep { !$metrics{$_} } sort keys %used), '', "$name uses metrics that there are");
    cmp_ok(scalar(keys %used), '>', 5, 'several of them');
    return;
}
names_only_metrics('alerts.yaml', $file{'alerts.yaml'} =~ /^ +expr: (.*)$/mg);
my $dashboard = JSON::PP::decode_json($file{'grafana.json'});
my @expressions = map { $_->{expr} } map { @{ $_->{targets} } } @{ $dashboard->{panels} };
names_only_metrics('grafana.json', @expressions);
is(scalar(grep { !$_->{title} || !$_->{gridPos} || !@{ $_->{targets} } } @{ $dashboard->{panels} }), 0, 'every panel has a title, a place and a query');

SKIP:
{
    skip 'promtool is not installed', 3 unless $promtool || is_long();
    command_ok([ $promtool, 'check', 'rules', "$directory/alerts.yaml" ], 'the rules are right');
    command_ok([ $promtool, 'test', 'rules', "$directory/alerts_test.yaml" ], 'they fire when they should, and only then');
    my $rules = PostgreSQL::Test::Utils::tempdir() . '/dashboard.yaml';
    s/\$__rate_interval/5m/g, s/\$database/.*/g foreach @expressions;
    PostgreSQL::Test::Utils::append_to_file($rules,
        "groups:\n- name: dashboard\n  rules:\n" . join('', map { "  - record: panel:$_\n    expr: '$expressions[$_]'\n" } 0 .. $#expressions));
    command_ok([ $promtool, 'check', 'rules', $rules ], 'the expressions of the dashboard are right');
}

SKIP:
{
    skip 'the exporter is not installed', 5 unless $exporter || is_long();
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    local $ENV{DATA_SOURCE_NAME} = sprintf('user=watcher dbname=postgres host=%s port=%d sslmode=disable', $node->host, $node->port);
    my $log = '';
    my $handle = IPC::Run::start(
        [ $exporter, "--web.listen-address=127.0.0.1:$port", "--extend.query-path=$directory/queries.yaml", '--disable-default-metrics', '--disable-settings-metrics' ],
        '<', \'', '>', \$log, '2>&1');
    my $page = wait_until(
        sub {
            my $response = HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port/metrics");
            return $response->{success} ? $response->{content} : undef;
        },
        30) // '';
    $handle->kill_kill;
    my %exported = map { $_ => 1 } $page =~ /^(weir_\w+)\{/mg;
    my @labels = qw(weir_ring_database weir_health_database weir_health_check_name weir_latency_database weir_tenant_database
      weir_tenant_tenant weir_query_database weir_query_queryid weir_query_role);
    delete @metrics{@labels};
    is(join(' ', grep { !$exported{$_} } sort keys %metrics), '', 'the exporter exports every metric') or diag($log);
    like($page, qr/^weir_ring_worker_up\{database="postgres",[^}]*\} 1$/m, 'with labels and values');
    like($page, qr/^weir_tenant_calls\{[^}]*tenant="acme"[^}]*\} 59$/m, 'by tenant');
    like($page, qr/^weir_latency_errors\{[^}]*\} 1$/m, 'errors too');
    unlike($log, qr/error/i, 'without an error');
}

done_testing();
