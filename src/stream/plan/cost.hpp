// What the node costs, in the planner's units.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace weir::stream {

// `agg` is the stock path for the same work, `columns` the number of keys and aggregates.
void SetCost(CustomPath *path, const AggPath *agg, int columns, double groups);

// What reading the input costs where sequential scans are read page by page.
double InputCost(const Path *input);
// The same over an input in the order of a key with `windows` values: the first groups leave after
// the first of them, and only one window's groups are in memory.
void SetOrderedCost(CustomPath *path, const AggPath *agg, int columns, double groups,
                    double windows);

}  // namespace weir::stream
