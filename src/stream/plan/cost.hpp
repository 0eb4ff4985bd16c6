// What the node costs, in the planner's units.
#pragma once

#include "pg/pg.hpp"
#include "stream/plan/support.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace weir::stream {

// What one row costs, and what a group keeps in memory beside its row.
struct RowCost {
  int columns;   // keys and aggregates
  double calls;  // of aggregates' own functions
  double state_bytes;
};

RowCost RowCostOf(PlannerInfo *root, const Grouping &grouping, const AggPath *agg);

// `agg` is the stock path for the same work.
void SetCost(CustomPath *path, const AggPath *agg, const RowCost &row, double groups);

// What reading the input costs where sequential scans are read page by page.
double InputCost(const Path *input);
// The same over an input in the order of a key with `windows` values: the first groups leave after
// the first of them, and only one window's groups are in memory.
void SetOrderedCost(CustomPath *path, const AggPath *agg, const RowCost &row, double groups,
                    double windows);

}  // namespace weir::stream
