// Inputs that come in the order of a group key, so that closed windows can be given out early.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace weir::stream {

struct OrderedInput {
  Path *path;
  int key;         // its position among the grouping clauses
  List *pathkeys;  // the order in which groups leave; NIL if nobody asks for it
};

// For each of the grouping clauses in `clauses`, over the paths of `input`: a list of OrderedInput.
List *OrderedInputs(PlannerInfo *root, RelOptInfo *input, List *clauses);

}  // namespace weir::stream
