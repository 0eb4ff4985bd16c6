// Looks through a child plan's target list.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/plannodes.h"
}

namespace weir::stream {

// The expression with references to the child's output replaced by what the child computes there.
Expr *ResolveOuter(Expr *expression, List *child_list);

bool ContainsSubplan(Node *node);

// The range table index that a sequential scan reads.
Index ScanRelationOf(const Plan *plan);

}  // namespace weir::stream
