// The groups of a result as a stream: what its view shows of each, over the columns of the table
// that holds them.
#pragma once

#include "continuous/rewrite/definition.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// The stream of the definition is the view `result`: puts the table of its groups in the view's
// place, and what the view makes of their columns in the place of the view's columns. Raises where
// the query uses a column that cannot be told from the table's row alone. Within OpenTextErrors().
void ReadStoredGroups(const Definition &definition, Oid result, Oid table);

}  // namespace weir::continuous
