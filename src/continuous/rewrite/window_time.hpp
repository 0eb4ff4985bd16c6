// The time that a query goes by: which of its keys is a window, and when the window is closed.
//
// A watermark follows the highest time that was consumed. Window functions grow with the time they
// are of, so a window is closed when it begins before the one that the watermark lies in: its key
// is less than `closed_below`, the same function of the watermark. Row of weir_state.q<id>_time.
#pragma once

#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

struct WindowTime {
  int key;           // its number: column k<key> of the state
  Node *expression;  // of the key, over the source
  Var *column;       // of the source: the time of an event
};

// Raises unless just one key is a window of the time in a column.
WindowTime *RequireWindowTime(const Rewrite *rewrite);

// Columns that tell the time of new rows, beside their pieces: row_count, newest and future_count.
List *TimeTargets(const Rewrite *rewrite, int first_number);
inline constexpr char kTimeColumns[] = ", row_count, newest, future_count";

// Whether windows that close are looked for in the state, and its key does not begin with them.
bool NeedsWindowIndex(const Rewrite *rewrite);

// A row of the source as jsonb, and its window.
List *LateTargets(const Rewrite *rewrite);

// SELECT of newest and future_count of all rows that the query is over.
char *SeenOf(const Rewrite *rewrite);

// Columns of weir_state.q<id>_time.
char *TimeTableOf(const Rewrite *rewrite);

// A step's INSERT without its ON CONFLICT: merges what is in time, counts what is not.
char *TimedInsertOf(const Rewrite *rewrite, int32 query_id);

// A condition of rows that are not too late to be counted; null when none ever is.
char *InTimeOf(const Rewrite *rewrite, int32 query_id);

// A condition of rows of closed windows.
char *ClosedOf(const Rewrite *rewrite, int32 query_id);

// Moves the watermark to what was consumed; with `is_idle`, closes what is open. Gives the newest
// position in the log of changes, or NULL.
char *ClosingOf(const Rewrite *rewrite, int32 query_id, bool is_idle);

// Removes windows from the state that are older than the retention; null when they are kept.
char *ForgettingOf(const Rewrite *rewrite, int32 query_id);

}  // namespace weir::continuous
