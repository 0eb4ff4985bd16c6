#!/usr/bin/env bash
# Runs the tests, tier by tier, and ends in "N passed, N failed".
#
# Usage: run.sh gate|long                   everything, or everything and the slow parts
#        run.sh TIER                    one tier, by its name
#        run.sh regress|isolation|tap [NAME...]   one tier, or some tests of it
#
# A tier that cannot run counts as failed. SEED=n repeats a run of the random tests; ROUNDS=n repeats
# the isolation tests. The logs of a failed run stay in build/test-logs.
set -uo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/support/server.sh"

mode=${1:-gate}
[ $# -eq 0 ] || shift
names=("$@")
passed=0
failed=0
# All code draws queries of its own, and the same ones when its tests are repeated.
seed_of_tree() {
  local ids
  ids=$(git -c safe.directory='*' -C "$root" rev-parse HEAD:src HEAD:test 2>/dev/null | sha1sum) && echo $((16#${ids:0:7}))
}
[ "$mode" = long ] || SEED=${SEED:-$(seed_of_tree)}
export SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}

# A tier is a function that adds to tier_passed and tier_failed.
tier() {
  local started=$SECONDS
  tier_passed=0
  tier_failed=0
  printf '\n== %s\n' "$1"
  "tier_$1"
  if [ $((tier_passed + tier_failed)) -eq 0 ]; then
    echo "$1: nothing was run"
    tier_failed=1
  fi
  printf -- '-- %s: %d passed, %d failed (%d s)\n' "$1" "$tier_passed" "$tier_failed" $((SECONDS - started))
  passed=$((passed + tier_passed))
  failed=$((failed + tier_failed))
}

pass() { tier_passed=$((tier_passed + 1)); }

flunk() {
  tier_failed=$((tier_failed + 1))
  echo "FAILED: $*"
}

# Runs a script that ends in "NAME: N passed, N failed" and takes the counts from that line.
count_of_script() {
  local name=$1 output=$scratch/log/$1.log line status
  shift
  "$@" 2>&1 | tee "$output"
  status=${PIPESTATUS[0]}
  line=$(grep -E "^$name: [0-9]+ passed, [0-9]+ failed" "$output" | tail -n 1)
  if [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    tier_passed=$((tier_passed + BASH_REMATCH[1]))
    tier_failed=$((tier_failed + BASH_REMATCH[2]))
    [ "$status" -eq 0 ] || [ "${BASH_REMATCH[2]}" -gt 0 ] || flunk "$name exited with $status"
  else
    flunk "$name ended without its closing line"
  fi
}

tier_unit() { count_of_script unit "$root/test/unit/run.sh"; }
tier_lint() { count_of_script lint "$root/test/lint/run.sh"; }
tier_tidy() { count_of_script tidy "$root/test/lint/tidy.sh"; }
tier_suite() { count_of_script suite "$root/test/suite/run.sh"; }
tier_headers() { count_of_script headers "$root/test/support/check_headers.sh"; }

tier_differential() {
  COUNT=${COUNT:-$([ "$mode" = long ] && echo 1000000 || echo 10000)} \
    count_of_script differential "$root/test/differential/run.sh"
}

tier_simulation() { count_of_script simulation "$root/test/simulation/run.sh"; }

# Queries over windows, far fewer: most of what they run on is shared.
tier_windows() {
  WINDOWS=1 STOCK_PATIENCE=$([ "$mode" = long ] && echo 20000 || echo 1000) \
    COUNT=${COUNT:-$([ "$mode" = long ] && echo 10000 || echo 2000)} \
    count_of_script differential "$root/test/differential/run.sh"
}

tier_build() {
  local what
  for what in "release g++" "failpoints g++" "release clang++"; do
    # shellcheck disable=SC2086
    set -- $what
    if build_variant "$1" CXX="$2"; then
      echo "ok: $1 with $2"
      pass
    else
      flunk "$1 does not build with $2"
    fi
  done
}

# The failpoints variant, built and installed once for all tiers that need a server.
prepare_server() {
  [ -z "$bindir" ] || return 0
  build_variant failpoints && install_variant failpoints
}

# What no test may leave in a server's log. A TAP test that kills says so in a line "# Sends: signal 9".
scan_log() {
  local log=$1 allowed=${2:-} found
  found=$(grep -nE 'PANIC:|TRAP:|terminated by (signal|exception)' "$log" || true)
  [ -z "$allowed" ] || found=$(grep -vE "terminated by ($allowed)\b" <<<"$found")
  [ -z "$found" ] && return 0
  flunk "${log#"$scratch"/} holds:"
  printf '%s\n' "$found"
}

# Both kinds of pg_regress print "test NAME ... ok" or "... FAILED", and leave their differences behind.
count_regress() {
  local output=$1 diffs=$2 good bad
  good=$(grep -cE '^test .* \.\.\. +ok ' "$output")
  bad=$(grep -cE '^test .* \.\.\. +(FAILED|failed)' "$output")
  tier_passed=$((tier_passed + good))
  tier_failed=$((tier_failed + bad))
  if [ "$3" -ne 0 ] && [ "$bad" -eq 0 ]; then flunk "$(tail -n 3 "$output")"; fi
  if [ -f "$diffs" ]; then
    cp "$diffs" "$scratch/log/"
    head -n 300 "$diffs"
  fi
}

# The tests to run: the names given, or all files of a kind.
chosen() {
  if [ ${#names[@]} -gt 0 ]; then
    printf '%s\n' "${names[@]##*/}" | sed 's/\.[a-z]*$//'
  else
    find "$root/$1" -maxdepth 1 -name "*.$2" -printf '%f\n' | sed "s/\.$2\$//" | LC_ALL=C sort
  fi
}

pgxs_dir() { dirname "$(dirname "$("$bindir/pg_config" --pgxs)")"; }

# regress_round NAME [SETTING=VALUE...]: all of sql/ on a fresh server.
regress_round() {
  local name=$1 output=$scratch/log/$1.out tests status=0
  shift
  mapfile -t tests < <(chosen sql sql)
  [ ${#tests[@]} -gt 0 ] || return 0
  # No plan is to depend on when autovacuum comes; it is beside the TAP tests.
  prepare_server && server_start "$name" autovacuum=off "$@" || { flunk "no server for $name"; return; }
  mkdir -p "$scratch/out-$name" && chmod 777 "$scratch/out-$name"
  stage expected >/dev/null
  as_server "$(pgxs_dir)/test/regress/pg_regress" --bindir="$bindir" --inputdir="$(dirname "$(stage sql)")" \
    --outputdir="$scratch/out-$name" --host="$PGHOST" --port="$port" --user=postgres \
    --dbname=regress_weir --load-extension=pg_weir "${tests[@]}" >"$output" 2>&1 || status=$?
  grep -E '^test ' "$output"
  count_regress "$output" "$scratch/out-$name/regression.diffs" "$status"
  server_stop "$scratch/$name"
  scan_log "$scratch/log/server-$name.log"
}

tier_regress() { regress_round regress; }

# The same answers whatever the planner does.
tier_regress_parallel() { regress_round regress_parallel force_parallel_mode=regress; }
tier_regress_generic() { regress_round regress_generic plan_cache_mode=force_generic_plan; }

# The streaming executor's topics, in a worker and with generic plans; plans themselves look otherwise there.
tier_regress_stream() {
  local kept=("${names[@]}")
  names=()
  mapfile -t names < <(chosen sql sql | grep '^stream_' | grep -vE '^stream_(explain|parallel)$')
  regress_round regress_stream_parallel force_parallel_mode=regress
  regress_round regress_stream_generic plan_cache_mode=force_generic_plan
  names=("${kept[@]}")
}

tier_isolation() {
  local output specs inputdir status round
  mapfile -t specs < <(chosen test/isolation/specs spec)
  [ ${#specs[@]} -gt 0 ] || return 0
  prepare_server && server_start isolation || { flunk "no server for isolation"; return; }
  mkdir -p "$scratch/out-isolation" && chmod 777 "$scratch/out-isolation"
  inputdir=$(stage test/isolation)
  for round in $(seq "${ROUNDS:-1}"); do
    output=$scratch/log/isolation-$round.out
    status=0
    as_server "$(pgxs_dir)/test/isolation/pg_isolation_regress" --bindir="$bindir" --inputdir="$inputdir" \
      --outputdir="$scratch/out-isolation" --host="$PGHOST" --port="$port" --user=postgres \
      --dbname=isolation_weir --load-extension=pg_weir "${specs[@]}" >"$output" 2>&1 || status=$?
    grep -E '^test ' "$output"
    count_regress "$output" "$scratch/out-isolation/regression.diffs" "$status"
    [ "$status" -eq 0 ] || break
  done
  server_stop "$scratch/isolation"
  scan_log "$scratch/log/server-isolation.log"
}

# One test file in a directory of its own; its verdicts are its top-level "ok" lines.
tap_file() {
  local name=$1 file=$2 work=$scratch/tap/$1 output=$scratch/log/tap-$1.out status=0 good bad log allowed
  local started=$SECONDS
  mkdir -p "$work" && chmod 777 "$work"
  as_server env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
    PATH="$bindir:$PATH" PERL5LIB="$(pgxs_dir)/test/perl:$(dirname "$file")" \
    PG_REGRESS="$(pgxs_dir)/test/regress/pg_regress" TESTDIR="$work" TESTDATADIR="$work/tmp_check" \
    TESTLOGDIR="$work/tmp_check/log" PG_TEST_PORT_DIR="$scratch/run" \
    prove -v "$file" >"$output" 2>&1 || status=$?
  good=$(grep -cE '^ok [0-9]+' "$output")
  bad=$(grep -cE '^not ok [0-9]+' "$output")
  # A file that dies, or runs fewer tests than it planned, fails although no test of it did.
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  if [ "$status" -eq 0 ] && [ "$good" -eq 0 ]; then bad=1; fi
  tier_passed=$((tier_passed + good))
  tier_failed=$((tier_failed + bad))
  printf '%-40s %4d ok %3d not ok %5d s\n' "$name" "$good" "$bad" $((SECONDS - started))
  [ "$bad" -eq 0 ] || grep -vE '^ok ' "$output" | tail -n 60
  allowed=$(sed -n 's/^# Sends: *//p' "$file" | paste -sd'|')
  for log in "$work"/tmp_check/log/*.log; do
    [ -f "$log" ] || continue
    cp "$log" "$scratch/log/tap-$name-$(basename "$log")"
    case $log in *regress_log*) ;; *) scan_log "$scratch/log/tap-$name-$(basename "$log")" "$allowed" ;; esac
  done
  rm -rf "$work"
}

tier_tap() {
  local files name directory
  mapfile -t files < <(chosen test/tap pl)
  [ ${#files[@]} -gt 0 ] || return 0
  prepare_server || { flunk "no server for TAP"; return; }
  directory=$(stage test/tap)
  stage bench/crm >/dev/null
  stage monitoring >/dev/null
  for name in "${files[@]}"; do tap_file "$name" "$directory/$name.pl"; done
}

keep_logs() {
  local target=$root/build/test-logs
  rm -rf "$target"
  mkdir -p "$target" && cp -R "$scratch/log/." "$target/" && echo "The logs are in $target."
}

scratch_begin
echo "SEED=$SEED"
gate_tiers=(unit lint build regress regress_stream differential windows isolation tap simulation headers)
long_tiers=(tidy suite regress_parallel regress_generic)
case $mode in
  gate)
    export WEIR_RING_OPERATIONS=${WEIR_RING_OPERATIONS:-100000000}
    tiers=("${gate_tiers[@]}")
    ;;
  long)
    export WEIR_LONG=1 ROUNDS=${ROUNDS:-25} WEIR_RING_OPERATIONS=${WEIR_RING_OPERATIONS:-1000000000}
    tiers=("${gate_tiers[@]}" "${long_tiers[@]}")
    ;;
  *)
    [[ " ${gate_tiers[*]} ${long_tiers[*]} " == *" $mode "* ]] ||
      fail "usage: run.sh gate|long, or a tier: ${gate_tiers[*]} ${long_tiers[*]} [NAME...]"
    tiers=("$mode")
    ;;
esac
for name in "${tiers[@]}"; do tier "$name"; done

echo
[ "$failed" -eq 0 ] || keep_logs
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
