// SQL of queries whose rows can be taken back: groups that were touched are computed from the
// table, all others from the state and the rows that are new.
#pragma once

#include "continuous/rewrite/rewrite.hpp"

namespace weir::continuous {

// Restricts a SELECT over the source to rows of groups that are not touched.
void AddUntouched(Query *query, const Rewrite *rewrite, int32 query_id);

// WHERE clause of a SELECT over the state, likewise.
char *UntouchedState(const Rewrite *rewrite, int32 query_id);

// The partial results of the rows of touched groups. Each group comes from one of the parts.
char *TouchedArms(const Rewrite *rewrite, int32 query_id);

// SELECT without rows, in the form of the table of touched groups.
char *LogColumnsOf(const Rewrite *rewrite, int32 query_id);

}  // namespace weir::continuous
