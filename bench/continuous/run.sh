#!/usr/bin/env bash
# What continuous queries cost writers, and how fast workers and readers are: a markdown table, each line measured side
# by side in this run. ROWS=n scales the tables; the figures that are asked for are of ROWS=10000000 ROUNDS=9
# RUN_SECONDS=10, on a machine that does nothing else.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../../test/support/server.sh"
source "$(dirname "${BASH_SOURCE[0]}")/measure.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fifty.sh"

rows=${ROWS:-1000000}
rounds=${ROUNDS:-3}
run_seconds=${RUN_SECONDS:-4}
bulk=$((rows < 1000000 ? rows : 1000000))
by_key='SELECT k, count(*), sum(v), avg(p) AS mean FROM %s GROUP BY k'

start() {
  build_variant release && install_variant release || fail 'the extension could not be built'
  server_start bench shared_buffers=3GB jit=off max_wal_size=16GB checkpoint_timeout=1h wal_level=replica \
    weir.capture=off weir.max_queries=100 autovacuum=off
  sql -c 'CREATE EXTENSION pg_weir'
}

# line WHAT FIGURE FLOOR DETAIL
line() { printf '| %s | %s | %s | %s |\n' "$@"; }

# milliseconds SQL: of one statement, as a client sees it.
milliseconds() { sql -At -o /dev/null -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1; }

# best SQL [SETTINGS]: the least of some rounds in one session, after one to warm up.
best() {
  local i
  {
    echo "${2:-}"
    echo '\timing on'
    for ((i = 0; i <= rounds; i++)); do echo "$1;"; done
  } | sql -At -o /dev/null | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n "$rounds" | least
}

# table NAME ROWS GROUPS: keys in random order.
table() {
  sql -c "DROP TABLE IF EXISTS $1 CASCADE" -c "CREATE TABLE $1 (at timestamptz, k int, v int, p float8)" 2>/dev/null
  fill "$1" "$2" "$3"
}

fill() {
  sql -c "INSERT INTO $1 SELECT timestamptz '2024-01-01Z' + g * interval '1 ms', (hashint8(g) & 2147483647) % $3, g % 1000,
          g / 7.0 FROM generate_series(1::bigint, $2) g"
}

# query NAME TABLE [OPTIONS]
query() {
  # shellcheck disable=SC2059
  value "SELECT weir.create_query('$1', '$(printf "$by_key" "$2")'${3:+, $3})" >/dev/null
}

drop() { value "SELECT weir.drop_query('$1')" >/dev/null; }
caught_up() { [ "$(value "SELECT weir.wait('$1', '10 min')")" = t ] || fail "query $1 did not catch up"; }

# exact NAME TABLE: the view is its definition.
exact() {
  # shellcheck disable=SC2059
  [ "$(value "WITH e AS ($(printf "$by_key" "$2")) SELECT count(*) FROM ((SELECT k, count, sum FROM $1 EXCEPT ALL
       SELECT k, count, sum FROM e) UNION ALL (SELECT k, count, sum FROM e EXCEPT ALL SELECT k, count, sum FROM $1)) d")" = 0 ] ||
    fail "query $1 differs from its definition"
}

insert_script() {
  echo 'INSERT INTO written VALUES (now(), (random() * 99)::int, 1, 2.5);' >"$scratch/insert.sql"
  chmod a+r "$scratch/insert.sql"
}

# transactions SECONDS [RATE]
transactions() {
  as_server "$bindir/pgbench" -n -c 4 -j "$cores" -T "$1" ${2:+--rate "$2"} -f "$scratch/insert.sql" postgres 2>/dev/null |
    sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p; s/^tps = \([0-9.]*\).*/\1/p'
}

# pair COUNT WITHOUT WITH: runs both commands for each round, in alternating order; prints what they print in a line.
pair() {
  local round off on
  for ((round = 0; round < $1; round++)); do
    if ((round % 2)); then on=$($3) off=$($2); else off=$($2) on=$($3); fi
    echo "$off $on"
  done
}

