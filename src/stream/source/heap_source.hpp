// Sources over heap pages, for those who know what their columns are.
#pragma once

#include "pg/pg.hpp"
#include "stream/node/source.hpp"

namespace weir::stream {

// Whether the table's rows are in heap pages.
bool IsHeap(const SeqScanState *child);

// As MakeHeapSource(), with the inputs' expressions given, over the scan's output. Somebody else
// fills the columns whose expression is null.
Source *MakePageSource(AggregateScan *scan, SeqScanState *child, Expr *const *expressions);

}  // namespace weir::stream
