// What merging makes of a piece that is alone in its group.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/nodes.h"
}

namespace weir::continuous {

// The argument of an aggregate whose result of a single row is that row's value; other expressions
// are returned as they are, and null where it is not known.
Node *OfOneRow(Node *expression);

}  // namespace weir::continuous
