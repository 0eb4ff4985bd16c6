// An input in the order of a key: the groups of closed windows are given out and freed while the
// input goes on.
#include "stream/node/scan_state.hpp"

extern "C" {
#include "executor/nodeHash.h"
}

namespace weir::stream {
namespace {

bool SameKey(const core::Column &key, int row, int64 word, bool is_null) {
  return (key.null[row] != 0) == is_null && (is_null || key.word[row] == word);
}

// Where the batch's last run of equal keys begins, at `from` or later.
int LastRun(const core::Column &key, int from, int count) {
  const int64 word = key.word[count - 1];
  const bool is_null = key.null[count - 1] != 0;
  int first = count - 1;
  while (first > from && SameKey(key, first - 1, word, is_null)) --first;
  return first;
}

// Rows [from, to) of the batch, seen as a batch of their own.
void ConsumeRange(AggregateScan *scan, const ColumnSet *set, int from, int to) {
  if (from == to) return;
  core::Column columns[core::kMaxColumns];
  for (int i = 0; i < scan->input_count; ++i) {
    core::Column &column = columns[i];
    column = set->columns[i];
    column.word += from;
    column.null += from;
    if (column.high != nullptr) column.high += from;
    if (column.outline != nullptr) column.outline += from;
    if (column.length != nullptr) column.length += from;
  }
  ConsumeRows(scan, columns, to - from);
}

// The rows that wait, or else the next batch. False at the end of the input.
bool TakeBatch(AggregateScan *scan, Source *source) {
  OrderedRun *run = &scan->run;
  if (run->pending < run->batch_count) return true;
  ReleaseBatch(scan, source);
  run->pending = 0;
  run->batch_count = ReadBatch(scan, source);
  if (run->batch_count > 0) return true;
  EndPass(source);
  run->is_finished = true;
  return false;
}

void ConsumeUpTo(AggregateScan *scan, const ColumnSet *set, int to) {
  ConsumeRange(scan, set, scan->run.pending, to);
  scan->run.pending = to;
}

// Rows of the open run; false when it may go on in the next batch.
bool ConsumeOpen(AggregateScan *scan, const ColumnSet *set) {
  OrderedRun *run = &scan->run;
  const core::Column &key = set->columns[run->column];
  int end = run->pending;
  while (end < run->batch_count && SameKey(key, end, run->open_word, run->open_null)) ++end;
  ConsumeUpTo(scan, set, end);
  return end < run->batch_count;
}

// Runs that begin and end in the batch. They are few, so they are kept whatever the memory: groups
// that are spilled leave after all others, which only groups of one run may do.
void ConsumeWhole(AggregateScan *scan, const ColumnSet *set, int to) {
  SetMemoryLimit(scan, SIZE_MAX / 4);
  ConsumeUpTo(scan, set, to);
}

// Consumes what waits, up to the batch's last run, which is consumed alone. True when the groups
// are complete.
bool ConsumeWaiting(AggregateScan *scan, const ColumnSet *set) {
  OrderedRun *run = &scan->run;
  if (run->has_open) {
    if (!ConsumeOpen(scan, set)) return false;
    if (scan->spill != nullptr) return true;
  }
  const core::Column &key = set->columns[run->column];
  const int last = LastRun(key, run->pending, run->batch_count);
  if (run->has_open || last > run->pending) {
    ConsumeWhole(scan, set, last);
    return true;
  }
  run->has_open = true;
  run->open_word = key.word[last];
  run->open_null = key.null[last] != 0;
  ConsumeUpTo(scan, set, run->batch_count);
  return false;
}

}  // namespace

void RunWindows(AggregateScan *scan) {
  OrderedRun *run = &scan->run;
  Source *source = scan->sources[0];
  StartAggregator(scan, get_hash_memory_limit(), 0);
  run->has_open = false;
  if (!run->is_started) {
    BeginPass(scan, source);
    run->is_started = true;
  }
  while (TakeBatch(scan, source)) {
    if (!ConsumeWaiting(scan, source->set)) continue;
    ++run->resets;
    return;
  }
}

}  // namespace weir::stream
