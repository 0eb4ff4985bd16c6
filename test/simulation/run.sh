#!/usr/bin/env bash
# Tests the simulation: its unit tests, then weirsim against servers of its own and against one of ours,
# whose counts it must agree with. Ends in "simulation: N passed, N failed".
#
# The page is opened in Chromium where that is installed, and in the long tier, which installs it.
set -uo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../support/server.sh"

passed=0
failed=0
tests=$(dirname "${BASH_SOURCE[0]}")

ok() {
  passed=$((passed + 1))
  echo "ok: $1"
}
flunk() {
  failed=$((failed + 1))
  echo "FAILED: $1"
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@"
}
# is "what it says" GOT WANTED
is() {
  if [ "$2" = "$3" ]; then ok "$1"; else flunk "$1" "got:    $2" "wanted: $3"; fi
}

# weirsim with its words kept: sim ARGUMENT...; sets status, and leaves $out and $err.
out=
err=
sim() {
  "$root/build/weirsim" "$@" >"$out" 2>"$err"
  status=$?
}
# One clear line and that exit code: refuses "what it refuses" CODE PATTERN ARGUMENT...
refuses() {
  local what=$1 code=$2 pattern=$3
  shift 3
  sim "$@"
  if [ "$status" -eq "$code" ] && grep -qE "$pattern" "$err" && [ "$(grep -c . "$err")" -eq 1 ]; then
    ok "refuses $what"
  else
    flunk "refuses $what" "exit code $status, wanted $code" "$(cat "$err")"
  fi
}
# One value of a result: result FILE PATH, as in total.p95_ms or operations.0.name.
result() {
  perl -MJSON::PP -e '
    local $/; open my $in, "<", $ARGV[0] or exit 1;
    my $at = decode_json(<$in>);
    $at = ref $at eq "ARRAY" ? $at->[$_] : $at->{$_} for split /\./, $ARGV[1];
    print ref $at eq "JSON::PP::Boolean" ? ($at ? "true" : "false") : $at' "$1" "$2"
}

# Waits until a query is true: await "SELECT ..."
await() {
  local i
  for i in $(seq 300); do
    [ "$(value "$1" 2>/dev/null)" != t ] || return 0
    sleep 0.1
  done
  return 1
}

unit_tests() {
  local log=$scratch/log/unit.out
  "$root/build/sim-cmake/weir_sim_tests" >"$log" 2>&1
  local status=$? good
  good=$(grep -cE '^\[       OK \] .* \([0-9]+ ms\)$' "$log")
  passed=$((passed + good))
  if [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; then flunk 'unit tests' "$(grep -vE '^\[.*(RUN|OK)' "$log" | tail -n 30)"; fi
  echo "ok: $good unit tests"
}

# What the server has in its log, by tenant and operation; equal seeds must give equal lines.
operations_in_log() {
  value "SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT concat_ws(' ', tenant_id, table_name, field_name, query_type, sum(calls)) AS line
    FROM weir.query_stats WHERE application_name = 'weirsim' AND query_type <> 'SET'
    GROUP BY tenant_id, table_name, field_name, query_type) lines"
}

