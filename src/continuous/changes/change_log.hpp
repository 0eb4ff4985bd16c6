// The log of a query's changes: table weir_state.q<id>_changes, written by triggers on its state,
// so that whatever changes the state is in the log by the same transaction. docs/changes.md
#pragma once

#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// Of the table's name.
inline constexpr char kLogSuffix[] = "_changes";

// Makes the log and what fills it, for a state table that is still empty. Within PinSearchPath().
void MakeResultLog(const Rewrite *rewrite, int32 query_id, Oid schema);

// Runs a statement that gives the newest position it has logged, or NULL. Connected to SPI.
void RunLogged(const char *sql, int32 query_id, bool notifies);

// While it is on, rows leave the state because they are old, which is no change of the result.
void ForgetSilently(bool is_silent);

}  // namespace weir::continuous
