// While a query is filled from the rows there are, its marked scans give those that were there at
// the horizon, and all others in the same statement read what is there now.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "utils/snapshot.h"
}

namespace weir::continuous {

// Null: marked scans give new rows again. Whoever sets it resets it, also after an error.
void SetFillSnapshot(Snapshot at_horizon);

Snapshot FillSnapshot();

}  // namespace weir::continuous
