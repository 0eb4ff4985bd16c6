# Fifty queries over one table, each to be brought up to date once a second, while rows come one by one. Sourced by
# bench/continuous/run.sh.
# shellcheck shell=bash

# The moments at which each query was found up to date, seen ten times a second by one session.
watch_steps() {
  sql <<SQL
CREATE UNLOGGED TABLE seen (name regclass, at timestamptz);
DO \$\$ BEGIN
    FOR i IN 1 .. $run_seconds * 10 - 10 LOOP
        INSERT INTO seen SELECT name, checked_at FROM weir.queries;
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END \$\$;
SQL
}

# Milliseconds between two steps of a query: of half of them at most this, of 99 of 100, and of all.
gaps() {
  value "SELECT format('%s ms', array_to_string(percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY ms), ' / '))
    FROM (SELECT round(1000 * extract(epoch FROM at - lag(at) OVER (PARTITION BY name ORDER BY at))) AS ms
          FROM (SELECT DISTINCT name, at FROM seen) s) g WHERE ms IS NOT NULL"
}

# under RATE TEXT: nothing for a rate is as fast as they go
under() {
  local load_pid least_steps
  transactions "$run_seconds" "$1" | tail -n 1 >"$scratch/many" &
  load_pid=$!
  sql -c 'CREATE TABLE before AS SELECT name, ticks, rows_in, total_tick_ms FROM weir.queries'
  watch_steps
  least_steps=$(value 'SELECT min(q.ticks - b.ticks) FROM weir.queries q JOIN before b USING (name)')
  wait "$load_pid"
  line "50 queries over one table, 1 s each, $2: time between two steps of a query (median, 99 %, longest)" "$(gaps)" 'about 1000 ms' \
    "at least $least_steps steps each in $run_seconds s at $(calculate '%.0f' "$(cat "$scratch/many")") TPS"
  line 'the same: cost of a step' "$(value "SELECT round((sum(q.total_tick_ms - b.total_tick_ms) / sum(q.ticks - b.ticks))::numeric, 2)
    FROM weir.queries q JOIN before b USING (name)") ms" '' \
    "$(value "SELECT format('%s rows a step, one worker busy %s %% of the time', round(avg((q.rows_in - b.rows_in) / greatest(q.ticks - b.ticks, 1))),
      round((sum(q.total_tick_ms - b.total_tick_ms) / $run_seconds / 10)::numeric)) FROM weir.queries q JOIN before b USING (name)")"
  sql -c 'DROP TABLE before, seen'
}

many() {
  local i
  table written 1 100
  insert_script
  for ((i = 1; i <= 50; i++)); do query "many_$i" written 'backfill => false'; done
  for ((i = 1; i <= 50; i++)); do caught_up "many_$i"; done
  under 10000 '10,000 rows a second offered'
  for ((i = 1; i <= 50; i++)); do caught_up "many_$i"; done
  under '' '4 clients as fast as they go'
  for ((i = 1; i <= 50; i++)); do caught_up "many_$i"; done
  [ "$(value 'SELECT count(DISTINCT (count, sum)) FROM (SELECT count, sum FROM many_1 WHERE k = 7 UNION ALL SELECT count, sum FROM many_50 WHERE k = 7) q')" = 1 ] ||
    fail 'two of 50 queries over one table differ'
}
