// The table weir.query_lanes: over how many processes the steps of a query are spread.
#pragma once

#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

inline constexpr int kMostLanes = 16;

struct LaneRow {
  int parallelism;
  char *statement;  // merges the lanes' rows into the state; null: steps of the query are not split
};

// In the memory of the caller.
LaneRow LanesOf(int32 query_id);

void StoreLanes(int32 query_id, int parallelism, const Rewrite *rewrite);
void ChangeParallelism(int32 query_id, int parallelism);

// Raises unless that many processes can share the query's steps.
void RequireParallelism(int parallelism);
void RequireSplittable(const Rewrite *rewrite);
void RequireSplittable(int32 query_id);

// Whether everything that a query calls may run in parallel workers.
bool IsParallelSafe(Query *query);

}  // namespace weir::continuous
