// One input of the node: a heap table read page by page, or any other plan read row by row.
#pragma once

#include "pg/pg.hpp"
#include "stream/column_set.hpp"
#include "stream/decode.hpp"

extern "C" {
#include "access/heapam.h"
#include "nodes/execnodes.h"
}

namespace weir::stream {

struct AggregateScan;
struct PageWalk;

inline constexpr int kMaxQuals = 32;

struct Source {
  PlanState *child;
  ColumnSet *set;  // the first columns are the aggregator's, in its order
  bool is_heap;
  bool is_done;

  // Heap tables only.
  PageWalk *walk;
  Relation relation;
  DecodeProgram *program;
  ColumnSet *qual_set;
  DecodeProgram *qual_program;
  int qual_count;
  int qual_column[kMaxQuals];
  ExprState *row_qual;
  bool needs_slot;
  bool needs_rows;  // false: counting is enough
  int64 pages_direct;
  int64 pages_checked;
};

// A source over the child's slots. `inputs` are the expressions the columns hold.
Source *MakeSlotSource(AggregateScan *scan, PlanState *child);

// A source over the pages of a sequential scan, or null when its table cannot be read that way.
Source *MakeHeapSource(AggregateScan *scan, SeqScanState *child);

// Reads a source to its end. False: restart with careful states.
bool RunSource(AggregateScan *scan, Source *source);

// The same piece by piece. A batch is zero rows at the end, and is emptied before the next.
void OpenSource(AggregateScan *scan, Source *source);
int FillBatch(AggregateScan *scan, Source *source);
void EmptyBatch(AggregateScan *scan, Source *source, int count);
void CloseSource(Source *source);

void OpenHeapSource(AggregateScan *scan, Source *source);
int FillHeapBatch(AggregateScan *scan, Source *source);
void CloseHeapSource(Source *source);

}  // namespace weir::stream
