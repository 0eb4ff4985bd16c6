#!/usr/bin/env bash
# One process against several: the same backlog of a continuous query, consumed by one step, alternating;
# rows a second, and the median ratio. ROWS=n, LANES=n and ROUNDS=n scale it; GROUPS_OF=n is the number of groups.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../../test/support/server.sh"

rounds=${ROUNDS:-5}
rows=${ROWS:-4000000}
lanes=${LANES:-2}
groups=${GROUPS_OF:-100}

sql() { as_server "$bindir/psql" -X -q -At -v ON_ERROR_STOP=1 "$@"; }

scratch_begin
build_variant release && install_variant release || fail 'the extension could not be built'
server_start bench shared_buffers=4GB work_mem=256MB jit=off max_wal_size=16GB checkpoint_timeout=1h autovacuum=off \
  max_worker_processes=$((lanes + 12)) max_parallel_workers=$((lanes + 4)) weir.capture=off
sql -c 'CREATE EXTENSION pg_weir'

# rate LANES: rows a second of the step that consumes the backlog.
rate() {
  sql <<SQL | tail -n 1
SET client_min_messages = error;
CREATE TABLE reading (k int, v int, f float8);
SELECT weir.create_query('kept', 'SELECT k, count(*), sum(v), avg(f) FROM reading GROUP BY k', parallelism => $1);
SELECT weir.pause_query('kept');
INSERT INTO reading SELECT g % $groups, g, g FROM generate_series(1, $rows) g;
SELECT weir.resume_query('kept');
SELECT CASE WHEN weir.wait('kept', '10 min') THEN NULL END;
DO \$\$BEGIN
  ASSERT (SELECT sum(count) FROM kept) = $rows, 'rows are missing';
  ASSERT (SELECT (split_ticks > 0) = ($1 > 1) FROM weir.query_metrics), 'it was not split as it should be';
END\$\$;
CREATE TEMP TABLE figures AS SELECT rows_in / (tick_total_ms / 1000) AS rate FROM weir.query_metrics;
SELECT weir.drop_query('kept');
DROP TABLE reading;
SELECT round(rate) FROM figures;
SQL
}

median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

printf '| round | rows/s, 1 process | rows/s, %d processes | ratio |\n|---|---|---|---|\n' "$lanes"
for ((i = 1; i <= rounds; i++)); do
  one=$(rate 1)
  several=$(rate "$lanes")
  ratio=$(awk -v a="$several" -v b="$one" 'BEGIN {printf "%.2f", a / b}')
  echo "$ratio" >>"$scratch/ratios"
  printf '| %d | %.0f | %.0f | %s |\n' "$i" "$one" "$several" "$ratio"
done
printf '\nMedian ratio: %s\n' "$(median <"$scratch/ratios")"