# Prints transactions a second, and the sessions' microseconds of CPU time for each.
insert_once() {
  local before
  before=$(ended_cpu)
  transactions "$writer_seconds" | {
    read -r count
    read -r tps
    echo "$tps $(calculate '%.2f' "1000 * ($(ended_cpu) - $before) / $count")"
  }
}

insert_with() {
  local worker before
  query kept written 'backfill => false'
  caught_up kept >&2
  worker=$(value "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_weir query worker'")
  before=$(process_cpu "$worker")
  insert_once
  echo "$(($(process_cpu "$worker") - before)) $writer_seconds" >>"$scratch/worker"
  caught_up kept >&2
  drop kept
}

# Many short rounds: the machine is the same for both of one round more often than for both of a long one.
writers() {
  local writer_seconds=2
  table written 1 100
  insert_script
  transactions 2 >/dev/null
  : >"$scratch/worker"
  pair $((rounds * 5)) insert_once insert_with >"$scratch/writers"
  line 'single-row inserts, 4 clients: TPS with a query / without' \
    "$(awk '{print $3 / $1}' "$scratch/writers" | median | awk '{printf "%.3f", $1}')" 'at least 0.97' \
    "$(awk '{off += $1; on += $3} END {printf "%.0f/s without, %.0f/s with; ratios", off / NR, on / NR}' "$scratch/writers")$(
      awk '{printf " %.2f", $3 / $1}' "$scratch/writers")"
  line 'the same: CPU time a transaction of the sessions, without / with' \
    "$(awk '{print $2 / $4}' "$scratch/writers" | median | awk '{printf "%.3f", $1}')" '' \
    "$(calculate '%.1f us without, %.1f us with' \
      "$(column 2 "$scratch/writers" | median), $(column 4 "$scratch/writers" | median)"); the worker busy $(
      awk '{busy += $1; time += $2} END {printf "%.1f %% of a core", busy / time / 10}' "$scratch/worker")"
}

# copy SQL...: milliseconds of a COPY, then of its session's CPU time; then milliseconds of the statement after it, if any.
copy() {
  sql -At -c "$cpu_query" -c '\timing on' -c "COPY copied FROM '$scratch/rows'" -c '\timing off' -c "$cpu_query" \
    -c '\timing on' ${1:+-c "$1"} | awk '
      /^cpu / {n++; at[n] = $2}
      /^Time:/ {wall[++k] = $2}
      END {print wall[1], (at[2] - at[1]) / 1e6, wall[2]}'
}

copy_once() {
  sql -c 'TRUNCATE copied'
  copy
}

# The time until everything is in the state counts from the moment COPY returns.
copy_and_wait() {
  local figures
  sql -c 'TRUNCATE copied'
  query kept copied 'backfill => false'
  caught_up kept
  figures=$(copy "SELECT weir.wait('kept', '10 min')")
  exact kept copied
  drop kept
  echo "${figures##* }" >>"$scratch/delays"
  echo "${figures% *}"
}

copies() {
  table copied "$bulk" 100
  sql -c "COPY copied TO '$scratch/rows'"
  copy_once >/dev/null
  : >"$scratch/delays"
  pair $((rounds * 2)) copy_once copy_and_wait >"$scratch/copies"
  line "COPY of $bulk rows: rate with a query / without" \
    "$(awk '{print $1 / $3}' "$scratch/copies" | median | awk '{printf "%.3f", $1}')" 'at least 0.90' \
    "$(calculate '%.0f ms without, %.0f ms with' \
      "$(column 1 "$scratch/copies" | median), $(column 3 "$scratch/copies" | median)"); ratios$(
      awk '{printf " %.2f", $1 / $3}' "$scratch/copies")"
  line 'the same: CPU time of the session, without / with' \
    "$(awk '{print $2 / $4}' "$scratch/copies" | median | awk '{printf "%.3f", $1}')" '' \
    "$(calculate '%.0f ms without, %.0f ms with' \
      "$(column 2 "$scratch/copies" | median), $(column 4 "$scratch/copies" | median)")"
  line 'from the end of COPY until all is in the state' "$(median <"$scratch/delays" | awk '{printf "%.0f ms", $1}')" \
    'at most 2000 ms' "$(sort -n "$scratch/delays" | awk '{printf "%s%.0f", (NR == 1 ? "" : ", "), $1} END {print " ms"}')"
  sql -c 'DROP TABLE copied CASCADE' 2>/dev/null
}

