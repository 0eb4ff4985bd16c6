#include "stream/window/window_cost.hpp"

#include "stream/plan/cost.hpp"

#include <cmath>

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_statistic.h"
#include "executor/nodeHash.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
}

namespace weir::stream {
namespace {

constexpr double kSetUpCost = 20.0;
constexpr double kFunctionShare = 1.0;  // of cpu_operator_cost, per row and function
constexpr double kRowShare = 0.5;       // of cpu_tuple_cost, to find a row's key and give it out
constexpr double kKeepShare = 0.5;      // of cpu_tuple_cost, to keep a row
constexpr double kRowOverhead = 48.0;   // bytes kept beside a row's values
constexpr double kInOrder = 0.999;      // a correlation that means rows were stored in order

// How well the stored order follows the first order column, when it is a column with statistics.
double CorrelationOf(PlannerInfo *root, const WindowClause *clause) {
  if (clause->orderClause == NIL) return 1.0;
  auto *first = linitial_node(SortGroupClause, clause->orderClause);
  Node *column = get_sortgroupclause_expr(first, root->processed_tlist);
  VariableStatData variable;
  examine_variable(root, column, 0, &variable);
  double correlation = 0;
  AttStatsSlot slot;
  if (HeapTupleIsValid(variable.statsTuple) &&
      get_attstatsslot(&slot, variable.statsTuple, STATISTIC_KIND_CORRELATION, InvalidOid,
                       ATTSTATSSLOT_NUMBERS)) {
    correlation = slot.nnumbers > 0 ? slot.numbers[0] : 0;
    free_attstatsslot(&slot);
  }
  ReleaseVariableStats(variable);
  return correlation;
}

// Whether rows with peers are to be expected.
bool HasPeers(PlannerInfo *root, const WindowClause *clause, double rows) {
  constexpr double kMostlyAlone = 0.9;
  List *columns =
      list_concat(get_sortgrouplist_exprs(clause->partitionClause, root->processed_tlist),
                  get_sortgrouplist_exprs(clause->orderClause, root->processed_tlist));
  return estimate_num_groups(root, columns, rows, nullptr, nullptr) < rows * kMostlyAlone;
}

bool IsReadByPages(const Path *path) {
  while (IsA(path, ProjectionPath)) path = castNode(ProjectionPath, path)->subpath;
  return path->pathtype == T_SeqScan;
}

double SortCost(double rows) { return 2 * cpu_operator_cost * rows * std::log2(Max(rows, 2.0)); }

}  // namespace

void SetWindowCost(PlannerInfo *root, CustomPath *path, const Path *input,
                   const Windowing &windowing) {
  const auto *lowest = static_cast<WindowAggPath *>(linitial(windowing.windows));
  const double rows = input->rows;
  const double read = InputCost(input);
  double start = kSetUpCost + input->startup_cost;
  double run = rows * list_length(windowing.functions) * cpu_operator_cost * kFunctionShare +
               rows * cpu_tuple_cost * kRowShare;
  const bool may_stream = windowing.looks_back && IsReadByPages(input) &&
                          !(windowing.ends_with_peers && HasPeers(root, lowest->winclause, rows));
  if (may_stream && CorrelationOf(root, lowest->winclause) >= kInOrder) {
    // The first reading only looks at keys and order.
    start += read / 2;
    run += read;
  } else {
    start += read + rows * cpu_tuple_cost * kKeepShare + SortCost(rows);
    const double bytes = rows * (input->pathtarget->width * 1.5 + kRowOverhead);
    // PostgreSQL's nodes take over once memory is full.
    if (bytes > static_cast<double>(get_hash_memory_limit())) {
      run += lowest->path.total_cost;
    }
  }
  path->path.startup_cost = start;
  path->path.total_cost = start + run;
}

}  // namespace weir::stream
