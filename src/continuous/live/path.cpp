// Offers the merge of a live view to the planner.
#include "continuous/live/live.hpp"
#include "continuous/live/pieces.hpp"
#include "continuous/live/shape.hpp"
#include "pg/hook.hpp"
#include "settings.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
}

namespace weir::continuous {
namespace {

struct LiveTag;
using UpperPathsHook = pg::Hook<&create_upper_paths_hook, nullptr, LiveTag>;

CustomScan *MakeScan(const CustomPath *path, List *target_list, List *custom_plans,
                     const CustomScanMethods *methods) {
  CustomScan *scan = makeNode(CustomScan);
  scan->scan.plan.targetlist = target_list;
  scan->scan.scanrelid = 0;
  scan->flags = path->flags;
  scan->custom_plans = custom_plans;
  scan->custom_private = path->custom_private;
  scan->methods = methods;
  return scan;
}

// Conditions on the union have been passed on to what it unites.
Plan *PlanPieces(PlannerInfo *, RelOptInfo *, CustomPath *path, List *target_list, List *,
                 List *custom_plans) {
  CustomScan *scan = MakeScan(path, target_list, custom_plans, &kPiecesScanMethods);
  scan->custom_scan_tlist = static_cast<List *>(copyObjectImpl(target_list));
  return &scan->scan.plan;
}

// Which columns of the state's plan the columns of the pieces are. A sequential scan hands out rows
// as they are stored, which costs less than to pick columns from each.
List *ColumnsOf(PlannerInfo *root, RelOptInfo *state, Plan *plan) {
  List *stored = IsA(plan, SeqScan) ? build_physical_tlist(root, state) : NIL;
  List *columns = NIL;
  ListCell *cell;
  foreach (cell, plan->targetlist) {
    const auto *expression = reinterpret_cast<Node *>(lfirst_node(TargetEntry, cell)->expr);
    if (stored != NIL && IsA(expression, Var)) {
      columns = lappend_int(columns, reinterpret_cast<const Var *>(expression)->varattno);
    } else {
      stored = NIL;
    }
  }
  if (stored != NIL) {
    plan->targetlist = stored;
    return columns;
  }
  columns = NIL;
  for (int i = 1; i <= list_length(plan->targetlist); i++) columns = lappend_int(columns, i);
  return columns;
}

// What the path passes on to the plan, in its private list.
struct LivePlan {
  List *expressions;
  List *pieces;    // their columns, as expressions
  List *grouping;  // keys, operators, collations
};

List *KeepParts(const LivePlan &parts) {
  return list_make3(parts.expressions, parts.pieces, parts.grouping);
}

LivePlan PartsOf(const CustomPath *path) {
  const List *kept = path->custom_private;
  return {linitial_node(List, kept), lsecond_node(List, kept), lthird_node(List, kept)};
}

// What expressions of the node may name: the results of the aggregation, and then the columns of a
// piece, for what is made of a single one.
List *InputsOf(const Plan *aggregation, const List *pieces) {
  auto *inputs = static_cast<List *>(copyObjectImpl(aggregation->targetlist));
  ListCell *cell;
  foreach (cell, pieces) {
    auto *column = static_cast<Expr *>(copyObjectImpl(lfirst(cell)));
    const auto number = static_cast<AttrNumber>(list_length(inputs) + 1);
    inputs = lappend(inputs, makeTargetEntry(column, number, nullptr, true));
  }
  return inputs;
}

// An expression may find its column among the results, too, where a result is a key.
List *PieceColumnsOf(const List *inputs, const List *pieces) {
  List *columns = NIL;
  ListCell *cell;
  foreach (cell, inputs) {
    const Expr *input = lfirst_node(TargetEntry, cell)->expr;
    int column = 0;
    ListCell *piece;
    foreach (piece, pieces) {
      if (column == 0 && equal(lfirst(piece), input)) column = foreach_current_index(piece) + 1;
    }
    columns = lappend_int(columns, column);
  }
  return columns;
}

Plan *PlanLive(PlannerInfo *root, RelOptInfo *, CustomPath *path, List *target_list, List *,
               List *custom_plans) {
  CustomScan *scan = MakeScan(path, target_list, custom_plans, &kLiveScanMethods);
  const auto *state = static_cast<const Path *>(linitial(path->custom_paths));
  const LivePlan parts = PartsOf(path);
  List *columns = ColumnsOf(root, state->parent, static_cast<Plan *>(linitial(custom_plans)));
  scan->custom_scan_tlist =
      InputsOf(static_cast<const Plan *>(lsecond(custom_plans)), parts.pieces);
  scan->custom_exprs = parts.expressions;
  scan->custom_private =
      lcons(columns, lcons(PieceColumnsOf(scan->custom_scan_tlist, parts.pieces), parts.grouping));
  return &scan->scan.plan;
}

const CustomPathMethods kPiecesPathMethods = {.CustomName = kPiecesName,
                                              .PlanCustomPath = PlanPieces};
const CustomPathMethods kLivePathMethods = {.CustomName = kLiveName, .PlanCustomPath = PlanLive};

CustomPath *MakePath(RelOptInfo *parent, PathTarget *target, List *children,
                     const CustomPathMethods *methods) {
  CustomPath *path = makeNode(CustomPath);
  path->path.pathtype = T_CustomScan;
  path->path.parent = parent;
  path->path.pathtarget = target;
  path->custom_paths = children;
  path->methods = methods;
  ListCell *cell;
  foreach (cell, children) {
    const auto *child = static_cast<const Path *>(lfirst(cell));
    path->path.rows += child->rows;
    path->path.total_cost += child->total_cost;
  }
  return path;
}

// The cheapest aggregation of the pieces, by the server's own node or by whoever else offers one.
Path *MakeAggregation(PlannerInfo *root, const RelOptInfo *input, const RelOptInfo *output,
                      Path *pieces, void *extra) {
  auto *from = static_cast<RelOptInfo *>(palloc(sizeof(RelOptInfo)));
  *from = *input;
  from->pathlist = list_make1(pieces);
  from->partial_pathlist = NIL;
  set_cheapest(from);
  auto *to = static_cast<RelOptInfo *>(palloc(sizeof(RelOptInfo)));
  *to = *output;
  AggClauseCosts costs;
  MemSet(&costs, 0, sizeof(costs));
  get_agg_clause_costs(root, AGGSPLIT_SIMPLE, &costs);
  AggPath *own = create_agg_path(
      root, to, pieces, to->reltarget, AGG_HASHED, AGGSPLIT_SIMPLE, root->parse->groupClause,
      reinterpret_cast<List *>(root->parse->havingQual), &costs, pieces->rows);
  to->pathlist = list_make1(own);
  to->partial_pathlist = NIL;
  if (UpperPathsHook::HasNext()) UpperPathsHook::Next(root, UPPERREL_GROUP_AGG, from, to, extra);
  set_cheapest(to);
  return to->cheapest_total_path;
}

// What newer rows change is aggregated; the rest costs what reading it costs. Any other path
// aggregates that and more, whatever is estimated of the number of newer rows.
void OfferLive(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output, void *extra) {
  LiveShape shape;
  if (settings.stream == kStreamOff || !FindLiveShape(root, input, output, &shape)) return;
  PathTarget *target = input->cheapest_total_path->pathtarget;
  CustomPath *pieces = MakePath(input, target, shape.newer, &kPiecesPathMethods);
  Path *aggregation = MakeAggregation(root, input, output, &pieces->path, extra);
  CustomPath *live =
      MakePath(output, output->reltarget, list_make2(shape.state, aggregation), &kLivePathMethods);
  live->path.startup_cost = pieces->path.total_cost;
  live->path.rows = Max(shape.state->rows, pieces->path.rows);
  live->custom_private = KeepParts({list_make2(shape.output, shape.quals), target->exprs,
                                    list_make3(shape.keys, shape.operators, shape.collations)});
  output->pathlist = list_make1(live);
  output->partial_pathlist = NIL;
}

void OfferPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output,
                void *extra) {
  if (UpperPathsHook::HasNext()) UpperPathsHook::Next(root, stage, input, output, extra);
  if (stage == UPPERREL_GROUP_AGG && extra != nullptr) OfferLive(root, input, output, extra);
}

}  // namespace

const CustomScanMethods kLiveScanMethods = {.CustomName = kLiveName,
                                            .CreateCustomScanState = CreateLiveScan};
const CustomScanMethods kPiecesScanMethods = {.CustomName = kPiecesName,
                                              .CreateCustomScanState = CreatePiecesScan};

void InstallLive() {
  RegisterCustomScanMethods(&kLiveScanMethods);
  RegisterCustomScanMethods(&kPiecesScanMethods);
  UpperPathsHook::Install(OfferPaths);
}

}  // namespace weir::continuous
