#!/usr/bin/env bash
# clang-tidy over the sources: slow, so not among the checks of run.sh. Ends in
# "tidy: N passed, N failed", counted in files.
source test/lint/support.sh
cd "$(dirname "$0")/../.." || exit 1
server=$("${PG_CONFIG:-pg_config}" --includedir-server)
checks='-*,bugprone-*,performance-*,clang-analyzer-*,modernize-use-nullptr,modernize-use-override'
# The server's macros widen, cast and repeat arguments as they like; C linkage throws nothing.
checks+=',-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-bugprone-macro-parentheses'
checks+=',-bugprone-reserved-identifier,-bugprone-implicit-widening-of-multiplication-result'
checks+=',-bugprone-assignment-in-if-condition,-clang-analyzer-security.insecureAPI.*,-performance-no-int-to-ptr'

export server checks
passed=0
failed=0
while read -r status file; do
  if [ "$status" = ok ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    cat "$file"
  fi
  rm -f "$file"
done < <(tree_files 'src/*.cpp' | xargs -r -n 1 -P "$(nproc)" bash -c '
  output=$(mktemp)
  if clang-tidy --quiet --warnings-as-errors="*" --checks="$checks" "$1" -- -std=gnu++20 -isystem "$server" \
      -Isrc -Wno-everything >"$output" 2>/dev/null; then
    echo "ok $output"
  else
    echo "bad $output"
  fi' bash)
echo "tidy: $passed passed, $failed failed"
[ "$failed" -eq 0 ] || lint_status=1
