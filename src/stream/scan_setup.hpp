// What the node needs before its first row.
#pragma once

#include "stream/scan_state.hpp"

namespace weir::stream {

// The group key whose equal values are neighbours in the input, by its position; -1 if none is.
int OrderedKey(const AggregateScan *scan);

void SetUpScan(AggregateScan *scan, EState *estate, int eflags);

}  // namespace weir::stream
