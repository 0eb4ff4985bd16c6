# What bench/continuous/run.sh measures with: wall time swings with whatever else a machine does, CPU time hardly.
# Sourced after test/support/server.sh.
# shellcheck shell=bash

median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
least() { sort -n | head -n 1; }
calculate() { awk "BEGIN {printf \"$1\", $2}"; }

# column NUMBER FILE
column() { awk -v n="$1" '{print $n}' "$2"; }

# The CPU time of the session that asks, in nanoseconds. psql's \g of a statement before it decides where it goes.
cpu_query="SELECT 'cpu ' || split_part(pg_read_file('/proc/self/schedstat'), ' ', 1);"

# alternate COUNT SQL SQL: both statements in turn in one session, COUNT times after once to warm up; a line for each
# round with milliseconds of the first and of the second: as a client sees them, then of the server process's CPU time.
alternate() {
  local i statement
  {
    for ((i = 0; i <= $1; i++)); do
      for statement in "$2" "$3"; do
        printf '%s\n\\o /dev/null\n\\timing on\n%s;\n\\timing off\n\\o\n%s\n' "$cpu_query" "$statement" "$cpu_query"
      done
    done
  } | sql -At | awk '
    /^Time:/ {wall[n % 2] = $2}
    /^cpu / {
      if (!started) {start = $2; started = 1; next}
      started = 0
      cpu[n % 2] = ($2 - start) / 1e6
      if (n % 2 && n > 1) print wall[0], wall[1], cpu[0], cpu[1]
      n++
    }'
}

# compare COUNT SQL SQL: sets wall, wall_other, cpu and cpu_other to medians of alternate(), and ratio to the median of
# the rounds' CPU times of the first to the second.
compare() {
  alternate "$@" >"$scratch/compared"
  wall=$(column 1 "$scratch/compared" | median)
  wall_other=$(column 2 "$scratch/compared" | median)
  cpu=$(column 3 "$scratch/compared" | median)
  cpu_other=$(column 4 "$scratch/compared" | median)
  ratio=$(awk '{print $3 / $4}' "$scratch/compared" | median)
}

# CPU time in milliseconds of a process; of all sessions that have ended since the server started.
process_cpu() { awk '{printf "%.0f\n", $1 / 1e6}' "/proc/$1/schedstat"; }
ended_cpu() {
  local postmaster
  postmaster=$(head -n 1 "$scratch/bench/postmaster.pid")
  sed 's/.*) //' "/proc/$postmaster/stat" | awk -v hz="$(getconf CLK_TCK)" '{print 1000 * ($14 + $15) / hz}'
}
