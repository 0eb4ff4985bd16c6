#include "stats/capture/plan_walk.hpp"

#include "pg/expression_walk.hpp"

#include <climits>

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace weir::stats {

namespace {

struct Search {
  const PlannedStmt *statement;
  const List *range_table;
  Index wanted;      // the written table's root; 0: the largest scanned
  double best_size;  // rows of the best table so far
  Index best_child;  // range-table index that was scanned
  Oid best_root;
  AttrNumber attribute;
  int location;  // of the restriction in the query's text
};

const RangeTblEntry *EntryAt(const Search &search, Index index) {
  return static_cast<const RangeTblEntry *>(
      list_nth(search.range_table, static_cast<int>(index) - 1));
}

// The table the query names: partitions and children lead to their parent.
Index RootOf(const Search &search, Index index) {
  bool climbed = true;
  while (climbed) {
    climbed = false;
    ListCell *cell;
    foreach (cell, search.statement->appendRelations) {
      auto *append = static_cast<AppendRelInfo *>(lfirst(cell));
      if (append->child_relid != index || !OidIsValid(append->child_reltype)) continue;
      index = append->parent_relid;
      climbed = true;
      break;
    }
  }
  return index;
}

double RowsOf(Oid relation) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return -1.0;
  auto *form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  const double rows = form->reltuples < 0 ? form->relpages : form->reltuples;
  ReleaseSysCache(tuple);
  return rows;
}

// A column's number in the root, which may order its columns otherwise than a child. -> by name.
AttrNumber AttributeInRoot(const Search &search, Index child, AttrNumber attribute) {
  const Oid child_relation = EntryAt(search, child)->relid;
  if (child_relation == search.best_root) return attribute;
  char *name = get_attname(child_relation, attribute, true);
  return name == nullptr ? InvalidAttrNumber : get_attnum(search.best_root, name);
}

struct ColumnSearch {
  Index relation;             // range-table index to look for
  const List *index_targets;  // of an index-only scan: what its index columns stand for
  AttrNumber attribute;
  int location;
};

void Offer(ColumnSearch *found, AttrNumber attribute, int location) {
  if (attribute <= 0) return;
  // Restrictions that the planner derived have no place in the text: they come last.
  const int place = location < 0 ? INT_MAX : location;
  if (found->attribute != InvalidAttrNumber && place >= found->location) return;
  found->attribute = attribute;
  found->location = place;
}

bool FindColumn(Node *node, ColumnSearch *found) {
  if (node == nullptr) return false;
  if (!IsA(node, Var)) {
    return pg::WalkExpression(node, FindColumn, found);
  }
  auto *var = reinterpret_cast<Var *>(node);
  if (var->varlevelsup != 0) return false;
  if (static_cast<Index>(var->varno) == found->relation) {
    Offer(found, var->varattno, var->location);
  } else if (var->varno == INDEX_VAR && found->index_targets != NIL) {
    auto *target = static_cast<TargetEntry *>(list_nth(found->index_targets, var->varattno - 1));
    if (IsA(target->expr, Var)) {
      Offer(found, reinterpret_cast<Var *>(target->expr)->varattno, var->location);
    }
  }
  return false;
}

void FindBitmapColumns(Plan *plan, ColumnSearch *found) {
  if (plan == nullptr) return;
  if (IsA(plan, BitmapIndexScan)) {
    FindColumn(reinterpret_cast<Node *>(reinterpret_cast<BitmapIndexScan *>(plan)->indexqualorig),
               found);
    return;
  }
  List *parts = IsA(plan, BitmapAnd)  ? reinterpret_cast<BitmapAnd *>(plan)->bitmapplans
                : IsA(plan, BitmapOr) ? reinterpret_cast<BitmapOr *>(plan)->bitmapplans
                                      : NIL;
  ListCell *cell;
  foreach (cell, parts) FindBitmapColumns(static_cast<Plan *>(lfirst(cell)), found);
}

ColumnSearch RestrictedColumn(Plan *plan, Index relation) {
  ColumnSearch found{relation, NIL, InvalidAttrNumber, 0};
  switch (nodeTag(plan)) {
    case T_IndexScan:
      FindColumn(reinterpret_cast<Node *>(reinterpret_cast<IndexScan *>(plan)->indexqualorig),
                 &found);
      break;
    case T_IndexOnlyScan:
      found.index_targets = reinterpret_cast<IndexOnlyScan *>(plan)->indextlist;
      FindColumn(reinterpret_cast<Node *>(reinterpret_cast<IndexOnlyScan *>(plan)->indexqual),
                 &found);
      break;
    case T_BitmapHeapScan:
      FindBitmapColumns(plan->lefttree, &found);
      break;
    default:
      break;
  }
  FindColumn(reinterpret_cast<Node *>(plan->qual), &found);
  return found;
}

// Range-table index of the table a node scans, 0 for nodes that scan none.
Index ScannedBy(const Plan *plan) {
  switch (nodeTag(plan)) {
    case T_SeqScan:
    case T_SampleScan:
    case T_IndexScan:
    case T_IndexOnlyScan:
    case T_BitmapHeapScan:
    case T_TidScan:
    case T_TidRangeScan:
    case T_ForeignScan:
    case T_CustomScan:
      return reinterpret_cast<const Scan *>(plan)->scanrelid;
    default:
      return 0;
  }
}

void Consider(Search &search, Plan *plan) {
  const Index scanned = ScannedBy(plan);
  if (scanned == 0) return;
  const RangeTblEntry *entry = EntryAt(search, scanned);
  if (entry->rtekind != RTE_RELATION) return;
  const Index root = RootOf(search, scanned);
  if (search.wanted != 0 && root != search.wanted) return;
  const double size = RowsOf(entry->relid);
  if (search.best_child != 0 && size <= search.best_size) return;
  search.best_size = size;
  search.best_child = scanned;
  search.best_root = EntryAt(search, root)->relid;
  const ColumnSearch column = RestrictedColumn(plan, scanned);
  search.attribute = column.attribute;
  search.location = column.location;
}

void Walk(Search &search, Plan *plan);

void WalkList(Search &search, List *plans) {
  ListCell *cell;
  foreach (cell, plans) Walk(search, static_cast<Plan *>(lfirst(cell)));
}

void Walk(Search &search, Plan *plan) {
  if (plan == nullptr) return;
  check_stack_depth();
  Consider(search, plan);
  Walk(search, plan->lefttree);
  Walk(search, plan->righttree);
  switch (nodeTag(plan)) {
    case T_Append:
      return WalkList(search, reinterpret_cast<Append *>(plan)->appendplans);
    case T_MergeAppend:
      return WalkList(search, reinterpret_cast<MergeAppend *>(plan)->mergeplans);
    case T_SubqueryScan:
      return Walk(search, reinterpret_cast<SubqueryScan *>(plan)->subplan);
    case T_CustomScan:
      return WalkList(search, reinterpret_cast<CustomScan *>(plan)->custom_plans);
    default:
      return;
  }
}

}  // namespace

PlanTarget FindPlanTarget(const PlannedStmt *statement, const List *range_table) {
  Search search{.statement = statement, .range_table = range_table};
  Oid written = InvalidOid;
  if (statement->resultRelations != NIL) {
    search.wanted = RootOf(search, linitial_int(statement->resultRelations));
    if (IsA(statement->planTree, ModifyTable)) {
      auto *modify = reinterpret_cast<ModifyTable *>(statement->planTree);
      if (modify->rootRelation != 0) search.wanted = modify->rootRelation;
      if (modify->nominalRelation != 0) search.wanted = RootOf(search, modify->nominalRelation);
    }
    written = EntryAt(search, search.wanted)->relid;
  }
  Walk(search, statement->planTree);
  WalkList(search, statement->subplans);
  if (search.best_child == 0) return {.relation = written};
  return {.relation = search.best_root,
          .attribute = search.attribute == InvalidAttrNumber
                           ? search.attribute
                           : AttributeInRoot(search, search.best_child, search.attribute)};
}

}  // namespace weir::stats
