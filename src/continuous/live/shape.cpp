#include "continuous/live/shape.hpp"

#include "continuous/live/one_row.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_operator.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace weir::continuous {
namespace {

// The input column that an expression is, or 0.
int ColumnOf(const Path *input, const Node *expression) {
  if (expression == nullptr || !IsA(expression, Var)) return 0;
  ListCell *cell;
  foreach (cell, input->pathtarget->exprs) {
    if (equal(lfirst(cell), expression)) return foreach_current_index(cell) + 1;
  }
  return 0;
}

const AppendPath *AppendOf(const RelOptInfo *input) {
  const Path *path = input->cheapest_total_path;
  if (path == nullptr || !IsA(path, AppendPath) || path->param_info != nullptr) return nullptr;
  const auto *append = reinterpret_cast<const AppendPath *>(path);
  const bool is_plain = !path->parallel_aware && append->limit_tuples < 0;
  return is_plain && list_length(append->subpaths) >= 2 ? append : nullptr;
}

bool IsUnknown(Node *node, const Path *input) {
  if (node == nullptr) return false;
  if (IsA(node, Aggref) || IsA(node, GroupingFunc) || IsA(node, SubPlan)) return true;
  if (IsA(node, Var)) return ColumnOf(input, node) == 0;
  return pg::WalkExpression(node, IsUnknown, input);
}

bool FindOutput(PlannerInfo *root, const Path *input, const RelOptInfo *output, LiveShape *shape) {
  shape->output = OfOneRow(output->reltarget->exprs);
  shape->quals = OfOneRow(reinterpret_cast<List *>(root->parse->havingQual));
  return !IsUnknown(reinterpret_cast<Node *>(shape->output), input) &&
         !IsUnknown(reinterpret_cast<Node *>(shape->quals), input);
}

bool FindKeys(PlannerInfo *root, const Path *input, LiveShape *shape) {
  ListCell *cell;
  foreach (cell, root->parse->groupClause) {
    auto *clause = lfirst_node(SortGroupClause, cell);
    Node *key = get_sortgroupclause_expr(clause, root->processed_tlist);
    const int column = ColumnOf(input, key);
    if (column == 0) return false;
    shape->keys = lappend_int(shape->keys, column);
    shape->operators = lappend_oid(shape->operators, clause->eqop);
    shape->collations = lappend_oid(shape->collations, exprCollation(key));
  }
  return true;
}

// CHECK (column = constant)
bool IsFixedBy(const Node *condition, AttrNumber column) {
  if (!IsA(condition, OpExpr)) return false;
  const auto *call = reinterpret_cast<const OpExpr *>(condition);
  if (call->opno != Int4EqualOperator) return false;
  const auto *left = static_cast<const Node *>(linitial(call->args));
  const auto *right = static_cast<const Node *>(lsecond(call->args));
  return IsA(left, Var) && reinterpret_cast<const Var *>(left)->varattno == column &&
         IsA(right, Const) && !reinterpret_cast<const Const *>(right)->constisnull;
}

// Whether the column has the same value in all rows.
bool IsFixed(Relation relation, AttrNumber column) {
  const TupleDesc descriptor = RelationGetDescr(relation);
  const TupleConstr *constraints = descriptor->constr;
  if (constraints == nullptr || !TupleDescAttr(descriptor, column - 1)->attnotnull) return false;
  for (int i = 0; i < constraints->num_check; i++) {
    if (!constraints->check[i].ccvalid) continue;
    if (IsFixedBy(static_cast<Node *>(stringToNode(constraints->check[i].ccbin)), column)) {
      return true;
    }
  }
  return false;
}

// Whether equal values of the index's column are equal group keys.
bool IsKey(const IndexOptInfo *index, int column, const Path *state, const LiveShape &shape) {
  for (int i = 0; i < list_length(shape.keys); i++) {
    const auto *expression = static_cast<const Node *>(
        list_nth(state->pathtarget->exprs, list_nth_int(shape.keys, i) - 1));
    if (!IsA(expression, Var)) continue;
    const auto *var = reinterpret_cast<const Var *>(expression);
    if (var->varattno != index->indexkeys[column]) continue;
    const Oid equality = get_opfamily_member(index->opfamily[column], index->opcintype[column],
                                             index->opcintype[column], BTEqualStrategyNumber);
    return equality == list_nth_oid(shape.operators, i) &&
           index->indexcollations[column] == list_nth_oid(shape.collations, i);
  }
  return false;
}

bool TellsNullsApart(Oid index) {
  Relation relation = index_open(index, NoLock);
  const bool tells_apart = !relation->rd_index->indnullsnotdistinct;
  index_close(relation, NoLock);
  return tells_apart;
}

bool MakesUnique(const IndexOptInfo *index, Relation table, const Path *state,
                 const LiveShape &shape) {
  if (!index->unique || !index->immediate || index->indpred != NIL || index->indexprs != NIL) {
    return false;
  }
  for (int i = 0; i < index->nkeycolumns; i++) {
    if (IsKey(index, i, state, shape)) continue;
    if (index->indexkeys[i] <= 0 || !IsFixed(table, static_cast<AttrNumber>(index->indexkeys[i]))) {
      return false;
    }
  }
  return !TellsNullsApart(index->indexoid);
}

// No two rows of the state are of one group.
bool HasGroupsOnce(PlannerInfo *root, const Path *state, const LiveShape &shape) {
  const RelOptInfo *rel = state->parent;
  if (rel->reloptkind != RELOPT_OTHER_MEMBER_REL || rel->rtekind != RTE_RELATION) return false;
  if (list_length(state->pathtarget->exprs) == 0) return false;
  const RangeTblEntry *entry = planner_rt_fetch(rel->relid, root);
  if (entry->inh || entry->relkind != RELKIND_RELATION) return false;
  Relation table = table_open(entry->relid, NoLock);
  bool is_unique = false;
  ListCell *cell;
  foreach (cell, rel->indexlist) {
    is_unique = is_unique || MakesUnique(lfirst_node(IndexOptInfo, cell), table, state, shape);
  }
  table_close(table, NoLock);
  return is_unique;
}

}  // namespace

bool FindLiveShape(PlannerInfo *root, const RelOptInfo *input, const RelOptInfo *output,
                   LiveShape *shape) {
  *shape = LiveShape{};
  const Query *parse = root->parse;
  if (parse->groupClause == NIL || parse->groupingSets != NIL || parse->hasTargetSRFs) return false;
  if (input->reloptkind != RELOPT_BASEREL || input->rtekind != RTE_SUBQUERY) return false;
  if (root->hasPseudoConstantQuals || !grouping_is_hashable(parse->groupClause)) return false;
  const AppendPath *append = AppendOf(input);
  if (append == nullptr) return false;
  shape->state = static_cast<Path *>(linitial(append->subpaths));
  shape->newer = list_copy_tail(append->subpaths, 1);
  return FindKeys(root, &append->path, shape) && FindOutput(root, &append->path, output, shape) &&
         HasGroupsOnce(root, shape->state, *shape);
}

}  // namespace weir::continuous
