// How many groups there will be.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace weir::stream {

// Like the planner's own estimate, which takes every value for a window of its own; how many
// windows fit between the smallest and the largest value known is nearer.
double EstimateGroups(PlannerInfo *root, List *keys, double rows);

}  // namespace weir::stream
