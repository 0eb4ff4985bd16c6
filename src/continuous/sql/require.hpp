// What every function of continuous queries needs.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

// Raises where the library was not loaded at start, and on a standby.
void RequireActive();

// Raises in a transaction whose snapshot is older than its commands.
void RequireReadCommitted(const char *function);

}  // namespace weir::continuous
