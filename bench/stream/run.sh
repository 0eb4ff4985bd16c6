#!/usr/bin/env bash
# The streaming executor against stock PostgreSQL: each query both ways in turn, best of ROUNDS, tables in memory.
# The results are compared in the same run, by EXCEPT ALL both ways. ROWS=n scales the tables, ONLY=regex picks queries
# by their names. Where npm can fetch DuckDB, the queries that it knows are timed there too: in memory, on one thread.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../../test/support/server.sh"

rounds=${ROUNDS:-3}
rows=${ROWS:-10000000}

sql() { as_server "$bindir/psql" -X -q -At -v ON_ERROR_STOP=1 "$@"; }

scratch_begin
build_variant release && install_variant release || fail 'the extension could not be built'
server_start bench shared_buffers=6GB work_mem=256MB jit=off max_parallel_workers_per_gather=0 \
  max_wal_size=16GB checkpoint_timeout=1h weir.capture=off
sql -c 'CREATE EXTENSION pg_weir'
sql -v rows="$rows" -f "$(stage bench/stream/data.sql)" >/dev/null
sql -c 'SELECT count(*) FROM trades, small WHERE false' >/dev/null

# times MODE QUERY: the best of some rounds without us and with us, in turn; settings may precede the query.
times() {
  local mode=$1 settings='' query=$2 i way
  case $query in *'; SELECT'*) settings="${query%; SELECT*};" query="SELECT${query##*; SELECT}" ;; esac
  {
    echo "$settings"
    for ((i = 0; i <= rounds; i++)); do
      for way in off "$mode"; do
        printf 'SET weir.stream = %s;\n\\echo way %s\nEXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) %s;\n' "$way" "$way" "$query"
      done
    done
  } | sql | awk '/^way / {way = $2} /^Execution Time:/ {if (!(way in best) || $3 < best[way]) best[way] = $3}
                 END {for (way in best) if (way != "off") print best["off"], best[way]}'
}

# What has nothing to aggregate is not for us to take: it must be as fast as without us.
mode_of() { case $1 in *'GROUP BY'* | *' OVER '* | *DISTINCT* | *'sum('* | *'count('*) echo require ;; *) echo auto ;; esac; }

# The number of rows that only one of both ways gives, compared as text with every digit.
differences() {
  local query=${1##*; } settings=''
  [ "$query" = "$1" ] || settings="${1%; *};"
  sql -c "SET extra_float_digits = 3; SET enable_sort = off; $settings
          SET max_parallel_workers_per_gather = 0;
          SET weir.stream = $(mode_of "$query"); CREATE TEMP TABLE streamed AS SELECT q::text AS line FROM ($query) q;
          SET weir.stream = off; CREATE TEMP TABLE stock AS SELECT q::text AS line FROM ($query) q;
          SELECT count(*) FROM ((TABLE streamed EXCEPT ALL TABLE stock) UNION ALL
                                (TABLE stock EXCEPT ALL TABLE streamed)) d"
}

# The least milliseconds of each query in DuckDB, as "name|milliseconds".
duckdb_times() {
  local directory=$scratch/duckdb
  mkdir "$directory" && cp "$root/bench/stream/duckdb.mjs" "$directory/" || return 0
  (cd "$directory" && timeout 300 npm install --silent --no-audit --no-fund @duckdb/node-api) \
    >"$scratch/log/npm.log" 2>&1 || return 0
  awk -F'|' '$3 != "" {print $1 "|" $3}' "$root/bench/stream/queries" |
    (cd "$directory" && node duckdb.mjs "$rows" "$rounds") 2>"$scratch/log/duckdb.log" || true
}

duckdb=$(duckdb_times)
[ -n "$duckdb" ] || echo 'DuckDB is not available here: npm cannot fetch @duckdb/node-api.'

printf '| query | stock ms | streamed ms | ratio | DuckDB ms | against DuckDB | rows that differ |\n|---|---|---|---|---|---|---|\n'
while IFS='|' read -r name query _; do
  [[ $name =~ ${ONLY:-.} ]] || continue
  read -r stock streamed < <(times "$(mode_of "$query")" "$query")
  theirs=$(awk -F'|' -v name="$name" '$1 == name {print $2}' <<<"$duckdb")
  printf '| %s | %.0f | %.0f | %s | %s | %s |\n' "$name" "$stock" "$streamed" \
    "$(awk -v a="$stock" -v b="$streamed" 'BEGIN {printf "%.1f", a / b}')" \
    "$(awk -v a="$theirs" -v b="$streamed" 'BEGIN {if (a == "") print "- | -"; else printf "%.0f | %.1f", a, a / b}')" \
    "$(differences "$query")"
done <"$root/bench/stream/queries"
