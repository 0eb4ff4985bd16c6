#!/usr/bin/env bash
# Builds the core's tests and runs them: all with AddressSanitizer and UndefinedBehaviorSanitizer,
# the stress tests with ThreadSanitizer. Ends in "unit: N passed, N failed".
#
# WEIR_RING_OPERATIONS=100000000 makes the ring's stress test as long as the gate wants it.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
jobs=${JOBS:-$(nproc)}
output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0
failed=0

# One race is enough; reporting all of them takes minutes.
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}

# ThreadSanitizer wants memory where it expects it, which much address randomisation prevents.
fixed_addresses=
if setarch "$(uname -m)" -R true 2>/dev/null; then
  fixed_addresses="setarch $(uname -m) -R"
fi

count() { grep -cE "$1" "$output" || true; }

# Little optimisation and short debug information: the tests spend more time compiling than running.
build() {
  local sanitizers=$1 directory=$2 program=$3
  cmake -S "$root" -B "$directory" -DWEIR_SANITIZE="$sanitizers" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O1 -g1' >"$output" &&
    cmake --build "$directory" --parallel "$jobs" --target "$program" >>"$output" 2>&1
}

# A test that was started and did not end well has failed, also when it took the program with it. A
# bad end of the program after good tests (a race, a leak) counts as one failure.
run() {
  local status good skipped bad
  echo "unit: $3 ($1)"
  if ! build "$@"; then
    cat "$output"
    failed=$((failed + 1))
    return
  fi
  # A broken ring may also hang.
  timeout 900 $fixed_addresses "$2/$3" 2>&1 | tee "$output" && status=0 || status=$?
  good=$(count '^\[       OK \] .* \([0-9]+ ms\)$')
  skipped=$(count '^\[  SKIPPED \] .* \([0-9]+ ms\)$')
  bad=$(($(count '^\[ RUN      \] ') - good - skipped))
  if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then bad=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

run address,undefined "$root/build/core-address" weir_unit_tests
run thread "$root/build/core-thread" weir_stress_tests

echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
