// Decides whether the node can run an aggregation, and says why not.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace weir::stream {

// An aggregation as the node wants it: the group expressions with their references, then every
// aggregate of the target list and of HAVING, bare.
struct Grouping {
  PathTarget *target;
  List *keys;
  List *aggregates;
  List *calls;  // those of them whose own functions are called
  // Why only this node can run it, and none that gives out changes; or null.
  const char *whole_only;
};

// True if it can be streamed; else *why is a sentence.
bool CanStream(PlannerInfo *root, RelOptInfo *grouped, GroupPathExtraData *extra,
               Grouping *grouping, const char **why);

// The same for SELECT DISTINCT, which groups by all its columns.
bool CanStreamDistinct(PlannerInfo *root, const Path *input, Grouping *grouping, const char **why);

// Whether grouping sets make a constant of the target NULL in some rows, and why that has no
// streaming form. PostgreSQL's own nodes find such a column below them by its number; a custom scan
// finds columns by what they are, and a constant is always itself.
bool HasGroupedConstant(const PlannerInfo *root, const PathTarget *target, const char **why);

// A copy of the target whose aggregates hand over their transition states.
PathTarget *PartialTarget(PlannerInfo *root, const Grouping &grouping);

}  // namespace weir::stream
