#include "stream/plan/cost.hpp"

extern "C" {
#include "catalog/pg_aggregate.h"
#include "executor/nodeHash.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "utils/syscache.h"
}

namespace weir::stream {
namespace {

// Measured against the stock nodes on warm tables, and rounded in their favour. Setting the node up
// costs about as much as a thousand rows of theirs.
constexpr double kSetUpCost = 15.0;
constexpr double kRowShare = 0.25;        // of cpu_tuple_cost, to read a row from a page
constexpr double kColumnShare = 0.2;      // of cpu_operator_cost, per row and column
constexpr double kGroupShare = 1.0;       // of cpu_tuple_cost, to give out a group
constexpr double kWindowCost = 0.02;      // to begin a new table of groups
constexpr double kLeastScanShare = 0.25;  // no scan is estimated cheaper than this

const Path *StripProjection(const Path *path) {
  while (IsA(path, ProjectionPath)) path = castNode(ProjectionPath, path)->subpath;
  return path;
}

// What does not fit memory is written and read once.
double SpillCost(const Path *input, double groups, double state_bytes) {
  const double group_bytes = input->pathtarget->width + 64.0 + state_bytes;
  const double memory = static_cast<double>(get_hash_memory_limit());
  if (groups * group_bytes <= memory) return 0;
  const double spilled_share = 1 - memory / (groups * group_bytes);
  return 2 * spilled_share * input->rows * group_bytes / BLCKSZ * seq_page_cost;
}

Oid TransitionOf(Oid aggregate) {
  HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for aggregate %u", aggregate);
  const Oid function = reinterpret_cast<Form_pg_aggregate>(GETSTRUCT(tuple))->aggtransfn;
  ReleaseSysCache(tuple);
  return function;
}

double ConsumeCost(const Path *input, const RowCost &row) {
  return input->rows * (row.columns * cpu_operator_cost * kColumnShare + row.calls);
}

}  // namespace

RowCost RowCostOf(PlannerInfo *root, const Grouping &grouping, const AggPath *agg) {
  RowCost row{list_length(grouping.target->exprs), 0, 0};
  // Estimates of what states need are far too high for those that have a loop of ours.
  if (grouping.calls != NIL) row.state_bytes = static_cast<double>(agg->transitionSpace);
  ListCell *cell;
  foreach (cell, grouping.calls) {
    const Aggref *aggref = lfirst_node(Aggref, cell);
    QualCost cost{};
    add_function_cost(root, TransitionOf(aggref->aggfnoid), nullptr, &cost);
    row.calls += cost.per_tuple;
  }
  return row;
}

// A sequential scan is read page by page, which saves most of its cost per row.
double InputCost(const Path *input) {
  const Path *scan = StripProjection(input);
  double saved = 0;
  if (scan->pathtype == T_SeqScan) {
    const double workers = Max(scan->parallel_workers, 1);
    saved = scan->parent->tuples / workers * cpu_tuple_cost * (1 - kRowShare);
  } else if (IsA(scan, AppendPath)) {
    ListCell *cell;
    foreach (cell, castNode(AppendPath, scan)->subpaths) {
      const auto *part = static_cast<const Path *>(lfirst(cell));
      saved += part->total_cost - InputCost(part);
    }
  }
  return Max(input->total_cost - saved, input->total_cost * kLeastScanShare);
}

void SetOrderedCost(CustomPath *path, const AggPath *agg, const RowCost &row, double groups,
                    double windows) {
  const Path *input = agg->subpath;
  windows = Max(windows, 1);
  const double consume = ConsumeCost(input, row);
  const double emit = groups * cpu_tuple_cost * kGroupShare;
  const double run = input->total_cost - input->startup_cost + consume + windows * kWindowCost +
                     SpillCost(input, groups / windows, row.state_bytes) * windows;
  path->path.startup_cost = kSetUpCost + input->startup_cost + run / windows;
  path->path.total_cost = kSetUpCost + input->startup_cost + run + emit;
}

void SetCost(CustomPath *path, const AggPath *agg, const RowCost &row, double groups) {
  const Path *input = agg->subpath;
  const double consume = ConsumeCost(input, row);
  const double emit = groups * cpu_tuple_cost * kGroupShare;
  path->path.startup_cost =
      kSetUpCost + InputCost(input) + consume + SpillCost(input, groups, row.state_bytes);
  path->path.total_cost = path->path.startup_cost + emit;
}

}  // namespace weir::stream
