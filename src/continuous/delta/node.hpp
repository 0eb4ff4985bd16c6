// The plan node of the delta scan.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/extensible.h"
}

namespace weir::continuous {

inline constexpr char kDeltaName[] = "WeirDelta";

extern const CustomScanMethods kDeltaScanMethods;
extern const CustomExecMethods kDeltaExecMethods;

Node *CreateDeltaScan(CustomScan *plan);

}  // namespace weir::continuous
