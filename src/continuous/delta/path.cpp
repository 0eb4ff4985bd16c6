// Puts the delta scan in the place of every other scan of a marked relation.
#include "continuous/delta/delta.hpp"
#include "continuous/delta/group_keys.hpp"
#include "continuous/delta/marker.hpp"
#include "continuous/delta/node.hpp"
#include "continuous/delta/rewrite_guard.hpp"
#include "continuous/delta/source.hpp"
#include "pg/hook.hpp"

extern "C" {
#include "access/table.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/restrictinfo.h"
#include "utils/rel.h"
}

namespace weir::continuous {
namespace {

// What a join expects to be new.
constexpr double kUsualRows = 100;

using RelationPathsHook = pg::Hook<&set_rel_pathlist_hook>;

Plan *PlanDelta(PlannerInfo *, RelOptInfo *rel, CustomPath *path, List *target_list,
                List *restrictions, List *) {
  CustomScan *scan = makeNode(CustomScan);
  scan->scan.plan.targetlist = target_list;
  scan->scan.plan.qual = WithoutMarkers(restrictions);
  scan->scan.scanrelid = rel->relid;
  scan->flags = path->flags;
  scan->custom_private = path->custom_private;
  scan->methods = &kDeltaScanMethods;
  return &scan->scan.plan;
}

const CustomPathMethods kDeltaPathMethods = {.CustomName = kDeltaName, .PlanCustomPath = PlanDelta};

void RefuseWrites(PlannerInfo *root, Index rti) {
  bool is_target = bms_is_member(static_cast<int>(rti), root->all_result_relids);
  ListCell *cell;
  foreach (cell, root->rowMarks) is_target |= lfirst_node(PlanRowMark, cell)->rti == rti;
  if (!is_target) return;
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("new rows cannot be updated, deleted or locked where weir.delta() finds them"));
}

void RefuseTable(const RangeTblEntry *entry) {
  Relation relation = table_open(entry->relid, NoLock);
  const char *why =
      entry->tablesample != nullptr ? "A sample has no new rows." : WhyNotWatchable(relation);
  if (why != nullptr) RaiseNotWatchable(relation, why);
  table_close(relation, NoLock);
}

// Most pages are skipped, which a look at the map costs; reading the others is part of the rows'
// cost.
void SetCost(CustomPath *path, const RelOptInfo *rel) {
  path->path.rows = rel->rows;
  path->path.startup_cost = rel->baserestrictcost.startup;
  path->path.total_cost = path->path.startup_cost + cpu_operator_cost * rel->pages +
                          (cpu_tuple_cost + rel->baserestrictcost.per_tuple) * rel->rows;
}

void OfferDelta(PlannerInfo *root, RelOptInfo *rel, Index rti, const Marker &marker) {
  CustomPath *path = makeNode(CustomPath);
  path->path.pathtype = T_CustomScan;
  path->path.parent = rel;
  path->path.pathtarget = rel->reltarget;
  path->path.param_info = get_baserel_parampathinfo(root, rel, rel->lateral_relids);
  path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
  path->custom_private = list_make1_int(marker.query_id);
  path->methods = &kDeltaPathMethods;
  SetCost(path, rel);
  rel->pathlist = NIL;
  rel->partial_pathlist = NIL;
  add_path(rel, &path->path);
}

// Several first versions of a row may be new at once, so what a unique index says of the table's
// rows does not hold for them. Nor are they many, which tells a join to look up their partners.
void ForgetWholeTable(const PlannerInfo *root, RelOptInfo *rel) {
  rel->indexlist = NIL;
  if (bms_membership(root->all_baserels) != BMS_MULTIPLE) return;
  rel->rows = Min(rel->rows, kUsualRows);
}

void OnRelationPaths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *entry) {
  if (RelationPathsHook::HasNext()) RelationPathsHook::Next(root, rel, rti, entry);
  if (entry->rtekind != RTE_RELATION || IS_DUMMY_REL(rel)) return;
  Marker marker;
  if (!FindMarker(rel->baserestrictinfo, rti, &marker)) return;
  ForgetWholeTable(root, rel);
  if (entry->inh) return;
  RefuseTable(entry);
  RefuseWrites(root, rti);
  OfferDelta(root, rel, rti, marker);
}

}  // namespace

const CustomScanMethods kDeltaScanMethods = {.CustomName = kDeltaName,
                                             .CreateCustomScanState = CreateDeltaScan};

void InstallDelta() {
  RegisterCustomScanMethods(&kDeltaScanMethods);
  RelationPathsHook::Install(OnRelationPaths);
  InstallGroupKeys();
  InstallRewriteGuard();
}

}  // namespace weir::continuous
