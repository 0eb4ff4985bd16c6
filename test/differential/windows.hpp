// Random window functions.
#pragma once

#include "expression.hpp"
#include "query.hpp"

namespace weir::differential {

// Whether each row of the query has a number of its own, so that orders can be made total.
bool HasNumbers(const Query &query);

// Makes the query one over windows: the row's number, some columns, and functions over them.
void DrawWindows(Random &random, const Scope &scope, Query *query);

}  // namespace weir::differential
