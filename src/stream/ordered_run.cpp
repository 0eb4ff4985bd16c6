// An input in the order of a key: the groups of closed windows are given out and freed while the
// input goes on.
#include "stream/scan_state.hpp"

extern "C" {
#include "executor/nodeHash.h"
}

namespace weir::stream {
namespace {

bool SameKey(const core::Column &key, int row, int64 word, bool is_null) {
  return (key.null[row] != 0) == is_null && (is_null || key.word[row] == word);
}

// Where the batch's last run of equal keys begins.
int LastRun(const core::Column &key, int count) {
  const int64 word = key.word[count - 1];
  const bool is_null = key.null[count - 1] != 0;
  int first = count - 1;
  while (first > 0 && SameKey(key, first - 1, word, is_null)) --first;
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

// The rows that waited open the next table of groups.
void ConsumePending(AggregateScan *scan, ColumnSet *set) {
  OrderedRun *run = &scan->run;
  ConsumeRange(scan, set, run->pending, run->batch_count);
  ResetColumns(set, run->batch_count);
  MemoryContextReset(scan->batch_context);
  run->batch_count = 0;
  run->pending = 0;
}

// Consumes the rows whose windows are closed by those after them. False when there are none such.
bool ConsumeClosed(AggregateScan *scan, const ColumnSet *set, int count) {
  OrderedRun *run = &scan->run;
  const core::Column &key = set->columns[run->column];
  const int last = LastRun(key, count);
  const bool goes_on =
      last == 0 && (!run->has_open || SameKey(key, 0, run->open_word, run->open_null));
  run->has_open = true;
  run->open_word = key.word[count - 1];
  run->open_null = key.null[count - 1] != 0;
  run->batch_count = count;
  run->pending = last;
  if (!goes_on) ConsumeRange(scan, set, 0, last);
  return !goes_on;
}

}  // namespace

void RunWindows(AggregateScan *scan) {
  OrderedRun *run = &scan->run;
  Source *source = scan->sources[0];
  StartAggregator(scan, get_hash_memory_limit(), 0);
  if (!run->is_started) {
    BeginPass(scan, source);
    run->is_started = true;
  }
  ConsumePending(scan, source->set);
  while (!run->is_finished) {
    const int count = ReadBatch(scan, source);
    if (count == 0) {
      EndPass(source);
      run->is_finished = true;
    } else if (ConsumeClosed(scan, source->set, count)) {
      ++run->resets;
      return;
    } else {
      ConsumePending(scan, source->set);
    }
  }
}

}  // namespace weir::stream
