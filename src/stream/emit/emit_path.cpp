// Puts the emitting node into the plan of a streaming query, in place of all other ways to
// aggregate.
#include "pg/hook.hpp"
#include "stream/column/vector_form.hpp"
#include "stream/emit/emit_node.hpp"
#include "stream/emit/request.hpp"
#include "stream/plan/support.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/tlist.h"
#include "utils/selfuncs.h"
}

namespace weir::stream {
namespace {

struct EmitPaths;
using UpperPathsHook = pg::Hook<&create_upper_paths_hook, nullptr, EmitPaths>;

// Paths carry the request and the window to the plan in custom_private, in this form.
struct Emission {
  EmitRequest *request;
  FuncExpr *window;  // null when no window closes
  WindowForm form;
};

[[noreturn]] void Refuse(const EmitRequest *request, const char *why, const char *hint = nullptr) {
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("cannot emit %s of this query",
                 request->mode == EmitMode::kChanges ? "the changes" : "the final rows"),
          errdetail_internal("%s", why), hint != nullptr ? errhint("%s.", hint) : 0);
  pg_unreachable();
}

void CheckShape(const Query *query, const EmitRequest *request) {
  if (query->sortClause != NIL) {
    Refuse(request,
           "Rows are emitted in the order of their arrival, and ORDER BY asks for another.",
           "Put ORDER BY outside, around weir.query()");
  }
  if (query->distinctClause != NIL) Refuse(request, "DISTINCT compares all rows of the result.");
  if (query->hasWindowFuncs) Refuse(request, "A window function needs all rows of the result.");
  if (query->hasTargetSRFs) Refuse(request, "A function in the select list returns a set.");
}

void FindWindow(const Grouping &grouping, Emission *emission) {
  ListCell *cell;
  foreach (cell, grouping.keys) {
    auto *key = static_cast<Node *>(lfirst(cell));
    if (IsA(key, FuncExpr) && WindowFormOf(castNode(FuncExpr, key), &emission->form)) {
      emission->window = castNode(FuncExpr, key);
      return;
    }
  }
  Refuse(emission->request, "No group key is a window of a fixed width, so none ever closes.",
         "Group by weir.tumble(time, width), with a constant width of days or less");
}

// What closes windows is the time of events; without a lateness, changes are emitted for ever.
void ChooseWindow(const Grouping &grouping, Emission *emission) {
  const EmitRequest *request = emission->request;
  if (request->mode == EmitMode::kChanges && !request->has_lateness) return;
  FindWindow(grouping, emission);
  const bool is_time = emission->form.keeps_infinity;
  if (!is_time && request->lateness != 0) {
    Refuse(request, "The windows are of numbers, and lateness is a span of time.");
  }
}

List *AppendNumber(List *list, int64 number) {
  return lappend(list, makeConst(INT8OID, -1, InvalidOid, sizeof(int64), Int64GetDatum(number),
                                 false, FLOAT8PASSBYVAL));
}

// The last two find their places only in the finished plan.
List *PrivateOf(const Emission &emission) {
  List *list = AppendNumber(NIL, static_cast<int64>(emission.request->mode));
  list = AppendNumber(list, emission.request->revises ? 1 : 0);
  list = AppendNumber(list, -1);
  list = AppendNumber(list, 0);
  if (emission.window == nullptr) return list;
  const core::TumblingWindow &window = emission.form.window;
  list = AppendNumber(list, emission.request->lateness);
  list = AppendNumber(list, window.width);
  list = AppendNumber(list, window.origin);
  list = AppendNumber(list, window.lowest);
  list = AppendNumber(list, emission.form.keeps_infinity ? 1 : 0);
  return lappend(list, emission.window);
}

void SetNumber(List *list, EmitPrivate position, int64 number) {
  list_nth_node(Const, list, position)->constvalue = Int64GetDatum(number);
}

// Where the window and its time are among the child's columns.
void LocateWindow(List *numbers, FuncExpr *window, const Agg *agg) {
  List *child_list = outerPlan(agg)->targetlist;
  WindowForm form{};
  WindowFormOf(window, &form);
  for (int i = 0; i < agg->numCols; ++i) {
    const TargetEntry *entry = list_nth_node(TargetEntry, child_list, agg->grpColIdx[i] - 1);
    if (equal(entry->expr, window)) SetNumber(numbers, kEmitWindowKey, i);
  }
  const TargetEntry *time = tlist_member(form.argument, child_list);
  if (time == nullptr) elog(ERROR, "the time of events is not among the columns of the input");
  SetNumber(numbers, kEmitTimeAttribute, time->resno);
}

Plan *PlanPath(PlannerInfo *, RelOptInfo *, CustomPath *path, List *target_list, List *,
               List *custom_plans) {
  Agg *agg = linitial_node(Agg, custom_plans);
  CustomScan *scan = makeNode(CustomScan);
  List *numbers = static_cast<List *>(copyObjectImpl(path->custom_private));
  if (IsA(llast(numbers), FuncExpr)) {
    auto *window = llast_node(FuncExpr, numbers);
    numbers = list_delete_last(numbers);
    LocateWindow(numbers, window, agg);
  }
  scan->scan.plan.targetlist = target_list;
  scan->scan.plan.qual = agg->plan.qual;
  agg->plan.qual = NIL;
  scan->scan.scanrelid = 0;
  scan->flags = path->flags;
  scan->custom_plans = custom_plans;
  scan->custom_private = numbers;
  scan->custom_scan_tlist = static_cast<List *>(copyObjectImpl(agg->plan.targetlist));
  scan->methods = &kEmitScanMethods;
  return &scan->scan.plan;
}

const CustomPathMethods kEmitPathMethods = {.CustomName = kEmitNodeName,
                                            .PlanCustomPath = PlanPath};

double GroupCount(PlannerInfo *root, const Grouping &grouping, double rows) {
  if (root->parse->groupClause == NIL) return 1;
  return estimate_num_groups(root, grouping.keys, rows, nullptr, nullptr);
}

// The stock path inside is never run, as with the aggregating node.
Path *MakePath(PlannerInfo *root, RelOptInfo *output, Path *input, const Grouping &grouping,
               List *having, const Emission &emission) {
  AggClauseCosts costs;
  MemSet(&costs, 0, sizeof(costs));
  get_agg_clause_costs(root, AGGSPLIT_SIMPLE, &costs);
  const double groups = GroupCount(root, grouping, input->rows);
  AggPath *agg = create_agg_path(root, output, input, grouping.target,
                                 root->parse->groupClause != NIL ? AGG_HASHED : AGG_PLAIN,
                                 AGGSPLIT_SIMPLE, root->parse->groupClause, having, &costs, groups);
  CustomPath *path = makeNode(CustomPath);
  path->path.pathtype = T_CustomScan;
  path->path.parent = output;
  path->path.pathtarget = output->reltarget;
  path->path.rows = emission.request->mode == EmitMode::kChanges ? input->rows : agg->path.rows;
  path->path.startup_cost = input->startup_cost;
  path->path.total_cost = input->total_cost + path->path.rows * cpu_tuple_cost;
  path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
  path->custom_paths = list_make1(agg);
  path->custom_private = PrivateOf(emission);
  path->methods = &kEmitPathMethods;
  return &path->path;
}

void Serve(EmitRequest *request, PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
           GroupPathExtraData *extra) {
  CheckShape(root->parse, request);
  Grouping grouping;
  const char *why = nullptr;
  if (!CanStream(root, output, extra, &grouping, &why)) Refuse(request, why);
  if (grouping.whole_only != nullptr) Refuse(request, grouping.whole_only);
  Emission emission{request, nullptr, {}};
  ChooseWindow(grouping, &emission);
  Path *path = input->cheapest_total_path;
  if (emission.window != nullptr) path = AddToPath(root, path, emission.form.argument);
  if (path == nullptr) Refuse(request, "The time of events does not reach the aggregation.");
  output->pathlist = NIL;
  output->partial_pathlist = NIL;
  add_path(output, MakePath(root, output, path, grouping,
                            reinterpret_cast<List *>(extra->havingQual), emission));
  request->is_taken = true;
}

void OfferPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output,
                void *extra) {
  if (UpperPathsHook::HasNext()) UpperPathsHook::Next(root, stage, input, output, extra);
  if (stage != UPPERREL_GROUP_AGG || output->reloptkind != RELOPT_UPPER_REL || extra == nullptr) {
    return;
  }
  EmitRequest *request = RequestFor(root->parse);
  if (request == nullptr || request->mode == EmitMode::kNone) return;
  Serve(request, root, input, output, static_cast<GroupPathExtraData *>(extra));
}

}  // namespace

const CustomScanMethods kEmitScanMethods = {.CustomName = kEmitNodeName,
                                            .CreateCustomScanState = CreateEmitScan};

void InstallEmit() {
  RegisterCustomScanMethods(&kEmitScanMethods);
  UpperPathsHook::Install(OfferPaths);
}

}  // namespace weir::stream
