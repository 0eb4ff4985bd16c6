#include "stream/column/outer_reference.hpp"

#include "pg/expression_walk.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
}

namespace weir::stream {
namespace {

Node *Resolve(Node *node, List *child_list) {
  if (node == nullptr) return nullptr;
  if (IsA(node, Var) && castNode(Var, node)->varno == OUTER_VAR) {
    const AttrNumber number = castNode(Var, node)->varattno;
    TargetEntry *entry = list_nth_node(TargetEntry, child_list, number - 1);
    return static_cast<Node *>(copyObjectImpl(entry->expr));
  }
  return pg::MutateExpression(node, Resolve, child_list);
}

bool FindSubplan(Node *node, void *context) {
  if (node == nullptr) return false;
  if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan)) return true;
  return pg::WalkExpression(node, FindSubplan, context);
}

}  // namespace

Expr *ResolveOuter(Expr *expression, List *child_list) {
  return reinterpret_cast<Expr *>(Resolve(reinterpret_cast<Node *>(expression), child_list));
}

bool ContainsSubplan(Node *node) { return FindSubplan(node, nullptr); }

Index ScanRelationOf(const Plan *plan) { return reinterpret_cast<const Scan *>(plan)->scanrelid; }

}  // namespace weir::stream
