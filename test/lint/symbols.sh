#!/usr/bin/env bash
# The library shows the server what it must and hides the rest: modules share one symbol space.
source test/lint/support.sh
library=build/release/pg_weir.so
mkdir -p build
if ! output=$(flock build/.lock make --no-print-directory -j"$(nproc)" PG_CONFIG="${PG_CONFIG:-pg_config}" "$library" 2>&1); then
  tail -n 5 <<<"$output" | report
  echo "$library:0: could not be built" | report
  exit
fi
nm -D --defined-only "$library" | awk '{print $NF}' |
  grep -vE '^(weir_[a-z0-9_]+|WeirMain[A-Za-z]*|_PG_init|Pg_magic_func|pg_finfo_weir_[a-z0-9_]+)$' |
  sed "s|^|$library:0: exports |" | report
# To the end: who stops reading early makes nm fail.
nm -D --defined-only "$library" | awk '$NF == "_PG_init" {found = 1} END {exit !found}' ||
  echo "$library:0: no _PG_init" | report
