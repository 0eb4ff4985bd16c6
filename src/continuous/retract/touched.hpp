// The groups of a query that rows were taken from, and that are not yet computed anew.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "utils/palloc.h"
}

namespace weir::continuous {

struct TouchedGroups;

// As the active snapshot sees them; in an open tick, those of transactions below its end. In that
// memory context.
TouchedGroups *LoadTouched(int32 query_id, MemoryContext context);

bool IsNothingTouched(const TouchedGroups *groups);
bool IsEverythingTouched(const TouchedGroups *groups);

}  // namespace weir::continuous
