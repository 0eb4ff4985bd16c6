// Looks after the continuous queries of a database as a whole.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

// In the keeper: finds out whose workers are wanted, removes what is left of queries whose view is
// gone, and the hold with the last of them. On a standby the hold follows the primary's; true: look
// again soon, for there may be new queries at any time.
bool KeepDatabase();

// When the keeper has left its place: to the workers for which there was none. Raises nothing.
void GivePlaceAway();

constexpr int kFollowMs = 30'000;  // on a standby, between two visits to a database

}  // namespace weir::continuous
