// Streams on which nothing comes: what is open closes after a while.
#pragma once

#include "continuous/worker/step.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// In how many milliseconds the query has been quiet for long enough to take a step for that.
int64 QuietIn(const KeptQuery &query, TimestampTz now);

// In a step that has consumed `groups`, and that a running transaction does not hold back unless
// `is_blocked`: rows that are still to come would be late. Has an active snapshot, is connected to
// SPI, and acts as the owner.
void CloseWhenQuiet(KeptQuery *query, uint64 groups, bool is_blocked);

}  // namespace weir::continuous
