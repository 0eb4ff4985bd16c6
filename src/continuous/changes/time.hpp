// The time of a query, row of weir_state.q<id>_time: how it begins and moves.
#pragma once

#include "continuous/changes/streams.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
}

namespace weir::continuous {

// Begins with no rows. Within PinSearchPath().
void BeginTime(int32 query_id);

// Begins with the rows below the horizon, and closes the windows that are over. Within
// PinSearchPath().
void StartTime(int32 query_id, FullTransactionId horizon);

// The same, without a word in the log: windows close by another statement than the query's.
void StartTimeSilently(int32 query_id, const char *closing, FullTransactionId horizon);

// Before the time is started anew; false for a query that has none. Within PinSearchPath().
bool ForgetTime(int32 query_id);

// In a step that has consumed rows. Connected to SPI.
void MoveTime(int32 query_id, const Stream &stream);

// When nothing has come for a while: closes what is open. Connected to SPI.
void CloseIdle(int32 query_id, const Stream &stream);

}  // namespace weir::continuous
