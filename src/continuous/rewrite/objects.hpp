// Objects in schema weir_state: how one is made, found, and filled.
#pragma once

#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
}

namespace weir::continuous {

Oid StateSchema();

// Objects are made in `schema`, where the user may make things, under a name that nobody else
// gives; then they are moved to where only we may, and nothing of the user's text is ever read with
// more rights than the user's.
const char *NameBeforeMove(const char *name);
Oid MoveToState(Oid schema, const char *name);

// Lets rows be changed where all tables are published: there is no key without NULL to tell them
// by.
void PublishWhole(const char *table);

// Makes a table of a query's in weir_state, with the columns of `definition`.
void MakeStateSideTable(Oid schema, const char *name, const char *definition);

// A view, and an empty table in the form of a SELECT.
Oid MakeStateView(Oid schema, const char *name, const char *columns, const char *query);
Oid MakeStateCopy(Oid schema, const char *name, const char *query);

// An object of the query's, or InvalidOid.
Oid StateRelation(int32 query_id, const char *suffix);

// The tables that a query reads, by its definition, the stream first; empty when that is gone. None
// of them is locked.
List *TablesOfQuery(int32 query_id);

// The stream; InvalidOid when the definition is gone.
Oid SourceOfQuery(int32 query_id);

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
