// What the node needs before its first row.
#pragma once

#include "stream/scan_state.hpp"

namespace weir::stream {

void SetUpScan(AggregateScan *scan, EState *estate, int eflags);

// FILTER becomes a condition around the argument: rows that fail it are NULL, and are ignored.
Expr *FilteredArgument(Expr *filter, Expr *argument);

}  // namespace weir::stream
