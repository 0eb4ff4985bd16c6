// What the node needs before its first row.
#pragma once

#include "stream/scan_state.hpp"

namespace weir::stream {

void SetUpScan(AggregateScan *scan, EState *estate, int eflags);

}  // namespace weir::stream
