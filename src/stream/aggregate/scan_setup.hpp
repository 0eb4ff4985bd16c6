// What the node needs before its first row.
#pragma once

#include "stream/node/scan_state.hpp"

namespace weir::stream {

// The group key whose equal values are neighbours in the input, by its position; -1 if none is.
int OrderedKey(const AggregateScan *scan);

// A value that the aggregator reads; its column.
int AddInput(AggregateScan *scan, Expr *expression, Encoding encoding);

void SetUpScan(AggregateScan *scan, EState *estate, int eflags);

// FILTER becomes a condition around the argument: rows that fail it are NULL, and are ignored.
Expr *FilteredArgument(Expr *filter, Expr *argument);

}  // namespace weir::stream
