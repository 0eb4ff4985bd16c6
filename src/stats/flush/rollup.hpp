// Roll-ups, written with the records they sum up: by minute at once, by hour and day when a minute
// is over.
#pragma once

#include <cstddef>

#include "stats/shared_state.hpp"

namespace weir::stats {

// All run in the caller's transaction, with SPI connected.

// Adds the records to the minutes they belong to, and to hours and days as well where these hold
// that minute already.
void RollUpRecords(const DatabaseSlot &slot, const core::QueryRecord *records, std::size_t count);

// Adds minutes that are over to their hours and days, unless that was done less than a minute ago.
void RollUpMinutes();

// Deletes minutes, hours and days that are older than they are kept. True when kinds of statements
// went with them.
bool DropExpiredRollups();

// What is known of the tables is forgotten; for after a failure.
void ForgetRollups();

}  // namespace weir::stats
