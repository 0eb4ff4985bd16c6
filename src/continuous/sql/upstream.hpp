// Queries over the results of other continuous queries, and over the logs of their changes: they
// read the tables that those write.
#pragma once

#include "continuous/catalog/catalog.hpp"
#include "continuous/rewrite/definition.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// Where the stream is the result of another query, or the log of its changes, puts the table that
// holds it in its place. Raises when its rows change, unless the query follows changes of its table
// (`retracts`). Within OpenTextErrors().
void ReadStoredResult(const Definition &definition, bool retracts);

// The query whose state or log a table is, or null.
QueryRow *QueryBehind(Oid table);

// Has `result` depend on the result whose rows it adds up, if there is one, so that neither is
// dropped without the other.
void TieToUpstream(Oid result, Oid source);

// Takes that back.
void UntieFromUpstream(Oid result, Oid source);

// Raises when other queries read this one's state, which is to go.
void RequireReplaceable(const QueryRow &row);

// Raises when other queries have counted rows of this one's state, which are to be made anew. Those
// that follow its changes may.
void RequireRebuildable(const QueryRow &row);

}  // namespace weir::continuous
