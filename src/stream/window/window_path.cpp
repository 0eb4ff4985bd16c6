// Offers the window node to the planner, at an honest cost.
#include "stream/plan/reason.hpp"
#include "stream/window/window_cost.hpp"
#include "stream/window/window_node.hpp"
#include "stream/window/windowing.hpp"

#include "pg/compat.hpp"
#include "settings.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "utils/typcache.h"
}

namespace weir::stream {
namespace {

// The server's own nodes over another input: they are never compared by cost, so that stays.
Path *CopyStack(const Windowing &windowing, Path *bottom) {
  Path *path = bottom;
  ListCell *cell;
  foreach (cell, windowing.windows) {
    auto *copy = makeNode(WindowAggPath);
    memcpy(copy, lfirst(cell), sizeof(WindowAggPath));
    copy->subpath = path;
    if (lnext(windowing.windows, cell) == nullptr) copy->path.pathtarget = windowing.target;
    path = &copy->path;
  }
  return path;
}

List *OrderFlags(PlannerInfo *root, const WindowClause *clause) {
  List *flags = NIL;
  ListCell *cell;
  foreach (cell, clause->orderClause) {
    auto *column = lfirst_node(SortGroupClause, cell);
    Node *key = get_sortgroupclause_expr(column, root->processed_tlist);
    const TypeCacheEntry *cache = lookup_type_cache(exprType(key), TYPECACHE_LT_OPR);
    flags = lappend_int(flags, column->sortop == cache->lt_opr ? 0 : 1);
    flags = lappend_int(flags, column->nulls_first ? 1 : 0);
  }
  return flags;
}

void OfferPath(PlannerInfo *root, RelOptInfo *output, Path *input, const Windowing &windowing) {
  const bool has_sort = !pathkeys_contained_in(root->window_pathkeys, input->pathkeys);
  Path *bottom = input;
  if (has_sort) {
    bottom = reinterpret_cast<Path *>(
        create_sort_path(root, output, input, root->window_pathkeys, -1.0));
  }
  CustomPath *path = makeNode(CustomPath);
  path->path.pathtype = T_CustomScan;
  path->path.parent = output;
  path->path.pathtarget = static_cast<Path *>(llast(windowing.windows))->pathtarget;
  path->path.rows = input->rows;
  path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
  path->custom_paths = list_make1(CopyStack(windowing, bottom));
  const auto *lowest = static_cast<WindowAggPath *>(linitial(windowing.windows));
  path->custom_private = list_make4(
      makeInteger(has_sort ? 1 : 0), OrderFlags(root, lowest->winclause),
      makeInteger(windowing.looks_back ? 1 : 0), makeInteger(list_length(windowing.windows)));
  path->methods = &kWindowPathMethods;
  SetWindowCost(root, path, input, windowing);
  if (settings.stream == kStreamRequire || settings.stream == kStreamPrefer) output->pathlist = NIL;
  add_path(output, &path->path);
}

// Conditions that the planner moved into the windows run on our rows.
List *ConditionsOf(const WindowAgg *top) {
  List *conditions = static_cast<List *>(copyObjectImpl(top->plan.qual));
  return list_concat(conditions, static_cast<List *>(copyObjectImpl(top->runCondition)));
}

Plan *PlanPath(PlannerInfo *, RelOptInfo *, CustomPath *path, List *target_list, List *,
               List *custom_plans) {
  const WindowAgg *top = linitial_node(WindowAgg, custom_plans);
  CustomScan *scan = makeNode(CustomScan);
  scan->scan.plan.targetlist = target_list;
  scan->scan.plan.qual = ConditionsOf(top);
  scan->scan.scanrelid = 0;
  scan->flags = path->flags;
  scan->custom_plans = custom_plans;
  scan->custom_private = path->custom_private;
  scan->custom_scan_tlist = static_cast<List *>(copyObjectImpl(top->plan.targetlist));
  scan->methods = &kWindowScanMethods;
  return &scan->scan.plan;
}

}  // namespace

void OfferWindows(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output) {
  if (settings.stream == kStreamOff && !IsInquiring()) return;
  if (input->cheapest_total_path == nullptr || output->pathlist == NIL) return;
  Windowing windowing;
  const char *why = nullptr;
  if (!CanStreamWindows(root, input, output, &windowing, &why)) {
    Decline(why, "these windows");
    return;
  }
  OfferPath(root, output, input->cheapest_total_path, windowing);
}

const CustomPathMethods kWindowPathMethods = {.CustomName = kWindowNodeName,
                                              .PlanCustomPath = PlanPath};

const CustomScanMethods kWindowScanMethods = {.CustomName = kWindowNodeName,
                                              .CreateCustomScanState = CreateWindowScan};

void RegisterWindowNode() { RegisterCustomScanMethods(&kWindowScanMethods); }

}  // namespace weir::stream
