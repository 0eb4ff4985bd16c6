#include "stream/plan/ordered_path.hpp"

#include "pg/compat.hpp"
#include "stream/column/encoding.hpp"
#include "stream/plan/order.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
}

namespace weir::stream {
namespace {

// A group key that is one whole word, which is what windows are.
struct WordKey {
  int position;
  Expr *expression;
  PathKey *wanted;  // the order the query asks for, if it does and this key leads it
};

bool IsMember(const EquivalenceClass *members, Expr *expression) {
  ListCell *cell;
  foreach (cell, members->ec_members) {
    const EquivalenceMember *member = lfirst_node(EquivalenceMember, cell);
    if (!member->em_is_child && equal(member->em_expr, expression)) return true;
  }
  return false;
}

PathKey *WantedOrder(const PlannerInfo *root, Expr *expression) {
  if (root->sort_pathkeys == NIL) return nullptr;
  PathKey *first = linitial_node(PathKey, root->sort_pathkeys);
  return IsMember(first->pk_eclass, expression) ? first : nullptr;
}

void AddInput(List **inputs, Path *path, const WordKey &key, List *pathkeys) {
  auto *input = static_cast<OrderedInput *>(palloc(sizeof(OrderedInput)));
  *input = {path, key.position, pathkeys};
  *inputs = lappend(*inputs, input);
}

// Paths that are sorted by the key itself.
void AddSortedPaths(List **inputs, RelOptInfo *input, const WordKey &key) {
  const Oid type = exprType(reinterpret_cast<Node *>(key.expression));
  ListCell *cell;
  foreach (cell, input->pathlist) {
    auto *path = static_cast<Path *>(lfirst(cell));
    if (path->pathkeys == NIL || path->param_info != nullptr) continue;
    PathKey *first = linitial_node(PathKey, path->pathkeys);
    if (!IsDefaultOrder(first->pk_opfamily, type)) continue;
    if (IsMember(first->pk_eclass, key.expression)) {
      AddInput(inputs, path, key, list_make1(first));
    }
  }
}

// The conditions that the cheapest known scan of the index uses; an index that no condition uses
// is read whole.
List *KnownClauses(const RelOptInfo *relation, const IndexOptInfo *index) {
  ListCell *cell;
  foreach (cell, relation->pathlist) {
    const auto *path = static_cast<const Path *>(lfirst(cell));
    while (IsA(path, ProjectionPath)) path = castNode(ProjectionPath, path)->subpath;
    if (!IsA(path, IndexPath)) continue;
    const auto *known = reinterpret_cast<const IndexPath *>(path);
    if (known->indexinfo == index && path->param_info == nullptr) return known->indexclauses;
  }
  return NIL;
}

bool LeadsWith(const IndexOptInfo *index, const Var *var) {
  return index->sortopfamily != nullptr && index->indexkeys[0] != 0 &&
         index->indexkeys[0] == var->varattno && (index->indpred == NIL || index->predOK) &&
         !index->hypothetical && IsDefaultOrder(index->sortopfamily[0], var->vartype);
}

bool UsesList(List *clauses) {
  ListCell *cell;
  foreach (cell, clauses) {
    const IndexClause *clause = lfirst_node(IndexClause, cell);
    ListCell *inner;
    foreach (inner, clause->indexquals) {
      if (IsA(lfirst_node(RestrictInfo, inner)->clause, ScalarArrayOpExpr)) return true;
    }
  }
  return false;
}

// The planner sees no use in the order of an index on ts for a window of ts.
void AddIndexPath(PlannerInfo *root, List **inputs, RelOptInfo *relation, IndexOptInfo *index,
                  const WordKey &key) {
  List *clauses = KnownClauses(relation, index);
  if (UsesList(clauses)) return;
  const bool is_descending = key.wanted != nullptr && pg::IsDescending(key.wanted);
  const bool is_forward = is_descending == index->reverse_sort[0];
  List *pathkeys = NIL;
  if (key.wanted != nullptr &&
      key.wanted->pk_nulls_first == (index->nulls_first[0] == is_forward)) {
    pathkeys = list_make1(key.wanted);
  }
  const ScanDirection direction = is_forward ? ForwardScanDirection : BackwardScanDirection;
  IndexPath *path =
      create_index_path(root, index, clauses, NIL, NIL, NIL, direction, false, nullptr, 1.0, false);
  AddInput(inputs, &path->path, key, pathkeys);
}

// One table, of which every row that meets the conditions is wanted.
bool IsPlainTable(const PlannerInfo *root, RelOptInfo *input) {
  if (input->reloptkind != RELOPT_BASEREL || input->rtekind != RTE_RELATION) return false;
  const RangeTblEntry *entry = planner_rt_fetch(input->relid, root);
  return !entry->inh && entry->tablesample == nullptr && !IS_DUMMY_REL(input);
}

void AddIndexPaths(PlannerInfo *root, List **inputs, RelOptInfo *input, const WordKey &key) {
  if (!IsPlainTable(root, input)) return;
  Expr *argument = OrderedArgument(key.expression);
  if (!IsA(argument, Var) || input->cheapest_total_path->param_info != nullptr) return;
  const Var *var = castNode(Var, argument);
  if (static_cast<Index>(var->varno) != input->relid) return;
  ListCell *cell;
  foreach (cell, input->indexlist) {
    IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);
    if (LeadsWith(index, var)) AddIndexPath(root, inputs, input, index, key);
  }
}

}  // namespace

List *OrderedInputs(PlannerInfo *root, RelOptInfo *input, List *clauses) {
  List *inputs = NIL;
  int position = 0;
  if (IS_OTHER_REL(input) || root->parse->hasTargetSRFs) return NIL;
  ListCell *cell;
  foreach (cell, clauses) {
    SortGroupClause *clause = lfirst_node(SortGroupClause, cell);
    auto *expression =
        reinterpret_cast<Expr *>(get_sortgroupclause_expr(clause, root->processed_tlist));
    Node *node = reinterpret_cast<Node *>(expression);
    const WordKey key{position++, expression, WantedOrder(root, expression)};
    if (!IsWordKey(GroupKeyEncoding(exprType(node), exprCollation(node), clause->eqop))) continue;
    AddSortedPaths(&inputs, input, key);
    AddIndexPaths(root, &inputs, input, key);
  }
  return inputs;
}

}  // namespace weir::stream
