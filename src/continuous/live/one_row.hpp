// What merging makes of a piece that is alone in its group.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace weir::continuous {

// The same expressions with the arguments of aggregates in the place of aggregates whose result of
// a single row is that row's value; others are left.
List *OfOneRow(List *expressions);

}  // namespace weir::continuous
