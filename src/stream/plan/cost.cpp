#include "stream/plan/cost.hpp"

extern "C" {
#include "executor/nodeHash.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
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
double SpillCost(const Path *input, double groups) {
  const double group_bytes = input->pathtarget->width + 64.0;
  const double memory = static_cast<double>(get_hash_memory_limit());
  if (groups * group_bytes <= memory) return 0;
  const double spilled_share = 1 - memory / (groups * group_bytes);
  return 2 * spilled_share * input->rows * group_bytes / BLCKSZ * seq_page_cost;
}

}  // namespace

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

void SetOrderedCost(CustomPath *path, const AggPath *agg, int columns, double groups,
                    double windows) {
  const Path *input = agg->subpath;
  windows = Max(windows, 1);
  const double consume = input->rows * columns * cpu_operator_cost * kColumnShare;
  const double emit = groups * cpu_tuple_cost * kGroupShare;
  const double run = input->total_cost - input->startup_cost + consume + windows * kWindowCost +
                     SpillCost(input, groups / windows) * windows;
  path->path.startup_cost = kSetUpCost + input->startup_cost + run / windows;
  path->path.total_cost = kSetUpCost + input->startup_cost + run + emit;
}

void SetCost(CustomPath *path, const AggPath *agg, int columns, double groups) {
  const Path *input = agg->subpath;
  const double consume = input->rows * columns * cpu_operator_cost * kColumnShare;
  const double emit = groups * cpu_tuple_cost * kGroupShare;
  path->path.startup_cost = kSetUpCost + InputCost(input) + consume + SpillCost(input, groups);
  path->path.total_cost = path->path.startup_cost + emit;
}

}  // namespace weir::stream
