// What a caller of weir.query() asks for, and the request that is being planned.
#pragma once

#include "pg/emit_clause.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
}

namespace weir::stream {

using pg::EmitMode;

inline constexpr int kQueryArguments = 4;

// The arguments of weir.query() as they came.
struct QueryArguments {
  Datum value[kQueryArguments];
  bool is_null[kQueryArguments];
};

struct EmitRequest {
  EmitMode mode;
  bool has_lateness;
  int64 lateness;      // microseconds
  bool revises;        // late rows give a revision instead of being dropped
  const Query *query;  // whose planning it concerns
  bool is_taken;       // the planner was offered our node
};

// Reads all arguments but the first, given the clause found in the text.
void ReadRequest(const QueryArguments &arguments, EmitMode clause, EmitRequest *request);

// Plans a query; its aggregation is done as the request says.
PlannedStmt *PlanRequest(EmitRequest *request, Query *query, const char *text);

// The request that a query is being planned for, or null.
EmitRequest *RequestFor(const Query *query);

// Hooks the node that serves requests into the planner.
void InstallEmit();

}  // namespace weir::stream
