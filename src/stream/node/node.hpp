// The aggregating custom scan: names and entry points.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/extensible.h"
}

namespace weir::stream {

inline constexpr char kNodeName[] = "WeirAggregate";

// CreateCustomScanState.
Node *CreateAggregateScan(CustomScan *plan);

extern const CustomPathMethods kPathMethods;
extern const CustomScanMethods kScanMethods;
extern const CustomExecMethods kExecMethods;

}  // namespace weir::stream
