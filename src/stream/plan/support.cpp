#include "stream/plan/support.hpp"

#include "core/group/row_layout.hpp"
#include "pg/expression_walk.hpp"
#include "stream/column/encoding.hpp"
#include "stream/node/aggregate_form.hpp"

extern "C" {
#include "access/transam.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/tlist.h"
#include "utils/builtins.h"
#include "utils/typcache.h"
}

namespace weir::stream {
namespace {

struct Collector {
  List *keys;
  List *aggregates;
  const char *why;
};

// Finds the aggregates outside the group expressions. Any other variable that is left depends on
// the keys through a primary key, which the node's rows do not hold.
bool Collect(Node *node, Collector *collector) {
  if (node == nullptr) return false;
  if (list_member(collector->keys, node)) return false;
  switch (nodeTag(node)) {
    case T_Aggref:
      collector->aggregates = list_append_unique(collector->aggregates, node);
      return false;
    case T_Var:
    case T_PlaceHolderVar:
      collector->why = "A column that is not grouped depends on the group key.";
      return true;
    case T_GroupingFunc:
      collector->why = "GROUPING belongs to grouping sets.";
      return true;
    default:
      return pg::WalkExpression(node, Collect, collector);
  }
}

bool KeyProblem(Node *key, const SortGroupClause *clause, const char **why) {
  const Oid type = exprType(key);
  if (contain_volatile_functions(key)) {
    *why = "A group key is volatile.";
  } else if (contain_subplans(key)) {
    *why = "A group key contains a subquery.";
  } else if (!clause->hashable ||
             GroupKeyEncoding(type, exprCollation(key), clause->eqop) == Encoding::kNone) {
    *why = psprintf("A group key of type %s cannot be hashed.", format_type_be(type));
  } else {
    return false;
  }
  return true;
}

bool ArgumentProblem(const Aggref *aggregate, const char **why) {
  Node *arguments = reinterpret_cast<Node *>(aggregate->args);
  Node *filter = reinterpret_cast<Node *>(aggregate->aggfilter);
  if (contain_volatile_functions(arguments) || contain_volatile_functions(filter)) {
    *why = "An aggregate's argument is volatile.";
    return true;
  }
  if (contain_subplans(arguments) || contain_subplans(filter)) {
    *why = "An aggregate's argument contains a subquery.";
    return true;
  }
  return false;
}

// How many columns the keys and arguments take at most.
int CountColumns(const Grouping &grouping) {
  int count = list_length(grouping.keys) + list_length(grouping.aggregates);
  ListCell *cell;
  foreach (cell, grouping.calls) count += list_length(lfirst_node(Aggref, cell)->args);
  return count;
}

// Every aggregate has a loop of ours, or is called by row.
bool AggregatesProblem(Grouping *grouping, const char **why) {
  ListCell *cell;
  foreach (cell, grouping->aggregates) {
    const Aggref *aggregate = lfirst_node(Aggref, cell);
    if (FormOf(aggregate, why) == nullptr) {
      grouping->whole_only = *why;
      if (!CanCall(aggregate, why)) return true;
      grouping->calls = lappend(grouping->calls, const_cast<Aggref *>(aggregate));
    }
    if (ArgumentProblem(aggregate, why)) return true;
  }
  if (CountColumns(*grouping) <= core::kMaxColumns) return false;
  *why = psprintf("More than %d columns have no streaming form.", core::kMaxColumns);
  return true;
}

bool ShapeProblem(const Query *parse, const char **why) {
  if (parse->groupingSets != NIL) {
    *why = "Grouping sets group the same rows several times.";
  } else if (list_length(parse->groupClause) > core::kMaxKeys) {
    *why = psprintf("More than %d group keys have no streaming form.", core::kMaxKeys);
  } else {
    return false;
  }
  return true;
}

// Splits the target into keys, which go to the grouping's target, and the rest.
bool SplitTarget(const PathTarget *target, List *clauses, Grouping *grouping, List **rest,
                 const char **why) {
  int i = 0;
  ListCell *cell;
  foreach (cell, target->exprs) {
    auto *expression = static_cast<Expr *>(lfirst(cell));
    const Index reference = get_pathtarget_sortgroupref(target, i++);
    SortGroupClause *clause =
        reference != 0 ? get_sortgroupref_clause_noerr(reference, clauses) : nullptr;
    if (clause == nullptr) {
      *rest = lappend(*rest, expression);
      continue;
    }
    Node *key = reinterpret_cast<Node *>(expression);
    if (KeyProblem(key, clause, why)) return false;
    if (IsClassKey(GroupKeyEncoding(exprType(key), exprCollation(key), clause->eqop))) {
      grouping->whole_only = psprintf("A group key of type %s has an equality of its own.",
                                      format_type_be(exprType(key)));
    }
    add_column_to_pathtarget(grouping->target, expression, reference);
    grouping->keys = lappend(grouping->keys, expression);
  }
  if (list_length(grouping->keys) == list_length(clauses)) return true;
  *why = "A group key is not among the columns of the input.";
  return false;
}

}  // namespace

bool HasGroupedConstant(const PlannerInfo *root, const PathTarget *target, const char **why) {
  if (root->parse->groupingSets == NIL) return false;
  ListCell *cell;
  foreach (cell, target->exprs) {
    const Node *column = static_cast<Node *>(lfirst(cell));
    if (!IsA(column, Const) && !IsA(column, Param)) continue;
    *why = "A constant column may be one of grouping sets.";
    return true;
  }
  return false;
}

bool CanStream(PlannerInfo *root, RelOptInfo *grouped, GroupPathExtraData *extra,
               Grouping *grouping, const char **why) {
  const Query *parse = root->parse;
  if (ShapeProblem(parse, why)) return false;
  *grouping = {create_empty_pathtarget(), NIL, NIL, NIL, nullptr};
  List *rest = NIL;
  if (!SplitTarget(grouped->reltarget, parse->groupClause, grouping, &rest, why)) return false;
  Collector collector{grouping->keys, NIL, nullptr};
  if (Collect(reinterpret_cast<Node *>(rest), &collector) ||
      Collect(static_cast<Node *>(extra->havingQual), &collector)) {
    *why = collector.why;
    return false;
  }
  grouping->aggregates = collector.aggregates;
  if (AggregatesProblem(grouping, why)) return false;
  if (parse->groupClause != NIL && (extra->flags & GROUPING_CAN_USE_HASH) == 0) {
    *why = "The aggregation cannot be hashed.";
    return false;
  }
  ListCell *cell;
  foreach (cell, collector.aggregates) {
    add_column_to_pathtarget(grouping->target, static_cast<Expr *>(lfirst(cell)), 0);
  }
  set_pathtarget_cost_width(root, grouping->target);
  return true;
}

bool CanStreamDistinct(PlannerInfo *root, const Path *input, Grouping *grouping, const char **why) {
  const Query *parse = root->parse;
  if (parse->hasDistinctOn) {
    *why = "DISTINCT ON keeps the first row of a sorted input.";
    return false;
  }
  if (list_length(parse->distinctClause) > core::kMaxKeys) {
    *why = psprintf("More than %d group keys have no streaming form.", core::kMaxKeys);
    return false;
  }
  if (HasGroupedConstant(root, input->pathtarget, why)) return false;
  *grouping = {create_empty_pathtarget(), NIL, NIL, NIL, nullptr};
  List *rest = NIL;
  if (!SplitTarget(input->pathtarget, parse->distinctClause, grouping, &rest, why)) return false;
  if (rest != NIL) {
    *why = "A column is not among the DISTINCT columns.";
    return false;
  }
  set_pathtarget_cost_width(root, grouping->target);
  return true;
}

PathTarget *PartialTarget(PlannerInfo *root, const Grouping &grouping) {
  PathTarget *target = copy_pathtarget(grouping.target);
  target->exprs = NIL;
  ListCell *cell;
  foreach (cell, grouping.target->exprs) {
    auto *expression = static_cast<Node *>(lfirst(cell));
    if (IsA(expression, Aggref)) {
      Aggref *partial = makeNode(Aggref);
      memcpy(partial, expression, sizeof(Aggref));
      mark_partial_aggref(partial, AGGSPLIT_INITIAL_SERIAL);
      expression = reinterpret_cast<Node *>(partial);
    }
    target->exprs = lappend(target->exprs, expression);
  }
  return set_pathtarget_cost_width(root, target);
}

}  // namespace weir::stream
