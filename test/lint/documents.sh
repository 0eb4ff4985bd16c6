#!/usr/bin/env bash
# docs/settings.md has an entry for every setting (docs/testing.md for those of the failpoints variant),
# docs/functions.md for every function, view and table; links between documents lead somewhere.
source test/lint/support.sh
mapfile -t files < <(tree_files 'src/*.cpp' 'src/*.hpp')

# Settings are defined by `.name = "weir.x"`.
grep -onE '\.name = "weir\.[a-z_]+"' "${files[@]}" /dev/null |
  sed -E 's/^([^:]*:[0-9]+):.*"(weir\.[a-z_]+)"/\1 \2/' | while read -r where name; do
  case $name in weir.failpoint | weir.clock_shift | weir.check_skipped) document=docs/testing.md ;; *) document=docs/settings.md ;; esac
  grep -qF "$name" "$document" 2>/dev/null || echo "$where: $name is not in $document"
done | report
tree_files 'control/*.sql' | xargs -r grep -onE 'CREATE (FUNCTION|VIEW|TABLE|AGGREGATE|TYPE) weir\.[a-z_]+' /dev/null |
  sed -E 's/^([^:]*:[0-9]+):CREATE [A-Z]+ (.*)/\1 \2/' | while read -r where name; do
  grep -qF "$name" docs/functions.md 2>/dev/null || echo "$where: $name is not in docs/functions.md"
done | report

tree_files '*.md' | while read -r document; do
  grep -onE '\]\([^)#: ]+' "$document" | sed -E 's/^([0-9]+):\]\(/\1 /' | while read -r line target; do
    [ -e "$(dirname "$document")/$target" ] || echo "$document:$line: the link to $target leads nowhere"
  done
done | report
