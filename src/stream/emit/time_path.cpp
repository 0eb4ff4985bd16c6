// Adds the time of events to what the input of an aggregation gives.
#include "stream/emit/emit_node.hpp"

extern "C" {
#include "optimizer/appendinfo.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
}

namespace weir::stream {
namespace {

PathTarget *WithExpression(PlannerInfo *root, const PathTarget *target, Expr *expression) {
  PathTarget *wider = copy_pathtarget(const_cast<PathTarget *>(target));
  add_new_column_to_pathtarget(wider, expression);
  return set_pathtarget_cost_width(root, wider);
}

// An append passes on what its parts give.
Path *AddToAppend(PlannerInfo *root, const AppendPath *append, Expr *expression) {
  AppendPath *wider = makeNode(AppendPath);
  *wider = *append;
  wider->path.pathtarget = WithExpression(root, append->path.pathtarget, expression);
  wider->subpaths = NIL;
  ListCell *cell;
  foreach (cell, append->subpaths) {
    auto *part = static_cast<Path *>(lfirst(cell));
    int count = 0;
    AppendRelInfo **relations = find_appinfos_by_relids(root, part->parent->relids, &count);
    Node *translated =
        adjust_appendrel_attrs(root, reinterpret_cast<Node *>(expression), count, relations);
    Path *wider_part = AddToPath(root, part, reinterpret_cast<Expr *>(translated));
    if (wider_part == nullptr) return nullptr;
    wider->subpaths = lappend(wider->subpaths, wider_part);
  }
  return &wider->path;
}

bool HasVariables(const PathTarget *target, Expr *expression) {
  List *variables = pull_var_clause(reinterpret_cast<Node *>(expression), PVC_INCLUDE_PLACEHOLDERS);
  return list_difference(variables, target->exprs) == NIL;
}

bool ReadsOtherPlan(const Path *path) {
  return path->pathtype == T_Append && !IsA(path, AppendPath);
}

}  // namespace

Path *AddToPath(PlannerInfo *root, Path *input, Expr *expression) {
  if (list_member(input->pathtarget->exprs, expression)) return input;
  if (IsA(input, AppendPath) && castNode(AppendPath, input)->subpaths != NIL &&
      input->parent->reloptkind == RELOPT_BASEREL) {
    return AddToAppend(root, castNode(AppendPath, input), expression);
  }
  if (ReadsOtherPlan(input)) return nullptr;
  if (!is_projection_capable_path(input) && !HasVariables(input->pathtarget, expression)) {
    return nullptr;
  }
  PathTarget *target = WithExpression(root, input->pathtarget, expression);
  return reinterpret_cast<Path *>(create_projection_path(root, input->parent, input, target));
}

}  // namespace weir::stream
