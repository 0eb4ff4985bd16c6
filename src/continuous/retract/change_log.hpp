// Which groups the changes of a source have touched: a table that its triggers write, in the
// transaction of the change, and that steps empty.
#pragma once

#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "access/tupdesc.h"
#include "utils/relcache.h"
}

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

// Raises unless the table has columns of these types and, behind them, the one that says that
// everything is touched: it is its owner's, who may have done anything to it. Null: any types.
void RequireLogForm(Relation log, TupleDesc columns);

// One row of the table; keys of one group, as in `columns`, or null for everything.
struct ChangedKey {
  TupleDesc columns;
  const Datum *values;
  const bool *nulls;
};
void AppendChange(Oid log, const ChangedKey *key);

}  // namespace weir::continuous
