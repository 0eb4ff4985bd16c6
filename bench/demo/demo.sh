#!/usr/bin/env bash
# Shows the whole thing on a server of its own: a CRM of ten tenants under load, and what weir.* has to
# say about it. Ends by itself and leaves nothing behind; KEEP=1 leaves the server up.
#
# The extension is installed into a private copy of PostgreSQL, because a demonstration must not change
# the machine's server: "make install" does that.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../../test/support/server.sh"

tenants=10 contacts=500 orgs=50 interactions=1000
clients=4 seconds=${SECONDS_OF_LOAD:-20}

bold='' dim='' plain='' style=ascii
if [ -t 1 ]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
  case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in *UTF-8 | *utf8) style=unicode ;; esac
fi

heading() { printf '%s%s%s\n' "$bold" "$1" "$plain"; }
note() { printf '%s%s%s\n' "$dim" "$1" "$plain"; }

# One step with its time: step "What it does" command...
step() {
  local what=$1 started=$SECONDS
  shift
  printf '%-50s ' "$what"
  "$@" || fail "did not work"
  printf '%3d s\n' $((SECONDS - started))
}

# A table of results: ask "query".
ask() { sql -P footer=off -P border=1 -P "linestyle=$style" -P null=- -c "$1"; }

build() {
  build_variant release && install_variant release
}

start() {
  server_start demo cluster_name=pg_weir_demo shared_buffers=256MB synchronous_commit=off \
    log_statement=none weir.flush_interval=1s
}

seed() {
  export PGDATABASE=crm
  sql -d postgres -c 'CREATE DATABASE crm' && sql -c 'CREATE EXTENSION pg_weir' &&
    sql -f "$crm/schema.sql" &&
    sql -v tenants=$tenants -v contacts=$contacts -v orgs=$orgs -v interactions=$interactions -v seed=0.42 \
      -f "$crm/seed.sql"
}

# A continuous query over what the load writes.
keep_up() {
  value "SELECT weir.create_query('activity', \$\$
           SELECT weir.tumble(occurred_at, '10 seconds') AS since, tenant_id, type, count(*), max(contact_id) AS newest
           FROM interactions GROUP BY 1, 2, 3 \$\$)" >/dev/null
}

# The view against the query itself, both ways in one snapshot.
differences() {
  value "SELECT count(*) FROM ((TABLE activity EXCEPT ALL TABLE weir_state.q1_definition)
           UNION ALL (TABLE weir_state.q1_definition EXCEPT ALL TABLE activity)) d"
}

# Reads and writes as 85 to 15; the reads in the shares 30, 30, 20, 10, 10.
load() {
  local share script scripts=()
  for share in q1_email@255 q2_phone@255 q3_industry@170 q4_type@85 q5_note@85 w1_interaction@75 w2_contact@75; do
    script=$scratch/${share%@*}.sql
    cat "$crm/tenant.sql" "$crm/queries/${share%@*}.sql" >"$script"
    scripts+=(-f "$script@${share#*@}")
  done
  PGAPPNAME=crm as_server "$bindir/pgbench" -n -c $clients -j 2 -T "$seconds" -P 2 --random-seed=42 \
    -D tenants=$tenants -D contacts=$contacts "${scripts[@]}" crm 2>&1
}

