#include "continuous/delta/row_range.hpp"

#include "continuous/delta/tick_state.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "utils/rel.h"
}

namespace weir::continuous {

RowRange WholeRange(List *tables) {
  RowRange range{};
  range.to[kTables] = static_cast<uint32>(list_length(tables));
  range.from[kLines] = FirstOffsetNumber;
  range.to[kLines] = MaxHeapTuplesPerPage + 1;
  ListCell *cell;
  foreach (cell, tables) {
    Relation relation = table_open(lfirst_oid(cell), NoLock);
    range.to[kBlocks] = Max(range.to[kBlocks], RelationGetNumberOfBlocks(relation));
    table_close(relation, NoLock);
  }
  return range;
}

bool IsOneRow(const RowRange &range) {
  for (int level = 0; level < kRangeLevels; level++) {
    if (range.to[level] - range.from[level] > 1) return false;
  }
  return true;
}

void Halve(const RowRange &range, RowRange *first, RowRange *second) {
  int level = 0;
  while (level < kLines && range.to[level] - range.from[level] <= 1) level++;
  const uint32 middle = range.from[level] + (range.to[level] - range.from[level]) / 2;
  *first = *second = range;
  first->to[level] = second->from[level] = middle;
}

void LimitTick(int32 query_id, List *tables, const RowRange *range) {
  if (OpenTickOf(query_id) == nullptr) elog(ERROR, "no tick is open for this query");
  TickLimit *limit = LimitOfTick();
  limit->is_set = range != nullptr;
  limit->tables = tables;
  if (range != nullptr) limit->range = *range;
}

void LimitWalk(NewRowWalk *walk) {
  const TickLimit *limit = LimitOfTick();
  if (!limit->is_set) return;
  const RowRange &range = limit->range;
  uint32 table = range.from[kTables];
  while (table < range.to[kTables] &&
         list_nth_oid(limit->tables, static_cast<int>(table)) != RelationGetRelid(walk->relation)) {
    table++;
  }
  walk->next_block = range.from[kBlocks];
  walk->blocks = table < range.to[kTables] ? Min(walk->blocks, range.to[kBlocks]) : 0;
  walk->first_line = static_cast<OffsetNumber>(range.from[kLines]);
  walk->last_line = static_cast<OffsetNumber>(range.to[kLines] - 1);
}

}  // namespace weir::continuous
