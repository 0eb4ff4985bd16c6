// Records as rows of weir.query_stats.
#pragma once

#include "stats/shared_state.hpp"

namespace weir::stats {

// Inserts a row for each record, many to a page visit, in the caller's transaction with an active
// snapshot and a connection to SPI.
void WriteRecords(const DatabaseSlot &slot, const core::QueryRecord *records, std::size_t count);

}  // namespace weir::stats
