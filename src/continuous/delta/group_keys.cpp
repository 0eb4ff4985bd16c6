#include "continuous/delta/group_keys.hpp"

#include "continuous/delta/marker.hpp"
#include "pg/compat.hpp"
#include "pg/hook.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "parser/parse_oper.h"
}

namespace weir::continuous {
namespace {

using RelationInfoHook = pg::Hook<&get_relation_info_hook>;

// Conditions are a list by now.
bool IsMarked(const PlannerInfo *root, Index rti) {
  Node *quals = root->parse->jointree->quals;
  return quals != nullptr && HasMarker(castNode(List, quals), rti);
}

bool IsGrouped(const List *clauses, Index reference) {
  ListCell *cell;
  foreach (cell, clauses) {
    if (lfirst_node(SortGroupClause, cell)->tleSortGroupRef == reference) return true;
  }
  return false;
}

SortGroupClause *GroupBy(const TargetEntry *target) {
  SortGroupClause *clause = makeNode(SortGroupClause);
  clause->tleSortGroupRef = target->ressortgroupref;
  get_sort_group_operators(exprType(reinterpret_cast<Node *>(target->expr)), true, true, false,
                           &clause->sortop, &clause->eqop, nullptr, &clause->hashable);
  return clause;
}

// Rows that were deleted and inserted again are new together, each with its own values beside the
// same primary key. Where nothing else refers to columns of the result, each that is referred to is
// a group key.
void OnRelationInfo(PlannerInfo *root, Oid relation, bool inhparent, RelOptInfo *rel) {
  if (RelationInfoHook::HasNext()) RelationInfoHook::Next(root, relation, inhparent, rel);
  List **clauses = pg::GroupClauseOf(root);
  const Query *query = root->parse;
  if (*clauses == NIL || query->sortClause != NIL || query->distinctClause != NIL ||
      query->windowClause != NIL || query->groupingSets != NIL || !IsMarked(root, rel->relid))
    return;
  ListCell *cell;
  foreach (cell, query->targetList) {
    const auto *target = lfirst_node(TargetEntry, cell);
    if (target->ressortgroupref == 0 || IsGrouped(*clauses, target->ressortgroupref)) continue;
    *clauses = lappend(*clauses, GroupBy(target));
  }
}

}  // namespace

void InstallGroupKeys() { RelationInfoHook::Install(OnRelationInfo); }

}  // namespace weir::continuous
