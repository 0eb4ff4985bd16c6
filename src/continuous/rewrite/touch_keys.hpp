// What tells the groups of a query apart, where rows can be taken back.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace weir::continuous {

// Of Node *, over the columns of the source: the group keys, or, where every row is a result, the
// whole result. NIL: all rows are one group.
List *TouchKeysOf(const Query *definition);

// Raises where such a key cannot be looked up.
void RequireTouchKeys(const Query *definition, const char *text);

}  // namespace weir::continuous
