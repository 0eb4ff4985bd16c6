// What a function called from SQL needs before it can do anything.
#pragma once

#include "stats/shared_state.hpp"

namespace weir::stats {

// Raises an error when the library was not loaded at server start.
void RequireSharedMemory();

// This database's slot; raises an error that says what to do when there is none.
DatabaseSlot &RequireSlot();

}  // namespace weir::stats
