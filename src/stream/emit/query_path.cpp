// Plans weir.query() and weir.query_json() in FROM. PostgreSQL's own function scan would collect
// all rows before it gave out the first.
#include "pg/hook.hpp"
#include "stream/emit/query_scan.hpp"

extern "C" {
#include "access/sysattr.h"
#include "access/transam.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
}

namespace weir::stream {
namespace {

struct QueryPaths;
using RelationPathsHook = pg::Hook<&set_rel_pathlist_hook, nullptr, QueryPaths>;

// Parsing and planning the inner query, about.
constexpr double kStartCost = 25.0;

enum class Callee : uint8 { kOther, kQuery, kQueryJson };

Callee CalleeOf(Oid function) {
  if (function < FirstNormalObjectId) return Callee::kOther;
  const char *name = get_func_name(function);
  if (name == nullptr || strncmp(name, "query", 5) != 0) return Callee::kOther;
  const char *schema = get_namespace_name(get_func_namespace(function));
  if (schema == nullptr || strcmp(schema, "weir") != 0) return Callee::kOther;
  if (strcmp(name, "query") == 0) return Callee::kQuery;
  return strcmp(name, "query_json") == 0 ? Callee::kQueryJson : Callee::kOther;
}

// The call, if the relation is nothing but one. Rows that an UPDATE or a lock may want to look at
// again stay with the stock node, which keeps them.
FuncExpr *CallOf(const PlannerInfo *root, const RangeTblEntry *rte) {
  if (rte->rtekind != RTE_FUNCTION || rte->funcordinality || list_length(rte->functions) != 1) {
    return nullptr;
  }
  if (root->rowMarks != NIL) return nullptr;
  Node *call = linitial_node(RangeTblFunction, rte->functions)->funcexpr;
  if (call == nullptr || !IsA(call, FuncExpr)) return nullptr;
  return CalleeOf(castNode(FuncExpr, call)->funcid) != Callee::kOther ? castNode(FuncExpr, call)
                                                                      : nullptr;
}

bool UsesWholeRow(const RelOptInfo *rel, List *target_list, List *clauses) {
  Bitmapset *used = nullptr;
  pull_varattnos(reinterpret_cast<Node *>(target_list), rel->relid, &used);
  pull_varattnos(reinterpret_cast<Node *>(clauses), rel->relid, &used);
  pull_varattnos(reinterpret_cast<Node *>(rel->reltarget->exprs), rel->relid, &used);
  return bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
}

// The scan's own columns: the function's, and the whole row where somebody reads it.
List *ScanColumns(RangeTblEntry *rte, Index index, bool with_row) {
  List *names = NIL;
  List *columns = NIL;
  List *result = NIL;
  expandRTE(rte, static_cast<int>(index), 0, -1, false, &names, &columns);
  ListCell *name;
  ListCell *column;
  AttrNumber number = 0;
  forboth(name, names, column, columns) {
    auto *expression = static_cast<Expr *>(lfirst(column));
    result = lappend(result, makeTargetEntry(expression, ++number, strVal(lfirst(name)), false));
  }
  if (with_row) {
    Var *row = makeWholeRowVar(rte, static_cast<int>(index), 0, false);
    result = lappend(
        result, makeTargetEntry(reinterpret_cast<Expr *>(row), ++number, pstrdup("row"), false));
  }
  return result;
}

Plan *PlanPath(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *target_list,
               List *clauses, List *) {
  RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
  const FuncExpr *call = CallOf(root, rte);
  CustomScan *scan = makeNode(CustomScan);
  clauses = extract_actual_clauses(clauses, false);
  scan->scan.plan.targetlist = target_list;
  scan->scan.plan.qual = clauses;
  scan->scan.scanrelid = 0;
  scan->flags = path->flags;
  // The whole call, so that the plan depends on the function.
  scan->custom_exprs = list_make1(copyObjectImpl(call));
  scan->custom_scan_tlist = ScanColumns(rte, rel->relid, UsesWholeRow(rel, target_list, clauses));
  scan->methods = &kQueryScanMethods;
  return &scan->scan.plan;
}

const CustomPathMethods kQueryPathMethods = {.CustomName = kQueryNodeName,
                                             .PlanCustomPath = PlanPath};

void OfferQuery(PlannerInfo *root, RelOptInfo *rel, Index index, RangeTblEntry *rte) {
  if (RelationPathsHook::HasNext()) RelationPathsHook::Next(root, rel, index, rte);
  if (rel->reloptkind != RELOPT_BASEREL || CallOf(root, rte) == nullptr) return;
  CustomPath *path = makeNode(CustomPath);
  path->path.pathtype = T_CustomScan;
  path->path.parent = rel;
  path->path.pathtarget = rel->reltarget;
  path->path.param_info = get_baserel_parampathinfo(root, rel, rel->lateral_relids);
  path->path.rows = path->path.param_info != nullptr ? path->path.param_info->ppi_rows : rel->rows;
  path->path.startup_cost = kStartCost + rel->baserestrictcost.startup;
  path->path.total_cost =
      path->path.startup_cost + rel->tuples * (cpu_tuple_cost + rel->baserestrictcost.per_tuple);
  path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
  path->methods = &kQueryPathMethods;
  rel->pathlist = NIL;
  add_path(rel, &path->path);
}

}  // namespace

const CustomScanMethods kQueryScanMethods = {.CustomName = kQueryNodeName,
                                             .CreateCustomScanState = CreateQueryScan};

void InstallQueryScan() {
  RegisterCustomScanMethods(&kQueryScanMethods);
  RelationPathsHook::Install(OfferQuery);
}

}  // namespace weir::stream
