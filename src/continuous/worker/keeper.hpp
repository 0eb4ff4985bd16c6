// Looks after the continuous queries of a database as a whole.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

// In the keeper: finds out whose workers are wanted, removes what is left of queries whose view is
// gone, and the hold with the last of them.
void KeepDatabase();

}  // namespace weir::continuous
