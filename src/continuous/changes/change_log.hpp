// The log of a query's changes: table weir_state.q<id>_changes, written by triggers on its state,
// so that whatever changes the state is in the log by the same transaction. docs/changes.md
#pragma once

#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// Makes the log, unless that of another query goes on, and what fills it, for a state table that is
// still empty. Within PinSearchPath().
void MakeResultLog(const Rewrite *rewrite, int32 query_id, Oid schema);

// SELECT of the result's rows as the state has them, each as jsonb `shown`.
char *ShownRowsOf(const Rewrite *rewrite, int32 query_id);

// Drops the log of a query, if it has one.
void DropResultLog(int32 query_id);

// Runs a statement that gives the newest position it has logged, or NULL. Connected to SPI.
void RunLogged(const char *sql, int32 query_id, bool notifies);

// What the log of query `by` has to say when rows of `before` become those of `after`, each a
// SELECT of jsonb `shown`. Within PinSearchPath().
struct Difference {
  const char *before;
  const char *after;
};
void LogDifference(const Difference &difference, int32 by);

// While it is on, the state changes without a word in the log: rows leave it because they are old,
// or it is filled before anybody sees it.
void ForgetSilently(bool is_silent);

}  // namespace weir::continuous
