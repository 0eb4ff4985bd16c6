#!/usr/bin/env bash
# Many continuous queries over windows of time, an hour's worth of them: how large states become against their live
# rows written anew, and how much memory the worker takes. A markdown table, a line for each part of the run.
# QUERIES=n; event time runs SPEED times as fast as the clock, so HOUR seconds of it take HOUR / SPEED.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../../test/support/server.sh"

queries=${QUERIES:-200}
speed=${SPEED:-4}
hour=${HOUR:-3600}
keys=${KEYS:-50}
parts=${PARTS:-6}
width=$((queries / 20)) # 20 windows close in each second of event time
seconds=$((hour / speed))

scratch_begin
build_variant release && install_variant release || fail 'the extension could not be built'
server_start bench shared_buffers=512MB max_wal_size=8GB wal_level=replica max_worker_processes=20 \
  max_locks_per_transaction=256 weir.capture=off weir.max_queries=$((queries + 10))
sql -c 'CREATE EXTENSION pg_weir' -c 'CREATE TABLE reading (at timestamptz, k int, v int)' -c \
  "SELECT count(weir.create_query('q' || n, format('SELECT weir.tumble(at, %L) AS start, k, count(*) AS n, sum(v) AS s,
     max(v) AS high FROM reading WHERE v > %s GROUP BY 1, 2', '$width s', n))) FROM generate_series(1, $queries) n" >/dev/null

states() {
  value "SELECT sum($1(c.oid)) FROM pg_class c WHERE c.relnamespace = 'weir_state'::regnamespace AND c.relkind = 'r'"
}

# What the same rows take in new tables of the same kind, with their index.
written_anew() {
  local table total=0 size
  for table in $(value 'SELECT state_table FROM weir.queries'); do
    size=$(sql -At -c "CREATE TABLE anew (LIKE $table) WITH (fillfactor = 70)" \
      -c 'CREATE UNIQUE INDEX ON anew (k1, k2, lane)' -c "INSERT INTO anew TABLE $table" -c 'VACUUM anew' \
      -c "SELECT pg_total_relation_size('anew')" -c 'DROP TABLE anew' | tail -n 1)
    total=$((total + size))
  done
  echo "$total"
}

# Kilobytes of the worker's own memory, and its processor time in seconds.
worker() {
  local pid
  pid=$(value 'SELECT max(worker_pid) FROM weir.queries')
  echo "$(awk '/^RssAnon/ {print $2}' "/proc/$pid/status") $(awk '{print ($14 + $15) / 100}' "/proc/$pid/stat")"
}

megabytes() { awk "BEGIN {printf \"%.1f\", $1 / 1048576}"; }

report() {
  local memory cpu state anew
  read -r memory cpu <<<"$(worker)"
  state=$(states pg_total_relation_size)
  anew=$(written_anew)
  printf '| %d | %s | %.1f | %.1f | %.2f | %d | %.0f | %d |\n' "$1" "$(value 'SELECT count(*) FROM q1')" "$(megabytes "$state")" \
    "$(megabytes "$anew")" "$(awk "BEGIN {print $state / $anew}")" "$memory" "$cpu" \
    "$(value 'SELECT max(age(xmin)) FROM pg_replication_slots')"
}

start=$(value 'SELECT extract(epoch FROM clock_timestamp())')
echo "INSERT INTO reading SELECT timestamptz '2024-01-01Z' + $speed * (extract(epoch FROM clock_timestamp()) - $start) * interval '1 s', g, 1000
  FROM generate_series(1, $keys) g;" | tr '\n' ' ' >"$scratch/insert.sql"
chmod a+r "$scratch/insert.sql"
machine
echo "command: QUERIES=$queries SPEED=$speed HOUR=$hour KEYS=$keys bench/continuous/many.sh"
printf '\n| after seconds | rows of a result | states, MB | written anew, MB | ratio | memory of the worker, kB | its CPU seconds | age of the hold |\n'
printf '|---|---|---|---|---|---|---|---|\n'
as_server "$bindir/pgbench" -n -T "$seconds" -c 1 -R 10 -f "$scratch/insert.sql" postgres >"$scratch/load" 2>&1 &
for ((part = 1; part <= parts; part++)); do
  sleep $((seconds / parts))
  report $((seconds * part / parts))
done
wait
value "SELECT bool_and(weir.wait(name, '10 min')) FROM weir.queries" >/dev/null
different=$(value "SELECT count(*) FROM ((TABLE q1 EXCEPT ALL TABLE weir_state.q1_definition) UNION ALL (TABLE weir_state.q1_definition EXCEPT ALL TABLE q1)) d")
printf '\nRows in which the first result differs from its definition: %s\n' "$different"