# pgbench's progress lines, each with what the ring holds at that moment.
show_progress() {
  local line captured waiting flushed
  printf '%8s %16s %12s %12s %10s %12s %18s\n' seconds transactions/s 'latency ms' captured 'in ring' flushed \
    'activity: differs'
  while IFS= read -r line; do
    if [[ $line =~ ^progress:\ ([0-9.]+)\ s,\ ([0-9.]+)\ tps,\ lat\ ([0-9.]+) ]]; then
      IFS='|' read -r captured waiting flushed < <(value "SELECT captured, in_ring, flushed
        FROM weir.ring_status() WHERE database = 'crm'")
      printf '%8.0f %16.0f %12.3f %12s %10s %12s %18s\n' "${BASH_REMATCH[@]:1}" "$captured" "$waiting" "$flushed" \
        "$(differences | tee -a "$scratch/log/differences")"
    else
      printf '%s\n' "$line" >>"$scratch/log/pgbench.log"
    fi
  done
}

check_counts() {
  local executed stored
  executed=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$scratch/log/pgbench.log" | head -n 1)
  # Every script is two statements: it says which tenant it works for, then works.
  executed=$((executed * 2))
  stored=$(value "SELECT sum(calls) FROM weir.query_stats WHERE application_name = 'crm'")
  printf 'statements pgbench executed   %12d\n' "$executed"
  printf 'statements in the log         %12d\n' "$stored"
  [ "$executed" -eq "$stored" ] || fail "the two must be equal"
  printf 'equal: nothing lost, nothing counted twice\n\n'
}

show_results() {
  echo
  heading 'What was captured'
  value 'SELECT weir.flush()' >/dev/null
  ask "SELECT captured, flushed, in_ring, folded_pending, dropped, flushes, pg_size_pretty(
         (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('weir.query_stats'))) AS log_size
       FROM weir.ring_status() WHERE database = 'crm'"
  check_counts

  heading 'Who uses it: weir.tenant_stats'
  ask "SELECT tenant_id, calls, round(avg_ms::numeric, 3) AS avg_ms, round(p95_ms::numeric, 3) AS p95_ms,
         round(p99_ms::numeric, 3) AS p99_ms, round(total_ms::numeric) AS total_ms
       FROM weir.tenant_stats WHERE tenant_id IS NOT NULL ORDER BY total_ms DESC LIMIT 10"

  heading 'What takes the time: weir.statements'
  ask "SELECT calls, round(total_exec_time::numeric) AS total_ms, round(mean_exec_time::numeric, 3) AS mean_ms,
         round(max_exec_time::numeric, 2) AS max_ms, rows, shared_blks_hit AS hits, left(query, 64) AS query
       FROM weir.statements WHERE query NOT LIKE '%weir.%' AND calls > 1 ORDER BY total_exec_time DESC LIMIT 7"

  heading 'The slowest: weir.slow_queries()'
  ask "SELECT round(slowest_ms::numeric, 2) AS slowest_ms, calls, tenants, table_name, field_name, left(query, 50) AS query
       FROM weir.slow_queries(1000, min_ms => 1, min_calls => 1) WHERE tenants > 0 LIMIT 5"

  heading 'Which columns are asked for: weir.field_usage'
  ask "SELECT table_name, field_name, query_type, calls, tenants, round(avg_ms::numeric, 3) AS avg_ms,
         round(p95_ms::numeric, 3) AS p95_ms
       FROM weir.field_usage WHERE table_name IN ('contacts', 'organizations', 'interactions') AND tenants > 0
       ORDER BY total_ms DESC LIMIT 8"
  note 'email and phone are searched for by every tenant, and no index helps.'

  heading 'What would help: weir.index_advice()'
  ask "SELECT column_name, verdict, calls, reason FROM weir.index_advice()
       WHERE verdict IN ('worth_benchmarking', 'not_supported_by_planner') ORDER BY total_ms DESC LIMIT 5"
  echo
}

# The least time of a query under a setting of weir.stream, in milliseconds.
least_ms() {
  local mode=$1 query=$2 i
  {
    echo "SET jit = off; SET max_parallel_workers_per_gather = 0; SET weir.capture = off; SET weir.stream = $mode;"
    for ((i = 0; i < 6; i++)); do echo "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $query;"; done
  } | sql -At | sed -n 's/^Execution Time: \([0-9.]*\) ms/\1/p' | sort -n | head -n 1
}

# One query both ways: its plan, its times, and that both give the same rows.
stream_query() {
  local query=$1 stock streamed
  note "$query"
  value "SET jit = off; SET max_parallel_workers_per_gather = 0; SET weir.capture = off;
         EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query"
  stock=$(least_ms off "$query")
  streamed=$(least_ms auto "$query")
  awk -v a="$stock" -v b="$streamed" 'BEGIN {
    printf "%-24s %9.2f ms\n%-24s %9.2f ms, %.1f times as fast\n", "weir.stream = off", a, "weir.stream = auto", b, a / b}'
  [ "$(value "SET weir.capture = off; SET extra_float_digits = 3; SET enable_sort = off;
    SET max_parallel_workers_per_gather = 0;
    CREATE TEMP TABLE streamed AS SELECT q::text AS line FROM ($query) q; SET weir.stream = off;
    CREATE TEMP TABLE stock AS SELECT q::text AS line FROM ($query) q;
    SELECT count(*) FROM ((TABLE streamed EXCEPT ALL TABLE stock) UNION ALL
                          (TABLE stock EXCEPT ALL TABLE streamed)) d")" = 0 ] ||
    fail 'both ways must give the same rows'
  printf 'the same rows both ways\n\n'
}

