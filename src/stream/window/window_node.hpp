// The window node: names and entry points.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/extensible.h"
#include "optimizer/planner.h"
}

namespace weir::stream {

inline constexpr char kWindowNodeName[] = "WeirWindow";

// What a plan's private list holds.
enum WindowPrivate : int {
  kPrivateHasSort,  // whether the stock plan sorts its input
  kPrivateOrder,    // for each order column whether it descends, and whether NULLs come first
  kPrivateLooksBack,
  kPrivateWindows,  // how many stock nodes are stacked
};

Node *CreateWindowScan(CustomScan *plan);

// Offers the node where the planner makes paths for windows.
void OfferWindows(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output);
void RegisterWindowNode();

extern const CustomPathMethods kWindowPathMethods;
extern const CustomScanMethods kWindowScanMethods;
extern const CustomExecMethods kWindowExecMethods;

}  // namespace weir::stream
