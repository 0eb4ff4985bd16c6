// The windows that rows still arrive for, each with an aggregator that is freed as a whole.
#pragma once

#include "core/group/hash_aggregator.hpp"
#include "pg/pg.hpp"

namespace weir::stream {

struct AggregateScan;

struct OpenWindow {
  int64 start;
  bool is_null;           // of rows without a time; it sorts last and closes at the end
  MemoryContext context;  // null when its rows are spilled
  Size bytes;
  core::HashAggregator *aggregator;
};

// Sorted by start. The first `settled` windows are closed and given out, and kept for revisions.
struct OpenWindows {
  OpenWindow *at;
  int first;
  int count;
  int room;
  int settled;
  int last_found;
  int64 forgotten;  // the last window that was given up while it could have been revised
  Size bytes;
  Size limit;
  // One that was closed, cleared, for the next to be opened: input in order needs no other.
  OpenWindow spare;
  core::HashAggregator *overflow;  // refuses every row
};

void StartWindows(AggregateScan *scan, OpenWindows *windows);

// The window of a row, opened at need. Its aggregator may take what memory is left; when none is,
// windows kept for revisions are forgotten first. `is_late`: its results have been given out.
// Null: a late row of a window that was forgotten, or that needs memory there is none of.
OpenWindow *FindWindow(AggregateScan *scan, OpenWindows *windows, int64 start, bool is_null,
                       bool is_late);

// Before rows go to the window: lets its aggregator use what is left. Afterwards: counts what it
// took.
void LendMemory(const OpenWindows *windows, const OpenWindow *window);
void CountMemory(OpenWindows *windows, OpenWindow *window);

// The first window not settled, if it starts before `bound`.
OpenWindow *FirstOpen(const OpenWindows *windows, int64 bound);

// After the first open window was given out: keeps it for revisions, or frees it.
void SettleFirst(OpenWindows *windows, bool keeps);

}  // namespace weir::stream