show_streaming() {
  heading 'Streaming executor: a tumbling window over the log itself'
  stream_query "SELECT weir.tumble(created_at, '1 second') AS second, tenant_id, sum(calls) AS calls, avg(duration_ms), max(duration_ms) FROM weir.query_stats GROUP BY 1, 2"
  heading 'Streaming executor: a tumbling window over the data of the tenants'
  stream_query "SELECT weir.tumble(occurred_at, '1 day') AS day, type, count(*), count(contact_id) AS with_contact, min(occurred_at), max(occurred_at) FROM interactions GROUP BY 1, 2"
}

show_view() {
  heading 'A continuous query over the interactions: the view "activity"'
  [ -s "$scratch/log/differences" ] && ! grep -qvx 0 "$scratch/log/differences" && [ "$(differences)" = 0 ] ||
    fail "the view and its query differ"
  ask "SELECT since, type, sum(count) AS interactions, count(*) AS tenants FROM activity
       GROUP BY since, type ORDER BY since DESC, type LIMIT 5"
  [ "$(value "SELECT weir.wait('activity')")" = t ] || fail "the state is not complete"
  [ "$(differences)" = 0 ] || fail "the state and the query differ"
  ask "SELECT name, state, ticks, rows_in, round((total_tick_ms / ticks)::numeric, 2) AS ms_a_tick, lag_seconds
       FROM weir.queries"
  printf 'view and query are equal: during the load, after it, and with everything in the state\n\n'
}

measure_cost() {
  sql -d postgres -c 'CREATE DATABASE cost' && sql -d cost -c 'CREATE EXTENSION pg_weir' &&
    as_server "$bindir/pgbench" -i -q -s 2 cost >/dev/null 2>&1 &&
    PGDATABASE=cost as_server env PATH="$bindir:$PATH" "$(stage bench/cpu_cost.sh)" -r 40 -n 4000 \
      'SET weir.capture = off;' 'SET weir.capture = top;' >"$scratch/cost" || return 1
  # A figure counts only if those statements were captured.
  [ "$(value "SELECT captured >= 40 * 4000 FROM weir.ring_status() WHERE database = 'cost'" cost)" = t ] ||
    fail 'the measured statements were not captured'
}

show_cost() {
  heading 'What capture costs'
  if ! measure_cost 2>"$scratch/log/cost.log"; then
    echo "could not be measured here: $(tail -n 1 "$scratch/log/cost.log")"
    return
  fi
  note 'CPU time of one session per prepared look-up by primary key, switched inside the session'
  awk '{name = NR == 1 ? "capture off" : "capture top"; ns[NR] = $4
        printf "%-14s %8.2f us a statement\n", name, $4 / 1000}
       NR == 2 {printf "%-14s %8.2f us, %.1f %% of the CPU time\n", "difference", (1 / $1 - 1) * ns[1] / 1000, (1 / $1 - 1) * 100}
      ' "$scratch/cost"
}

# Root connects with these lines as they are; so does the user whose server it is.
how_to_connect() {
  local as=''
  [ "$(id -u)" -ne 0 ] || as="runuser -u $server_user -- "
  echo
  heading 'How to connect'
  if [ -n "${KEEP:-}" ]; then
    printf 'connect  %s\n' "$bindir/psql -h $PGHOST -p $port -U postgres crm"
    printf 'stop     %s\n' "(cd / && ${as}$bindir/pg_ctl stop -D $scratch/demo) && rm -rf $scratch"
    # shellcheck disable=SC2034
    KEEP_SCRATCH=1
  else
    echo "The server goes now. \"make demo KEEP=1\" leaves it up and says how to connect and how to stop it."
  fi
}

scratch_begin
started=$SECONDS
heading 'pg_weir: what flows through a database'
step 'Building the extension' build
note "$(machine)"
crm=$(stage bench/crm)
step 'Starting a server of our own' start
step "A CRM: $tenants tenants, $((tenants * (contacts + orgs + interactions) * 57 / 50)) rows" seed
step 'A continuous query over its interactions' keep_up

echo
heading "Load: $clients clients, $seconds s, tenants chosen by Zipf's law"
load | show_progress
[ "${PIPESTATUS[0]}" -eq 0 ] || fail "pgbench failed: $(tail -n 3 "$scratch/log/pgbench.log")"
show_results
show_streaming
show_view
show_cost
how_to_connect
note "$((SECONDS - started)) s in all"
