#!/usr/bin/env bash
# The tree speaks of the project alone: no notes to oneself, no ticket numbers, no paths of somebody's
# machine, no trailing blanks, no tabs outside makefiles.
source test/lint/support.sh
mapfile -t files < <(tree_files | grep -vE '\.(out|png|svg)$|/vendor/|^test/lint/wording\.sh$')

search() {
  local pattern=$1 reason=$2
  grep -nIP "$pattern" "${files[@]}" | sed -E "s|^([^:]*:[0-9]+):.*|\1: $reason|" | report
}
search '\b(TODO|FIXME|XXX|HACK)\b' 'a note to oneself; do it or say nothing'
search '(?i)\b(issue|ticket|bug|task|step) *#?[0-9]+\b' 'a number that means nothing here'
search '\s+$' 'blanks at the end of the line'
# What every system has, and throw-away directories with our name; anything else is one machine's.
search '(?<![\w$}.*:/~>)\]"-])/(?!(usr|etc|tmp/pg_weir|tmp/weir|proc|dev|bin|sbin|sys|run|var|var/lib|path|tmp)\b)[a-z]{3,}/[a-z]' \
  'a path that one machine has'
printf '%s\n' "${files[@]}" | grep -vE '(^|/)(Makefile|rules)$|\.mk$' | xargs -d '\n' grep -nIP '\t' |
  sed -E 's|^([^:]*:[0-9]+):.*|\1: a tab|' | report