counts_agree() {
  local json=$scratch/a/small-burst.json logged inserted
  sim run --scenario small --scale 0.5 --seed 7 --out "$scratch/a"
  is 'a small run ends well' "$status" 0
  [ "$status" -eq 0 ] || { cat "$err"; return; }
  logged=$(value "SELECT sum(calls) FROM weir.query_stats WHERE application_name = 'weirsim'")
  is 'the log has two statements for each operation' "$logged" $((2 * $(result "$json" total.operations)))
  is 'the result has what the log has' "$(result "$json" records.log_statements)" "$logged"
  is 'all were captured' "$(result "$json" records.captured)" "$logged"
  is 'all were flushed' "$(result "$json" records.flushed)" "$logged"
  is 'the books balance' "$(result "$json" records.balanced)" true
  is 'nothing failed' "$(result "$json" total.failed)" 0
  is 'the operations are as many as were asked for' "$(result "$json" total.operations)" 1000
  is 'the searches by address agree' "$(result "$json" operations.0.transactions)" \
    "$(value "SELECT sum(calls) FROM weir.query_stats WHERE application_name = 'weirsim' AND field_name = 'email'")"
  is 'the statements of the busiest tenant agree' "$(result "$json" tenants.0.calls)" \
    "$(value "SELECT sum(calls) FROM weir.query_stats WHERE application_name = 'weirsim'
              AND query_type <> 'SET' AND tenant_id = '$(result "$json" tenants.0.tenant)'")"
  inserted=$(value "SELECT sum(calls) FROM weir.query_stats WHERE application_name = 'weirsim' AND query_type = 'INSERT'")
  is 'the seeded rows are there' "$(($(result "$json" seeding.rows) + inserted))" \
    "$(value "SELECT (SELECT count(*) FROM weirsim.tenants) + (SELECT count(*) FROM weirsim.contacts) +
      (SELECT count(*) FROM weirsim.organizations) + (SELECT count(*) FROM weirsim.interactions)")"
  if [ "$(value "SELECT to_regproc('weir.create_query') IS NOT NULL")" = t ]; then
    is 'the continuous queries equal their recomputation' \
      "$(result "$json" continuous.0.differences) $(result "$json" continuous.1.differences)" '0 0'
  fi
  is 'the page is there' "$(grep -c 'id="data"' "$scratch/a/small-burst.html")" 1
}

same_seed() {
  local first second
  first=$(operations_in_log)
  value 'SELECT weir.reset()' >/dev/null
  sim run --scenario small --scale 0.5 --seed 7 --out "$scratch/b"
  second=$(operations_in_log)
  is 'the same seed asks the same of the same tenants' "$second" "$first"
  is 'the same seed has the same ledger' "$(result "$scratch/b/small-burst.json" ledger.hash)" \
    "$(result "$scratch/a/small-burst.json" ledger.hash)"
  sim run --scenario small --scale 0.5 --seed 8 --embedded --bindir "$bindir" --out "$scratch/c"
  is 'a run on a server of its own ends well' "$status" 0
  if [ "$(result "$scratch/c/small-burst.json" ledger.hash)" != "$(result "$scratch/a/small-burst.json" ledger.hash)" ]; then
    ok 'another seed has another ledger'
  else
    flunk 'another seed has another ledger'
  fi
  sim run --scenario small --scale 0.5 --seed 7 --reuse --out "$scratch/d"
  is '--reuse keeps the rows' "$(result "$scratch/d/small-burst.json" seeding.reused)" true
}

compares() {
  local a=$scratch/a/small-burst.json
  sim compare "$a" "$a"
  is 'a run is no regression of itself' "$status" 0
  perl -MJSON::PP -e 'local $/; my $run = decode_json(<STDIN>); my $total = $run->{total};
    $total->{throughput} /= 1.2; $total->{$_} *= 1.2 for qw(avg_ms p50_ms p95_ms p99_ms);
    print encode_json($run)' <"$a" >"$scratch/slow.json"
  sim compare "$a" "$scratch/slow.json"
  is 'a run that is slower by a fifth is a regression' "$status $(grep -c REGRESSION "$out")" '1 4'
  sim compare --percent 30 "$a" "$scratch/slow.json"
  is '... unless more is allowed' "$status" 0
  echo '{"weirsim": 1}' >"$scratch/half.json"
  refuses 'to compare half a result' 2 'no result' compare "$a" "$scratch/half.json"
  echo 'no' >"$scratch/no.json"
  refuses 'to compare what is no JSON' 2 'no JSON' compare "$scratch/no.json" "$a"
  refuses 'to compare what is not there' 8 'could not read' compare "$a" "$scratch/nothing.json"
  refuses 'to report what is no result' 2 'no result' report "$scratch/half.json"
  sim report "$a" --output "$scratch/again.html"
  if cmp -s "$scratch/again.html" "$scratch/a/small-burst.html"; then ok 'a report can be made again'; else flunk 'a report can be made again'; fi
}

