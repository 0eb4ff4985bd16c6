// Offers the node to the planner, at an honest cost.
#include "stream/emit/query_scan.hpp"
#include "stream/emit/request.hpp"
#include "stream/node/node.hpp"
#include "stream/plan/cost.hpp"
#include "stream/plan/group_estimate.hpp"
#include "stream/plan/ordered_path.hpp"
#include "stream/plan/reason.hpp"
#include "stream/plan/support.hpp"
#include "stream/stream.hpp"
#include "stream/window/window_node.hpp"

#include "pg/hook.hpp"
#include "settings.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/tlist.h"
}

namespace weir::stream {
namespace {

using UpperPathsHook = pg::Hook<&create_upper_paths_hook>;

// What a path of ours stands for: a grouping over an input.
struct Offer {
  PlannerInfo *root;
  RelOptInfo *output;
  Grouping *grouping;
  List *clauses;
  List *having;
};

AggStrategy StrategyOf(const Offer &offer) { return offer.clauses != NIL ? AGG_HASHED : AGG_PLAIN; }

double GroupCount(const Offer &offer, double rows) {
  if (offer.clauses == NIL) return 1;
  return EstimateGroups(offer.root, offer.grouping->keys, rows);
}

// The stock path inside the custom one is never run: the planner fixes its expressions up, and the
// executor reads them from there.
CustomPath *MakePath(const Offer &offer, RelOptInfo *parent, Path *input, PathTarget *inner,
                     PathTarget *target, AggSplit split, List *having) {
  AggClauseCosts costs;
  MemSet(&costs, 0, sizeof(costs));
  get_agg_clause_costs(offer.root, split, &costs);
  const double groups = GroupCount(offer, input->rows);
  AggPath *agg = create_agg_path(offer.root, parent, input, inner, StrategyOf(offer), split,
                                 offer.clauses, having, &costs, groups);
  CustomPath *path = makeNode(CustomPath);
  path->path.pathtype = T_CustomScan;
  path->path.parent = parent;
  path->path.pathtarget = target;
  path->path.parallel_safe = agg->path.parallel_safe;
  path->path.parallel_workers = agg->path.parallel_workers;
  path->path.rows = agg->path.rows;
  path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
  path->custom_paths = list_make1(agg);
  path->methods = &kPathMethods;
  SetCost(path, agg, RowCostOf(offer.root, *offer.grouping, agg), groups);
  return path;
}

void OfferSerial(const Offer &offer, Path *input) {
  CustomPath *path = MakePath(offer, offer.output, input, offer.grouping->target,
                              offer.output->reltarget, AGGSPLIT_SIMPLE, offer.having);
  add_path(offer.output, &path->path);
}

// Inputs in the order of a key: groups leave, and are freed, as soon as their window is closed.
void OfferOrdered(const Offer &offer, RelOptInfo *input) {
  ListCell *cell;
  foreach (cell, OrderedInputs(offer.root, input, offer.clauses)) {
    const auto *ordered = static_cast<const OrderedInput *>(lfirst(cell));
    CustomPath *path = MakePath(offer, offer.output, ordered->path, offer.grouping->target,
                                offer.output->reltarget, AGGSPLIT_SIMPLE, offer.having);
    path->path.pathkeys = ordered->pathkeys;
    path->custom_private = list_make1_int(ordered->key);
    SortGroupClause *clause = list_nth_node(SortGroupClause, offer.clauses, ordered->key);
    Node *key = get_sortgroupclause_expr(clause, offer.root->processed_tlist);
    const double windows = EstimateGroups(offer.root, list_make1(key), ordered->path->rows);
    const AggPath *agg = linitial_node(AggPath, path->custom_paths);
    SetOrderedCost(path, agg, RowCostOf(offer.root, *offer.grouping, agg), path->path.rows,
                   windows);
    add_path(offer.output, &path->path);
  }
}

// Workers aggregate what they read; PostgreSQL's own node combines their transition states.
void OfferParallel(const Offer &offer, Path *input) {
  PlannerInfo *root = offer.root;
  RelOptInfo *partial_rel = fetch_upper_rel(root, UPPERREL_PARTIAL_GROUP_AGG, offer.output->relids);
  PathTarget *target = PartialTarget(root, *offer.grouping);
  CustomPath *partial =
      MakePath(offer, partial_rel, input, target, target, AGGSPLIT_INITIAL_SERIAL, NIL);
  if (!partial->path.parallel_safe) return;
  // So that workers can report what they did.
  partial->path.parallel_aware = true;
  double rows = partial->path.rows * partial->path.parallel_workers;
  GatherPath *gather =
      create_gather_path(root, partial_rel, &partial->path, target, nullptr, &rows);
  AggClauseCosts costs;
  MemSet(&costs, 0, sizeof(costs));
  get_agg_clause_costs(root, AGGSPLIT_FINAL_DESERIAL, &costs);
  const double groups = GroupCount(offer, input->rows * input->parallel_workers);
  add_path(offer.output,
           reinterpret_cast<Path *>(create_agg_path(
               root, offer.output, &gather->path, offer.output->reltarget, StrategyOf(offer),
               AGGSPLIT_FINAL_DESERIAL, offer.clauses, offer.having, &costs, groups)));
}

// Group keys that are hashed at the user's wish only.
bool IsWanted(bool has_keys) {
  if (IsInquiring()) return true;
  if (settings.stream == kStreamOff) return false;
  return settings.stream != kStreamAuto || !has_keys || enable_hashagg;
}

void MakeRoom(RelOptInfo *output) {
  if (settings.stream != kStreamRequire && settings.stream != kStreamPrefer) return;
  output->pathlist = NIL;
  output->partial_pathlist = NIL;
}

void OfferGrouping(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
                   GroupPathExtraData *extra) {
  Query *parse = root->parse;
  if (extra == nullptr || (!parse->hasAggs && parse->groupClause == NIL)) return;
  if (input->cheapest_total_path == nullptr || output->pathlist == NIL) return;
  Grouping grouping;
  const char *why = nullptr;
  if (!CanStream(root, output, extra, &grouping, &why)) {
    Decline(why);
    return;
  }
  const Offer offer{root, output, &grouping, parse->groupClause,
                    reinterpret_cast<List *>(extra->havingQual)};
  MakeRoom(output);
  OfferSerial(offer, input->cheapest_total_path);
  OfferOrdered(offer, input);
  if (input->partial_pathlist == NIL || !output->consider_parallel) return;
  if ((extra->flags & GROUPING_CAN_PARTIAL_AGG) == 0) return;
  OfferParallel(offer, static_cast<Path *>(linitial(input->partial_pathlist)));
}

void OfferDistinct(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output) {
  Query *parse = root->parse;
  if (parse->distinctClause == NIL || output->pathlist == NIL) return;
  Path *path = input->cheapest_total_path;
  Grouping grouping;
  const char *why = nullptr;
  if (!CanStreamDistinct(root, path, &grouping, &why)) {
    Decline(why);
    return;
  }
  const Offer offer{root, output, &grouping, parse->distinctClause, NIL};
  MakeRoom(output);
  CustomPath *custom =
      MakePath(offer, output, path, grouping.target, path->pathtarget, AGGSPLIT_SIMPLE, NIL);
  add_path(output, &custom->path);
}

void OfferPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output,
                void *extra) {
  if (UpperPathsHook::HasNext()) UpperPathsHook::Next(root, stage, input, output, extra);
  if (stage == UPPERREL_GROUP_AGG && IsWanted(root->parse->groupClause != NIL)) {
    OfferGrouping(root, input, output, static_cast<GroupPathExtraData *>(extra));
  }
  if (stage == UPPERREL_WINDOW) OfferWindows(root, input, output);
  if (stage == UPPERREL_DISTINCT && IsWanted(true)) OfferDistinct(root, input, output);
}

// Conditions of HAVING run on our rows, so they move from the stock node to ours.
Plan *PlanPath(PlannerInfo *, RelOptInfo *, CustomPath *path, List *target_list, List *,
               List *custom_plans) {
  Agg *agg = linitial_node(Agg, custom_plans);
  CustomScan *scan = makeNode(CustomScan);
  scan->scan.plan.targetlist = target_list;
  scan->scan.plan.qual = agg->plan.qual;
  agg->plan.qual = NIL;
  scan->scan.scanrelid = 0;
  scan->flags = path->flags;
  scan->custom_plans = custom_plans;
  scan->custom_private = path->custom_private;
  scan->custom_scan_tlist = static_cast<List *>(copyObjectImpl(agg->plan.targetlist));
  scan->methods = &kScanMethods;
  return &scan->scan.plan;
}

}  // namespace

const CustomPathMethods kPathMethods = {.CustomName = kNodeName, .PlanCustomPath = PlanPath};

const CustomScanMethods kScanMethods = {.CustomName = kNodeName,
                                        .CreateCustomScanState = CreateAggregateScan};

void Install() {
  RegisterCustomScanMethods(&kScanMethods);
  RegisterWindowNode();
  UpperPathsHook::Install(OfferPaths);
  InstallQueryScan();
  InstallEmit();
}

}  // namespace weir::stream