# The worker's own time for one step over everything.
backlog_step() {
  sql -c 'TRUNCATE late'
  query kept late 'backfill => false'
  caught_up kept
  value "SELECT weir.pause_query('kept')" >/dev/null
  for _ in 1 2 3 4 5; do fill late $((rows / 5)) 100; done
  value "SELECT weir.resume_query('kept')" >/dev/null
  caught_up kept
  value "SELECT total_tick_ms FROM weir.queries WHERE name = 'kept'::regclass AND rows_in >= $rows / 5 * 5"
  exact kept late
  drop kept
}

backlog() {
  table late 1 100
  for ((i = 0; i < rounds; i++)); do backlog_step; done >"$scratch/backlog"
  line "backlog of $rows rows, 100 groups, one worker" \
    "$(median <"$scratch/backlog" | awk -v n="$rows" '{printf "%.1f million rows/s", n / $1 / 1000}')" \
    'at least 2.0 million rows/s' "$(awk '{printf "%s%.0f", (NR == 1 ? "" : ", "), $1} END {print " ms"}' "$scratch/backlog")"
}

backfill_once() {
  milliseconds "SELECT weir.create_query('filled', '$1')"
  drop filled
}

backfill() {
  local statement stock parallel ours i
  [ "$(value "SELECT to_regclass('late') IS NOT NULL")" = t ] || table late "$rows" 100
  # shellcheck disable=SC2059
  statement=$(printf "$by_key" late)
  stock=$(best "$statement" 'SET weir.stream = off; SET max_parallel_workers_per_gather = 0;')
  parallel=$(best "$statement" 'SET weir.stream = off; SET max_parallel_workers_per_gather = 2;')
  for ((i = 0; i <= rounds; i++)); do backfill_once "$statement"; done | tail -n "$rounds" | least >"$scratch/backfill"
  ours=$(cat "$scratch/backfill")
  line "backfill of $rows rows: speed against the stock GROUP BY" "$(calculate %.2f "$stock / $ours")" 'at least 1.0' \
    "$(calculate '%.0f ms; stock %.0f ms, with two parallel workers %.0f ms' "$ours, $stock, $parallel")"
}

# step_milliseconds COUNT: of steps that find nothing, because transactions elsewhere give them a reason to look.
step_milliseconds() {
  local i
  for ((i = 0; i < $1; i++)); do
    sql -c 'INSERT INTO elsewhere VALUES (1)'
    caught_up idle
    value "SELECT last_tick_ms FROM weir.queries WHERE name = 'idle'::regclass"
  done
}

idle() {
  local size unmarked marked after
  [ "$(value "SELECT to_regclass('late') IS NOT NULL")" = t ] || table late "$rows" 100
  sql -c 'CREATE TABLE elsewhere (a int)'
  query idle late "tick => '0 s'"
  step_milliseconds 3 >/dev/null
  size=$(value "SELECT pg_size_pretty(pg_relation_size('late'))")
  unmarked=$(step_milliseconds 15 | median)
  server_restart
  after=$(step_milliseconds 4 | awk '{printf "%s%.1f", (NR == 1 ? "" : ", "), $1} END {print " ms"}')
  sql -c 'VACUUM late'
  step_milliseconds 3 >/dev/null
  marked=$(step_milliseconds 15 | median)
  line "a step that finds nothing, table of $size, visibility map set" "$(calculate '%.2f ms' "$marked")" 'at most 5 ms for 1 GB' ''
  line 'the same, pages told by their log position alone' "$(calculate '%.2f ms' "$unmarked")" '' \
    "the first steps after a restart: $after"
  server_restart
  line 'the same after a restart, visibility map set' "$(step_milliseconds 4 | awk '{printf "%s%.1f", (NR == 1 ? "" : ", "), $1} END {print " ms"}')" '' \
    'the first and the next steps'
  drop idle
}