bad_input() {
  local run=(run --scenario small --out "$scratch/x")
  refuses 'an unknown scenario' 2 'unknown scenario' run --scenario huge --out "$scratch/x"
  refuses 'an unknown mode' 2 'unknown mode' "${run[@]}" --mode calm
  refuses 'an unknown mix' 2 'unknown mix' "${run[@]}" --mix sms
  refuses 'a share of writes above one' 2 'share of writes' "${run[@]}" --writes 2
  refuses 'a scale of nothing' 2 'scale' "${run[@]}" --scale 0
  refuses 'too many clients' 2 'clients' "${run[@]}" --clients 100000
  sim run --no-such-option
  is 'an unknown option has exit code 2' "$status" 2
  sim
  is 'no command has exit code 2' "$status" 2
  : >"$scratch/file"
  refuses 'a file in place of a directory' 8 'directory' run --scenario small --out "$scratch/file"
  PGHOST=$scratch/nowhere refuses 'a server that is not there' 3 'no connection' "${run[@]}"
  sql -d postgres -c 'CREATE DATABASE bare' -c 'CREATE DATABASE occupied' -c 'CREATE ROLE nobody LOGIN'
  sql -d occupied -c 'CREATE EXTENSION pg_weir' -c 'CREATE SCHEMA weirsim CREATE TABLE precious (i int)'
  PGDATABASE=bare refuses 'a database without the extension' 4 'CREATE EXTENSION' "${run[@]}"
  PGUSER=nobody refuses 'a role without rights' 5 'lacks rights' "${run[@]}"
  sql -d postgres -c 'CREATE DATABASE granted' -c 'CREATE ROLE analyst LOGIN' \
    -c 'GRANT CREATE ON DATABASE granted TO analyst' -c 'GRANT pg_read_all_stats TO analyst'
  sql -d granted -c 'CREATE EXTENSION pg_weir' -c 'GRANT EXECUTE ON FUNCTION weir.flush() TO analyst'
  PGDATABASE=granted PGUSER=analyst sim run --scenario small --scale 0.2 --out "$scratch/y"
  is 'a role with rights, and no more, will do' \
    "$status $(result "$scratch/y/small-burst.json" records.log_statements)" '0 800'
  PGDATABASE=occupied refuses "somebody else's schema" 6 'not made by weirsim' "${run[@]}"
  is '... and leaves it alone' "$(value "SELECT to_regclass('weirsim.precious') IS NOT NULL" occupied)" t
  refuses 'to reuse what is not there' 2 'nothing to reuse' "${run[@]}" --scale 0.5 --seed 99 --reuse
  refuses 'a directory without a server' 2 'no PostgreSQL server' "${run[@]}" --embedded --bindir "$scratch"
}

# Runs weirsim in the background and interrupts it when the query becomes true.
interrupt_when() {
  local condition=$1 pid
  shift
  "$root/build/weirsim" "$@" >"$out" 2>"$err" &
  pid=$!
  await "$condition"
  sleep "${linger:-0}"
  kill -INT "$pid"
  wait "$pid"
  status=$?
}

