#!/usr/bin/env bash
# The five streaming scenarios: rows a second of stock PostgreSQL and of weir.query(), in one process, tables in memory,
# beside the figures that streaming engines published for the same queries; both outputs are compared in the same run, by
# EXCEPT ALL both ways. Then what each component adds. SIZES="5000 100000" picks the numbers of rows, ROUNDS=n takes the
# best of n (one for ten million rows), COMPARE= leaves the comparison out.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../../test/support/server.sh"

rounds=${ROUNDS:-3}
sizes=${SIZES:-5000 100000 1000000 10000000}

run() { as_server "$bindir/psql" -X -q -At -v ON_ERROR_STOP=1 "$@"; }

scratch_begin
build_variant release && install_variant release || fail 'the extension could not be built'
server_start scenarios shared_buffers=6GB work_mem=256MB jit=off max_parallel_workers_per_gather=0 \
  max_wal_size=16GB checkpoint_timeout=1h weir.capture=off timezone=UTC
run -c 'CREATE EXTENSION pg_weir'
machine

# milliseconds ROUNDS SETTINGS QUERY: the best of some rounds, after one to warm up.
milliseconds() {
  local i
  {
    echo "$2"
    for ((i = 0; i <= $1; i++)); do echo "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $3;"; done
  } | run | sed -n 's/^Execution Time: \([0-9.]*\) ms/\1/p' | sort -n | head -n 1
}

# Whether both queries give the same rows.
equal() {
  [ -n "${COMPARE-yes}" ] || { echo 'not compared'; return; }
  run -c "SET weir.stream = off; CREATE TEMP TABLE stock AS $1;
          SET weir.stream = auto; CREATE TEMP TABLE streamed AS $2;
          SELECT CASE count(*) WHEN 0 THEN 'yes' ELSE 'NO: ' || count(*) END
            FROM ((TABLE streamed EXCEPT ALL TABLE stock) UNION ALL (TABLE stock EXCEPT ALL TABLE streamed)) d"
}

per_second() { awk -v n="$1" -v ms="$2" 'BEGIN {r = n / ms * 1000; if (r >= 1e6) printf "%.2fM", r / 1e6; else printf "%.0fk", r / 1e3}'; }

first_row() {
  run -c "\\timing on" -c "$1 LIMIT 1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1
}

for rows in $sizes; do
  run -v rows="$rows" -f "$(stage bench/scenarios/data.sql)" >/dev/null 2>&1
  times=$rounds
  [ "$rows" -lt 10000000 ] || times=1
  printf '\n%s rows\n| scenario | published rows/s | stock rows/s | ours rows/s | ratio | first row ms | output equal |\n|---|---|---|---|---|---|---|\n' "$rows"
  while IFS='|' read -r name published stock ours; do
    old=$(milliseconds "$times" 'SET weir.stream = off;' "$stock")
    new=$(milliseconds "$times" 'SET weir.stream = auto;' "$ours")
    printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$name" "$published" "$(per_second "$rows" "$old")" \
      "$(per_second "$rows" "$new")" "$(awk -v a="$old" -v b="$new" 'BEGIN {printf "%.1f", a / b}')" \
      "$(first_row "$ours")" "$(equal "$stock" "$ours")"
  done <"$root/bench/scenarios/scenarios"
done

rows=1000000
run -v rows=$rows -f "$(stage bench/scenarios/data.sql)" >/dev/null 2>&1
printf '\nWhat each component adds, %s rows\n| component | rows/s | added |\n|---|---|---|\n' $rows
before=
while IFS='|' read -r name capture query columns before_it; do
  [ -z "$before_it" ] || run <<<"$before_it" >/dev/null
  time=$(milliseconds 5 "SET weir.capture = '$capture';" "SELECT * FROM weir.query(\$q\$$query\$q\$) AS q($columns)")
  printf '| %s | %s | %s |\n' "$name" "$(per_second $rows "$time")" \
    "$([ -z "$before" ] || awk -v a="$before" -v b="$time" 'BEGIN {printf "%+.1f %%", (b / a - 1) * 100}')"
  before=$time
done <"$root/bench/scenarios/profile"
