// Queries over the results of other continuous queries: they read the table that those only add to.
#pragma once

#include "continuous/catalog/catalog.hpp"
#include "continuous/rewrite/definition.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// Where the stream is the result of another query, puts the table of its rows in the view's place.
// Raises when those rows change. Within OpenTextErrors().
void ReadStoredResult(const Definition &definition);

// The query whose state a table is, or null.
QueryRow *QueryBehind(Oid table);

// Has `result` depend on the result whose rows it adds up, if there is one, so that neither is
// dropped without the other.
void TieToUpstream(Oid result, Oid source);

// Takes that back.
void UntieFromUpstream(Oid result, Oid source);

// Raises when other queries count on the rows of this one's state.
void RequireNoReaders(const QueryRow &row);

}  // namespace weir::continuous