# No more than these rows, and all of them: the chunks of both runs fit together.
interrupted_seeding() {
  local run=(run --scenario medium --scale 2 --mode production --rate 20 --duration 1 --out "$scratch/e") rows
  interrupt_when "SELECT count(*) > 2 FROM weirsim.seed_chunk WHERE part = 'interactions'" "${run[@]}"
  is 'an interrupted seeding says so' "$status $(grep -c 'may be seeded in part' "$err")" '130 1'
  is '... and leaves the rows that were committed' \
    "$(value "SELECT NOT complete AND (SELECT count(*) > 0 FROM weirsim.contacts) FROM weirsim.seed_run")" t
  sim "${run[@]}"
  rows=$(value "SELECT (SELECT count(*) FROM weirsim.contacts) + (SELECT count(*) FROM weirsim.organizations) +
    (SELECT count(*) FROM weirsim.interactions WHERE id <= 570000)")
  is 'the same command goes on' "$status $rows" "0 820800"
}

interrupted_load() {
  local json=$scratch/f/small-production.json
  linger=2 interrupt_when "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'weirsim'" \
    run --scenario small --mode production --rate 100 --duration 60 --out "$scratch/f"
  is 'Ctrl-C ends a run' "$status" 130
  is '... whose report says so' "$(result "$json" interrupted)" true
  is '... and has all that ran' "$(result "$json" records.log_statements)" $((2 * $(result "$json" total.operations)))
  is '... and its pgbench is gone' \
    "$(value "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'weirsim'")" 0
  linger=1 interrupt_when "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'weirsim'" \
    run --scenario small --rate 50 --out "$scratch/g"
  is 'Ctrl-C ends a counted run' "$status $(result "$scratch/g/small-burst.json" interrupted)" '130 true'
}

other_modes() {
  local json=$scratch/h/small-ramp.json
  sim run --scenario small --mode ramp --clients 12 --duration 4 --mix ecommerce --out "$scratch/h"
  is 'a ramp ends well' "$status $(result "$json" total.failed)" '0 0'
  is '... with all clients at its end' "$(result "$json" phases.-1.clients)" 12
  sim run --scenario small --mode overhead --pairs 6 --mix analytics --out "$scratch/h"
  json=$scratch/h/small-overhead.json
  is 'overhead compares pairs' "$status $(result "$json" overhead.pairs.5.on_tps | grep -c .)" '0 1'
  is '... and has an interval' "$(result "$json" overhead.throughput_percent.confidence)" 0.96875
  is '... and captured the runs with capture on alone' "$(result "$json" records.log_statements)" \
    $(($(result "$json" total.operations) * 6 / 13 * 2))
  sim run --scenario small --mode overhead --pairs 2 --rate 400 --reuse --out "$scratch/i"
  json=$scratch/i/small-overhead.json
  is 'overhead may offer a rate' "$status $(result "$json" overhead.offered_rate)" '0 400'
  is '... and no more is done' "$(result "$json" overhead.pairs.1.off_tps | awk '{ print ($1 > 300 && $1 < 500) }')" 1
  [ -n "${WEIR_LONG:-}" ] || return 0
  sim run --scenario small --mode connections --pairs 12 --out "$scratch/h"
  json=$scratch/h/small-connections.json
  is 'connections compares three ways' "$status $(result "$json" connections.ways.2.connection_for)" '0 all operations'
  is '... of the same operations' "$(result "$json" records.log_statements)" $((2 * $(result "$json" total.operations)))
  sim run --scenario stress-test --scale 0.1 --embedded --bindir "$bindir" --out "$scratch/h"
  is 'a stress test ends well' "$status $(result "$scratch/h/stress-test-burst.json" records.balanced)" '0 true'
}

page() {
  local json
  if ! command -v chromium >/dev/null; then
    [ -n "${WEIR_LONG:-}" ] || { echo 'skipped: the page in Chromium, which is not installed here'; return; }
  fi
  for json in "$scratch"/a/small-burst.json "$scratch"/f/small-production.json "$scratch"/[hi]/*.json; do
    if perl "$tests/page.pl" "$json" "$scratch" >"$out" 2>&1; then
      ok "the page of $(basename "$json" .json): $(tail -n 1 "$out")"
    else
      flunk "the page of $(basename "$json" .json)" "$(cat "$out")"
    fi
  done
}

scratch_begin
out=$scratch/log/out err=$scratch/log/err
"$root/bench/sim/build.sh" weir_sim_tests || fail 'the simulation does not build'
build_variant release && install_variant release || fail 'the extension does not build'
export PATH=$bindir:$PATH
unit_tests
server_start simulation shared_buffers=256MB synchronous_commit=off max_wal_size=4GB ||
  fail 'no server for the simulation'
sql -c 'CREATE DATABASE crm'
export PGDATABASE=crm
sql -c 'CREATE EXTENSION pg_weir'
counts_agree
same_seed
compares
bad_input
interrupted_seeding
interrupted_load
other_modes
page
server_stop "$scratch/simulation"
if grep -E 'PANIC:|TRAP:|terminated by (signal|exception)' "$scratch/log/server-simulation.log"; then flunk 'the server log'; fi

echo "simulation: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
