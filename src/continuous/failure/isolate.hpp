// Finds the rows that make a step fail.
#pragma once

#include "continuous/step/kept_query.hpp"

namespace weir::continuous {

// In an open tick: adds all rows to the state but those that `run` fails on by themselves, which
// become dead letters or are counted, as the query says. An error that does not tell of a row is
// raised.
// Returns how many groups have changed.
uint64 IsolateRows(KeptQuery *query, uint64 (*run)(KeptQuery *));

}  // namespace weir::continuous
