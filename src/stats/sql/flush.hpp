// Flushing on demand.
#pragma once

#include <cstdint>

#include "stats/shared_state.hpp"

namespace weir::stats {

// Waits until the worker has committed everything that was captured in `slot` before the call;
// raises an error when that fails. Returns the statements that were committed meanwhile.
std::int64_t FlushAndWait(DatabaseSlot &slot);

}  // namespace weir::stats
