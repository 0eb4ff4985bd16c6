// Records as rows of weir.query_stats.
#pragma once

#include "stats/shared_state.hpp"

namespace weir::stats {

// Inserts all rows at once, through the server's COPY: partition routing and batched page writes
// are its own. In the caller's transaction with an active snapshot.
void WriteRecords(const DatabaseSlot &slot, const core::QueryRecord *records, std::size_t count);

}  // namespace weir::stats
