// The groups of a query that rows were taken from, and that are not yet computed anew.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "utils/palloc.h"
}

namespace weir::continuous {

struct TouchedGroups;

// As the active snapshot sees them; in an open tick, those of transactions below its end. Loaded
// once into a memory context, which stands for one run of a plan: all parts of it go by the same.
TouchedGroups *TouchedOf(int32 query_id, MemoryContext context);

// In a tick, before anything else of this: whether the files of the source are those of the state.
// It stays so for the whole tick; its end looks again.
void DecideFilesOfTick(int32 query_id);

bool IsNothingTouched(const TouchedGroups *groups);
bool IsEverythingTouched(const TouchedGroups *groups);

}  // namespace weir::continuous
