#!/usr/bin/env bash
# Runs the checks of this directory. Each prints "file:line: reason" for what it finds; the last line
# is "lint: N passed, N failed", counted in checks.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

passed=0
failed=0
for check in format size includes boundary messages pairs sql documents wording symbols scripts; do
  if output=$("test/lint/$check.sh" 2>&1); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '%s\n' "$output" "lint: $check failed"
  fi
done
echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
