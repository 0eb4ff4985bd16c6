// Recognises the live view of a continuous query in a plan: rows of a state, each of another group,
// and pieces of newer rows, merged by group.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace weir::continuous {

// Column numbers are those of the input, from 1. All lists are in the order of their columns.
struct LiveShape {
  Path *state;      // each of its rows is a group of its own
  List *newer;      // Paths with the pieces to be merged in
  List *output;     // expressions over the input: the result, where a group is a single row
  List *quals;      // likewise, the conditions on results
  List *keys;       // the group keys' columns
  List *operators;  // their equality operators
  List *collations;
};

// False where the grouping of `input` into `output` is anything else.
bool FindLiveShape(PlannerInfo *root, const RelOptInfo *input, const RelOptInfo *output,
                   LiveShape *shape);

}  // namespace weir::continuous
