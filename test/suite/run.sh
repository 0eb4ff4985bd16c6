#!/usr/bin/env bash
# The parts of PostgreSQL's own regression suite that aggregate most, on three servers: stock, with the library
# preloaded, and with everything streamed that can be. What the scripts print must be the same, but for the
# streaming node where EXPLAIN shows it. Ends in "suite: N passed, N failed".
#
# Usage: run.sh [TEST...]
set -uo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../support/server.sh"

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(aggregates groupingsets select_distinct partition_aggregate
    select_having subselect union join window portals rowsecurity partition_join partition_prune)
# What those rely on: tables, indexes and aggregates that other scripts make.
before=(test_setup create_index create_aggregate)
passed=0
failed=0

verdict() {
  if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# The suite's own functions, which its scripts load from a library.
build_functions() {
  local include
  include=$("$pg_config" --includedir-server)
  mkdir -p "$scratch/files/lib"
  "${CC:-gcc}" -O1 -w -fPIC -fwrapv -fno-strict-aliasing -shared -I"$include" "$source_dir/regress.c" \
    -o "$scratch/files/lib/regress.so"
}

# run_suite NAME [SETTING=VALUE...]: all scripts on a server of their own; what they print is in $scratch/out-NAME.
run_suite() {
  local name=$1 output=$scratch/log/suite-$1.out
  shift
  # Plans show no query identifiers then.
  server_start "$name" compute_query_id=regress "$@" || fail "no server for $name"
  mkdir -p "$scratch/out-$name" && chmod 777 "$scratch/out-$name"
  as_server "$(dirname "$(dirname "$("$bindir/pg_config" --pgxs)")")/test/regress/pg_regress" --bindir="$bindir" \
    --inputdir="$scratch/files/regress" --dlpath="$scratch/files/lib" --outputdir="$scratch/out-$name" \
    --host="$PGHOST" --port="$port" --user=postgres "${before[@]}" "${tests[@]}" >"$output" 2>&1
  server_stop "$scratch/$name"
  ! grep -E 'PANIC:|TRAP:|terminated by (signal|exception)' "$scratch/log/server-$name.log"
  verdict $?
}

scratch_begin
source_dir=$("$root/test/suite/source.sh") || fail "suite: no scripts to run"
build_variant release && install_variant release || fail "the extension does not build"
mkdir -p "$scratch/files"
cp -R "$source_dir" "$scratch/files/regress"
build_functions || fail "the suite's functions do not build"
chmod -R a+rwX "$scratch/files"

run_suite stock shared_preload_libraries=
run_suite auto
run_suite prefer weir.stream=prefer

for test in "${tests[@]}"; do
  for mode in auto prefer; do
    comparison=$scratch/log/suite-$mode-$test.out
    perl "$root/test/suite/compare.pl" "$scratch/out-stock/results/$test.out" \
      "$scratch/out-$mode/results/$test.out" 'Weir(Aggregate|Window)' >"$comparison" 2>&1
    status=$?
    printf '%-24s %-8s %s, %s\n' "$test" "$mode" "$([ $status -eq 0 ] && echo same || echo DIFFERENT)" \
      "$(tail -n 1 "$comparison")"
    [ $status -eq 0 ] || head -n 200 "$comparison"
    verdict $status
  done
done
echo "suite: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
