#!/usr/bin/env bash
# Who may include whom: core knows the standard library and core; pg adds the server; statistics,
# streaming and continuous queries never see one another. The server comes in through pg/pg.hpp.
source test/lint/support.sh
mapfile -t files < <(tree_files 'src/*.cpp' 'src/*.hpp')
[ ${#files[@]} -gt 0 ] || exit 0
includes=$(grep -nE '^ *# *include' "${files[@]}" /dev/null)

grep -E '"postgres\.h"' <<<"$includes" | grep -v '^src/pg/pg\.hpp:' |
  sed -E 's/^([^:]*:[0-9]+):.*/\1: postgres.h is included by src\/pg\/pg.hpp only/' | report
grep -E '^src/core/' <<<"$includes" | grep -vE 'include (<[a-z_0-9]+>|"core/[^"]*")$' |
  sed -E 's/^([^:]*:[0-9]+):(.*)/\1: core includes the standard library and core only: \2/' | report
grep -E '^src/pg/' <<<"$includes" | grep -E '"(stats|stream|continuous)/|"settings' |
  sed -E 's/^([^:]*:[0-9]+):(.*)/\1: pg knows nothing of our features: \2/' | report
for area in stats stream continuous; do
  grep -E "^src/$area/" <<<"$includes" | grep -E '"(stats|stream|continuous)/' | grep -v "\"$area/" |
    sed -E 's/^([^:]*:[0-9]+):(.*)/\1: areas do not include one another: \2/' | report
done
# Folders of an area that include each other, or each the next in a circle, would be one.
sed -nE 's/^src\/((core|stream|stats|continuous)\/[a-z_]+)\/[^:]*:.*"((core|stream|stats|continuous)\/[a-z_]+)\/.*/\1 \3/p' <<<"$includes" |
  awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null | sed -nE 's/^tsort: ([a-z]+\/.*)/src\/\1:1: is one of a circle of folders that include one another/p' |
  sort -u | report
code "${files[@]}" | grep PG_VERSION_NUM | grep -v '^src/pg/compat\.hpp:' |
  sed -E 's/^([^:]*:[0-9]+):.*/\1: PG_VERSION_NUM belongs into src\/pg\/compat.hpp/' | report
for file in "${files[@]}"; do
  case $file in *.hpp) grep -q '^#pragma once' "$file" || echo "$file:1: no #pragma once" ;; esac
done | report
