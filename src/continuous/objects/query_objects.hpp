// The objects of a query in schema weir_state: q<id>, its partial results; q<id>_new and q<id>_all,
// views of the partial results of new rows and of all rows; q<id>_definition, the query as given;
// what its time, its log and its retraction need.
#pragma once

#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

struct Target {
  Oid schema;  // of the result
  const char *name;
};

// Makes everything but the contents of the state table, with the rights of the current user, and
// returns the view of the result. Within PinSearchPath().
Oid MakeObjects(const Rewrite *rewrite, int32 query_id, const Target &target);

// The same without the result's view; returns the state table. They are made in `schema` first.
Oid MakeStateObjects(const Rewrite *rewrite, int32 query_id, Oid schema);

// Has the view show that query from now on. Its columns go on, perhaps with others behind them.
void ReplaceResult(const Rewrite *rewrite, int32 query_id, Oid result);

// Lets the views over the source go with the result.
void TieViews(Oid result, int32 query_id);

// Has changes of the source fail.
void MakeGuard(Oid source, int32 query_id);
void DropGuards(int32 query_id);

// Drops what there is of a query but its result and its log.
void DropStateObjects(int32 query_id);

}  // namespace weir::continuous
