// Streams on which nothing comes: what is open closes after a while.
#pragma once

#include "continuous/worker/step.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// In how many milliseconds the query has been quiet for long enough to take a step for that.
int64 QuietIn(const KeptQuery &query, TimestampTz now);

// Whether nothing has come for long enough, and what was open then is open still. Not to be acted
// upon while a running transaction holds steps back: its rows would be late.
bool IsQuiet(const KeptQuery &query);

void NoteRows(KeptQuery *query);

}  // namespace weir::continuous
