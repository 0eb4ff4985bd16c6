// A part of the new rows of a tick, by where they are: tables, blocks and lines.
#pragma once

#include "continuous/delta/new_rows.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace weir::continuous {

enum RangeLevel : uint8 { kTables, kBlocks, kLines, kRangeLevels };

// From each `from` up to, but without, each `to`. Tables are counted in the list given to
// LimitTick().
struct RowRange {
  uint32 from[kRangeLevels];
  uint32 to[kRangeLevels];
};

// Everything in these tables.
RowRange WholeRange(List *tables);

// At most one row.
bool IsOneRow(const RowRange &range);

// The halves of a range of more than one row. Together they hold the same rows.
void Halve(const RowRange &range, RowRange *first, RowRange *second);

// Until the tick ends, or without a range again: its scans give the rows of the range only. What a
// statement of the tick has counted is put back by the caller when it failed.
void LimitTick(int32 query_id, List *tables, const RowRange *range);

// Narrows a walk of the open tick to its limit.
void LimitWalk(NewRowWalk *walk);

}  // namespace weir::continuous