server_restart() {
  as_server "$bindir/pg_ctl" restart -w -s -D "$scratch/bench" -l "$scratch/log/server-bench.log" -m fast >/dev/null
}

# against WHAT TABLE_SQL VIEW_SQL FLOOR: a line with the speed of the view by CPU time of the server process.
against() {
  compare $((rounds * 5)) "$2" "$3"
  line "$1" "$(calculate %.2f "$ratio")" "$4" \
    "$(calculate 'CPU time %.1f ms, table %.1f ms' "$cpu_other, $cpu"); $(
      calculate 'until the client has it %.1f and %.1f ms' "$wall_other, $wall")"
}

# Both have the columns k, count, sum and mean, and the same rows; both are read whole and vacuumed.
view() {
  local groups=$((rows / 10))
  table grouped "$rows" "$groups"
  query shown grouped
  caught_up shown
  sql -c 'CREATE TABLE plain AS TABLE shown' -c 'CREATE INDEX ON plain (k)' -c 'VACUUM ANALYZE plain' \
    -c 'VACUUM ANALYZE grouped' -c "VACUUM ANALYZE $(value "SELECT state_table FROM weir.queries WHERE name = 'shown'::regclass")"
  caught_up shown
  against "reading the live view, $groups groups, nothing pending: speed against a plain table of its rows, rows sent by COPY" \
    'COPY (SELECT k, count, sum, mean FROM plain) TO STDOUT' 'COPY (SELECT k, count, sum, mean FROM shown) TO STDOUT' 'at least 0.8'
  against 'the same, rows sent as the result of SELECT' \
    'SELECT k, count, sum, mean FROM plain' 'SELECT k, count, sum, mean FROM shown' 'at least 0.8'
  against 'the same, rows aggregated by the server and not sent' \
    'SELECT count(*), sum(sum), max(mean) FROM plain' 'SELECT count(*), sum(sum), max(mean) FROM shown' ''
  value "SELECT weir.pause_query('shown')" >/dev/null
  fill grouped 100000 "$groups"
  exact shown grouped
  line 'the same with 100,000 rows pending' "$(calculate '%.1f ms' "$(best 'COPY (TABLE shown) TO STDOUT')")" 'exact' \
    'equal to its definition'
  view_of_one
  drop shown
}

view_of_one() {
  local plain live
  plain=$(best 'SELECT * FROM plain WHERE k = 77')
  live=$(best 'SELECT * FROM shown WHERE k = 77')
  value "SELECT weir.resume_query('shown')" >/dev/null
  caught_up shown
  sql -c 'VACUUM grouped'
  line 'one key, nothing pending' "$(calculate '%.2f ms' "$(best 'SELECT * FROM shown WHERE k = 77')")" "the state's index" \
    "$(calculate '%.2f ms with 100,000 rows pending, plain table %.2f ms' "$live, $plain"); $(
      sql -At -c 'EXPLAIN SELECT * FROM shown WHERE k = 77' | grep -oE '(Index|Bitmap Index) Scan using [^ ]+|Bitmap Index Scan on [^ ]+' | head -n 1)"
}

scratch_begin
start
machine
echo "command: ROWS=$rows ROUNDS=$rounds RUN_SECONDS=$run_seconds bench/continuous/run.sh"
printf '\n| what | figure | asked for | detail |\n|---|---|---|---|\n'
for part in ${PARTS:-writers copies backlog backfill idle view many}; do "$part"; done
