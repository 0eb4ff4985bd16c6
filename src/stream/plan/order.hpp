// Finds group keys whose equal values come one after the other, so that a group is complete once
// the key changes.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
}

namespace weir::stream {

// The expression under windows, divisions by a positive constant and widenings: all of them keep
// an order.
Expr *OrderedArgument(Expr *expression);

// Whether rows of the plan that agree in a column of its target list are sure to be neighbours.
bool IsColumnOrdered(const Plan *plan, AttrNumber column);

// Whether an order of this family is that of the type's own equality.
bool IsDefaultOrder(Oid family, Oid type);

}  // namespace weir::stream
