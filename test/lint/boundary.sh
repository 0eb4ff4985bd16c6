#!/usr/bin/env bash
# Exceptions and server errors never meet: try and catch in src/pg/boundary.hpp only, throw in core
# only, ereport and elog never in core.
source test/lint/support.sh
mapfile -t files < <(tree_files 'src/*.cpp' 'src/*.hpp')
[ ${#files[@]} -gt 0 ] || exit 0
lines=$(code "${files[@]}")

grep -E '\b(try|catch)\b *[({]' <<<"$lines" | grep -v '^src/pg/boundary\.hpp:' |
  sed -E 's/^([^:]*:[0-9]+):.*/\1: try and catch belong into src\/pg\/boundary.hpp/' | report
grep -E '\bthrow\b' <<<"$lines" | grep -v '^src/core/' |
  sed -E 's/^([^:]*:[0-9]+):.*/\1: only core may throw/' | report
grep -E '\b(ereport|elog|palloc|pfree)\b *\(' <<<"$lines" | grep '^src/core/' |
  sed -E 's/^([^:]*:[0-9]+):.*/\1: core never calls the server/' | report
grep -E '\b(dynamic_cast|typeid)\b|std::(thread|cout|cerr|mutex)\b' <<<"$lines" |
  sed -E 's/^([^:]*:[0-9]+):.*/\1: no threads, streams, locks or run-time types in a server/' | report
