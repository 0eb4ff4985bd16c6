// Rows of closed windows that become dead letters.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

// How many rows the query has dropped so far. Connected to SPI.
int64 DroppedRows(int32 query_id);

// Keeps the late rows of the open tick. Connected to SPI, as the owner.
void KeepLateRows(int32 query_id);

}  // namespace weir::continuous
