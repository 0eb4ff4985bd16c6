#!/usr/bin/env bash
# The benchmarks of what capture costs, each as a ratio measured side by side in this run, on a
# throw-away server: CPU time of one session, transactions per second of many, and the parts by
# themselves. ROUNDS=n repeats each comparison n times; run it on a machine that does nothing else.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../test/support/server.sh"

rounds=${ROUNDS:-20}
round_seconds=${ROUND_SECONDS:-5}

heading() { printf '\n%s\n' "$1"; }

start() {
  build_variant release && install_variant release || fail 'the extension could not be built'
  server_start bench shared_preload_libraries=pg_stat_statements,pg_weir shared_buffers=512MB \
    weir.capture=off pg_stat_statements.track=none max_wal_size=4GB
  sql -c 'CREATE DATABASE bench'
  export PGDATABASE=bench
  sql -c 'CREATE EXTENSION pg_weir' -c 'CREATE EXTENSION pg_stat_statements'
  as_server "$bindir/pgbench" -i -q -s 10 bench >"$scratch/log/init.log" 2>&1
}

# Both extensions are loaded all the time; what alternates is which of them records. Rounds are short, so
# that a noisy neighbour meets all of them alike.
cpu_cost() {
  heading "CPU time of one session per prepared look-up by primary key ($((rounds * 20)) rounds of 500, cpu_cost.sh)"
  as_server env PATH="$bindir:$PATH" "$(stage bench/cpu_cost.sh)" -r $((rounds * 20)) -n 500 \
    "SET weir.capture = off; SET pg_stat_statements.track = 'none';" \
    "SET weir.capture = off; SET pg_stat_statements.track = 'none'; SELECT 1;" \
    "SET weir.capture = top; SET pg_stat_statements.track = 'none';" \
    "SET weir.capture = off; SET pg_stat_statements.track = 'top';" >"$scratch/cpu"
  [ "$(value "SELECT captured >= $((rounds * 10000)) FROM weir.ring_status()
              WHERE database = current_database()")" = t ] || fail 'the measured statements were not captured'
  awk 'BEGIN {split("nothing recorded|the same again|weir.capture = top|pg_stat_statements.track = top", name, "|")
              printf "%-32s %10s %16s %8s\n", "", "off / on", "range", "ns"}
       {printf "%-32s %10.4f %7.3f to %5.3f %8d\n", name[NR], $1, $2, $3, $4}' "$scratch/cpu"
}

one_run() {
  PGOPTIONS="-c weir.capture=$2" as_server "$bindir/pgbench" -n -S -M prepared -c "$1" -j "$((${1} < cores ? $1 : cores))" \
    -T "$round_seconds" bench 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

# Neighbours in time are compared, in alternating order; the median of the ratios is the figure.
throughput() {
  local clients=$1 pairs=$((rounds < 10 ? rounds : 10)) round off on
  heading "pgbench -S -M prepared -c $clients -T $round_seconds, $pairs pairs of runs"
  for ((round = 0; round < pairs; round++)); do
    if ((round % 2)); then on=$(one_run "$clients" top) off=$(one_run "$clients" off)
    else off=$(one_run "$clients" off) on=$(one_run "$clients" top); fi
    echo "$off $on"
  done | awk '{printf "%.4f %.0f %.0f\n", $2 / $1, $1, $2}' | sort -n |
    awk '{r[NR] = $1; off += $2; on += $3}
         END {m = NR % 2 ? r[(NR + 1) / 2] : (r[NR / 2] + r[NR / 2 + 1]) / 2
              printf "off %.0f/s, top %.0f/s; median ratio %.4f (%.3f to %.3f)\n", off / NR, on / NR, m, r[1], r[NR]}'
}

conservation() {
  value 'SELECT weir.flush()' >/dev/null
  heading 'What was recorded meanwhile'
  sql -P footer=off -c 'SELECT captured, flushed, folded, dropped, flushes FROM weir.ring_status()
    WHERE database = current_database()'
}

core() {
  heading 'The parts by themselves (Google Benchmark, -O2)'
  cmake -S "$root" -B "$root/build/core-bench" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE='-O2 -DNDEBUG' >"$scratch/log/cmake.log" &&
    cmake --build "$root/build/core-bench" --parallel "$cores" --target weir_core_bench >>"$scratch/log/cmake.log" 2>&1 ||
    { tail -n 20 "$scratch/log/cmake.log" >&2; fail 'the core benchmarks could not be built'; }
  "$root/build/core-bench/weir_core_bench" --benchmark_min_time=0.2 2>/dev/null
}

scratch_begin
start
machine
echo "command: ROUNDS=$rounds ROUND_SECONDS=$round_seconds bench/run.sh"
cpu_cost
throughput 1
throughput 8
conservation
core
