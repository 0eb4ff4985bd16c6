// The objects of a query in schema weir_state: q<id>, its partial results; q<id>_new and q<id>_all,
// views of the partial results of new rows and of all rows; q<id>_definition, the query as given.
#pragma once

#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
}

namespace weir::continuous {

struct Target {
  Oid schema;  // of the result
  const char *name;
};

// Makes everything but the contents of the state table, with the rights of the current user, and
// returns the view of the result. Within PinSearchPath().
Oid MakeObjects(const Rewrite *rewrite, int32 query_id, const Target &target);

// Makes a table of a query's in weir_state, with the columns of `definition`.
void MakeStateSideTable(Oid schema, const char *name, const char *definition);

// A view, and an empty table in the form of a SELECT, in schema weir_state; made in `schema`, where
// the user may make things.
Oid MakeStateView(Oid schema, const char *name, const char *columns, const char *query);
Oid MakeStateCopy(Oid schema, const char *name, const char *query);

// An object of the query's, or InvalidOid.
Oid StateRelation(int32 query_id, const char *suffix);

// The same without the result's view; returns the state table. They are made in `schema` first.
Oid MakeStateObjects(const Rewrite *rewrite, int32 query_id, Oid schema);

// Has the view show that query from now on. Its columns go on, perhaps with others behind them.
void ReplaceResult(const Rewrite *rewrite, int32 query_id, Oid result);

// Lets the views over the source go with the result.
void TieViews(Oid result, int32 query_id);

// The tables that a query reads, by its definition, the stream first; empty when that is gone. None
// of them is locked.
List *TablesOfQuery(int32 query_id);

// The stream; InvalidOid when the definition is gone.
Oid SourceOfQuery(int32 query_id);

// Has changes of the source fail.
void MakeGuard(Oid source, int32 query_id);
void DropGuards(int32 query_id);

// Drops what there is of a query but its result and its log.
void DropStateObjects(int32 query_id);

// Whether it is about ROWS windows, which keep the last rows of each key too.
bool HasTail(int32 query_id);

// Until the present level of settings ends: has windows computed by the streaming executor wherever
// it can. The server's costs know nothing of frames, each of which it may read anew for each row.
void PreferStream();

// Runs a statement that ends as `expected`; its first word says how.
void RunSql(const char *sql, int expected);

// Runs an INSERT that sees exactly what was committed before the horizon, and nothing of the
// current transaction; where it marks a table by weir.delta(), of this table alone, and of others
// what is there now. Returns the number of rows.
uint64 RunAtHorizon(const char *sql, FullTransactionId horizon);

}  // namespace weir::continuous
