// The step of a query that follows its table: rows that were changed are taken back.
#pragma once

#include "continuous/step/kept_query.hpp"

namespace weir::continuous {

// In an open tick. `merge` adds the new rows of groups that were not touched to the state.
// Returns how many groups have changed.
uint64 RunRetractingStep(KeptQuery *query, uint64 (*merge)(KeptQuery *));

}  // namespace weir::continuous
