#!/usr/bin/env bash
# What does a setting cost per statement? CPU time of one backend, by the kernel's count, while settings
# alternate inside one session: medians repeat to half a percent on machines where pgbench's
# transactions per second swing by 30 %.
#
# Usage: cpu_cost.sh [-r ROUNDS] [-n STATEMENTS] "SETTINGS" "SETTINGS"...
# The first settings ("SET weir.capture = off;") are what the others are compared with. Runs prepared
# look-ups by primary key on pgbench_accounts (scale 2 or more); PG* variables say where. Prints a line
# for each: median of first/this over the rounds (1.00 = free, 0.97 = 3 % more CPU time), its
# range, and nanoseconds a statement.
set -euo pipefail

rounds=20
statements=20000
while getopts r:n: option; do
  case $option in
    r) rounds=$OPTARG ;;
    n) statements=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || { echo "usage: cpu_cost.sh [-r ROUNDS] [-n STATEMENTS] SETTINGS SETTINGS..." >&2; exit 2; }
[ -r /proc/self/schedstat ] || { echo "this kernel does not count CPU time in nanoseconds" >&2; exit 3; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for ((i = 1; i <= statements; i++)); do echo "execute s($((i * 37 % 200000 + 1)));"; done >"$work/body"

# Each round begins with another of the settings, so that a drift meets all alike.
script() {
  local round step which
  echo 'prepare s(int) as select abalance from pgbench_accounts where aid = $1;'
  echo 'select pg_backend_pid() as pid \gset'
  echo '\setenv BACKEND :pid'
  for ((round = 0; round <= rounds; round++)); do
    for ((step = 0; step < $#; step++)); do
      which=$(((round + step) % $#))
      echo "${@:which+1:1}"
      echo "\\! awk '{print $round, $which, \$1}' /proc/\$BACKEND/schedstat >>$work/cpu"
      echo "\\i $work/body"
      echo "\\! awk '{print $round, $which, \$1}' /proc/\$BACKEND/schedstat >>$work/cpu"
    done
  done
}
script "$@" >"$work/script"
psql -Xqt -o /dev/null -v ON_ERROR_STOP=1 -f "$work/script"

# The first round warms the caches and is left out.
awk -v count=$# -v rounds="$rounds" -v n="$statements" '
  {key = $1 SUBSEP $2; if (key in start) used[key] = $3 - start[key]; else start[key] = $3}
  function sort(v, size,   i, j, t) {
    for (i = 2; i <= size; i++)
      for (j = i; j > 1 && v[j - 1] > v[j]; j--) {t = v[j]; v[j] = v[j - 1]; v[j - 1] = t}
  }
  END {
    middle = int((rounds + 1) / 2)
    for (which = 0; which < count; which++) {
      for (r = 1; r <= rounds; r++) {
        ratio[r] = used[r SUBSEP 0] / used[r SUBSEP which]
        time[r] = used[r SUBSEP which] / n
      }
      sort(ratio, rounds); sort(time, rounds)
      printf "%.4f %.3f %.3f %.0f\n", ratio[middle], ratio[1], ratio[rounds], time[middle]
    }
  }' "$work/cpu"
