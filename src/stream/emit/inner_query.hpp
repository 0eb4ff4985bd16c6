// The query inside weir.query(): one SELECT, prepared from its text and read row by row.
#pragma once

#include "pg/pg.hpp"
#include "stream/emit/request.hpp"

extern "C" {
#include "executor/execdesc.h"
#include "executor/tuptable.h"
}

namespace weir::stream {

struct InnerQuery {
  MemoryContext context;
  QueryDesc *running;
  TupleDesc row;  // of the result
  EmitMode mode;
};

// How it is to be run.
struct InnerOptions {
  MemoryContext parent;
  Snapshot snapshot;
  int flags;       // the executor's
  int instrument;  // likewise
};

// Parses, checks, plans and starts the query, with the rights of the current user.
InnerQuery *OpenInner(const QueryArguments &arguments, const InnerOptions &options);

// The next row, or null at the end.
TupleTableSlot *NextInner(InnerQuery *inner);

// Starts over.
void RewindInner(InnerQuery *inner);

void CloseInner(InnerQuery *inner);

// Raises unless rows of the query have the columns that the caller declared.
void CheckColumns(TupleDesc declared, TupleDesc given);

}  // namespace weir::stream
