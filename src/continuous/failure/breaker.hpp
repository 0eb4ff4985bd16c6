// When a query that fails is tried again.
#pragma once

#include "continuous/step/kept_query.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// From 1 second doubling up to a minute; once the query is broken, a pause before each single try.
int64 RetryWaitMs(int failures);

// Says so in the log at the failure that breaks the query.
void NoteIfBroken(const KeptQuery &query);

// Whether an error tells of the rows: not of rights, objects, the session or the server, which are
// the same for every row.
bool IsDataError(int sqlstate);

}  // namespace weir::continuous
