// Decides whether the node can run a query's windows, and says why not.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace weir::stream {

// The windows of a query as the node wants them. They share their partitions, and the order of each
// begins that of the first.
struct Windowing {
  List *windows;         // of WindowAggPath, the lowest first
  List *functions;       // of WindowFunc
  PathTarget *target;    // the input's columns, then the functions, bare
  bool looks_back;       // no function needs rows after the current one
  bool ends_with_peers;  // some frame does
};

bool CanStreamWindows(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
                      Windowing *windowing, const char **why);

}  // namespace weir::stream
