// Which groups the changes of a source have touched: a table that its triggers write, in the
// transaction of the change, and that steps empty.
#pragma once

#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// The table, and the view of the partial results of touched groups. After the state table.
void MakeChangeLog(const Rewrite *rewrite, int32 query_id, Oid schema);

// Has UPDATE and DELETE written down; INSERT and COPY are left alone. Whatever was changed before
// is taken care of by the mark.
void WatchChanges(Oid source, int32 query_id);

// Both, for a query whose other objects are there.
void BeginRetraction(Oid source, int32 query_id);

// Everything is to be computed anew.
void MarkEverything(int32 query_id);

// Whether the query has such a table.
bool HasChangeLog(int32 query_id);

// One row of the table; keys of one group, or null for everything.
void AppendChange(Oid log, Datum *keys, bool *nulls);

}  // namespace weir::continuous
