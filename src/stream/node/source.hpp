// One input of the node: a heap table read page by page, or any other plan read row by row.
#pragma once

#include "pg/pg.hpp"
#include "stream/column/column_set.hpp"
#include "stream/column/decode.hpp"

extern "C" {
#include "access/heapam.h"
#include "nodes/execnodes.h"
}

namespace weir::stream {

struct AggregateScan;

inline constexpr int kMaxQuals = 32;

// A condition with a column form, and how many steps and constants there are up to it.
struct Condition {
  int column;
  int steps;
  int constants;
};

struct Source {
  PlanState *child;
  ColumnSet *set;  // the first columns are the aggregator's, in its order
  bool is_heap;

  // Heap tables only.
  Relation relation;
  DecodeProgram *program;
  ColumnSet *qual_set;
  DecodeProgram *qual_program;
  int qual_count;
  Condition quals[kMaxQuals];
  ExprState *row_qual;
  bool needs_slot;
  bool needs_rows;  // false: counting is enough
  bool reads_long;  // values that may lie outside the page
  // Joins that are done while pages are read, and the source to use where that cannot be.
  int join_count;
  struct TableJoin *joins;
  Source *instead;
  int64 pages_direct;
  int64 pages_checked;

  // Of the pass that is under way.
  struct HeapPass *pass;
  bool is_exhausted;
  int rows_filled;             // whole rows of the batch, but for what steps compute
  core::VectorStatus failure;  // of the row behind the last batch
};

// A source over the child's slots. `inputs` are the expressions the columns hold.
Source *MakeSlotSource(AggregateScan *scan, PlanState *child);

// A source over the pages of a sequential scan, or null when its table cannot be read that way.
Source *MakeHeapSource(AggregateScan *scan, SeqScanState *child);

// A pass over a source: batch after batch of computed columns, until one has no rows. Whoever
// leaves early ends the pass as well.
void BeginPass(AggregateScan *scan, Source *source);
int ReadBatch(AggregateScan *scan, Source *source);
void ReleaseBatch(AggregateScan *scan, Source *source);
void EndPass(Source *source);

void BeginHeapPass(AggregateScan *scan, Source *source);
int ReadHeapBatch(AggregateScan *scan, Source *source);

// After an error in a page's row: completes the rows of the page before it, and what the page holds
// of that one.
void CompleteHeapRows(AggregateScan *scan, Source *source);
void EndHeapPass(Source *source);

// Aggregates a whole source. False: restart with careful states.
bool RunSource(AggregateScan *scan, Source *source);

}  // namespace weir::stream
