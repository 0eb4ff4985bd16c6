#include "continuous/sql/stored_groups.hpp"

#include "continuous/live/one_row.hpp"
#include "continuous/rewrite/sources.hpp"
#include "pg/compat.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace weir::continuous {
namespace {

// A result's view: expressions over merged pieces of groups, and a condition. In the state there is
// one piece of each, so its columns tell what the merge would.
struct View {
  Query *shown;  // over rows of pieces, named as the table's columns
  int pieces_index;
  Oid table;
};

int OnlySourceOf(const Query *query) {
  const List *from = query->jointree->fromlist;
  if (list_length(from) != 1 || !IsA(linitial(from), RangeTblRef)) return 0;
  return linitial_node(RangeTblRef, from)->rtindex;
}

View ViewOf(Oid result, Oid table) {
  View view{};
  view.table = table;
  Relation relation = table_open(result, AccessShareLock);
  view.shown = static_cast<Query *>(copyObjectImpl(get_view_query(relation)));
  table_close(relation, NoLock);
  pg::FlattenGroups(view.shown);
  view.pieces_index = OnlySourceOf(view.shown);
  if (view.pieces_index > 0) return view;
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("view \"%s\" is not what its continuous query made", get_rel_name(result)),
          errhint("Drop the continuous query and create it again."));
  pg_unreachable();
}

struct Unfolding {
  const View *view;
  int index;           // of the table, where the expression is to be
  bool is_untellable;  // it needs a merge
};

// A column of the pieces as the table's.
Node *ColumnOfTable(const Var *piece, Unfolding *unfolding) {
  const View &view = *unfolding->view;
  const RangeTblEntry *pieces = rt_fetch(view.pieces_index, view.shown->rtable);
  const char *name = strVal(list_nth(pieces->eref->colnames, piece->varattno - 1));
  auto *column = static_cast<Var *>(copyObjectImpl(piece));
  column->varno = unfolding->index;
  column->varattno = get_attnum(view.table, name);
  column->varnosyn = 0;
  column->varattnosyn = 0;
  column->location = -1;
  if (column->varattno == InvalidAttrNumber) unfolding->is_untellable = true;
  return reinterpret_cast<Node *>(column);
}

Node *NameColumns(Node *node, Unfolding *unfolding) {
  if (node == nullptr) return nullptr;
  if (IsA(node, Aggref)) {
    unfolding->is_untellable = true;
    return node;
  }
  if (IsA(node, Var)) return ColumnOfTable(reinterpret_cast<const Var *>(node), unfolding);
  return pg::MutateExpression(node, NameColumns, unfolding);
}

// An expression over merged pieces as one over the table's rows.
Node *Unfold(Node *node, Unfolding *unfolding) {
  auto *of_one_row = static_cast<Node *>(linitial(OfOneRow(list_make1(node))));
  return NameColumns(of_one_row, unfolding);
}

// Errors about what stands for a column point to the column.
void SetLocation(Node *node, int location) {
  if (IsA(node, Var)) reinterpret_cast<Var *>(node)->location = location;
  if (IsA(node, FuncExpr)) reinterpret_cast<FuncExpr *>(node)->location = location;
  if (IsA(node, OpExpr)) reinterpret_cast<OpExpr *>(node)->location = location;
  if (IsA(node, CoalesceExpr)) reinterpret_cast<CoalesceExpr *>(node)->location = location;
}

struct Substitution {
  const View *view;
  const char *text;
  int index;
};

Node *Substitute(Node *node, Substitution *substitution) {
  if (node == nullptr || !IsA(node, Var)) {
    return pg::MutateExpression(node, Substitute, substitution);
  }
  const auto *var = reinterpret_cast<Var *>(node);
  // A whole row, or what the table has no more than the view.
  if (var->varattno <= 0 || var->varno != substitution->index || var->varlevelsup > 0) return node;
  const View &view = *substitution->view;
  const auto *shown = list_nth_node(TargetEntry, view.shown->targetList, var->varattno - 1);
  Unfolding unfolding{&view, substitution->index, false};
  Node *column = Unfold(reinterpret_cast<Node *>(shown->expr), &unfolding);
  if (unfolding.is_untellable) {
    Refuse(substitution->text,
           {var->location,
            "a column of another query that is no plain count, sum, mean, minimum "
            "or maximum",
            "Its pieces are merged when it is read; write the query over the table below, or over "
            "the log, FROM weir.changes()."});
  }
  SetLocation(column, var->location);
  return column;
}

Node *ConditionOf(const View &view, const Substitution &substitution, int location) {
  if (view.shown->havingQual == nullptr) return nullptr;
  Unfolding unfolding{&view, substitution.index, false};
  Node *condition = Unfold(view.shown->havingQual, &unfolding);
  if (unfolding.is_untellable) {
    Refuse(substitution.text, {location, "a stream of groups whose HAVING needs them merged",
                               "Write the query over the log, FROM weir.changes()."});
  }
  return condition;
}

void ReplaceByTable(RangeTblEntry *entry, Oid table) {
  Relation relation = table_open(table, AccessShareLock);
  const TupleDesc descriptor = RelationGetDescr(relation);
  List *names = NIL;
  for (int i = 0; i < descriptor->natts; i++) {
    names = lappend(names, makeString(pstrdup(NameStr(TupleDescAttr(descriptor, i)->attname))));
  }
  table_close(relation, NoLock);
  entry->relid = table;
  entry->relkind = RELKIND_RELATION;
  entry->alias = makeAlias(entry->eref->aliasname, NIL);
  entry->eref = makeAlias(entry->eref->aliasname, names);
}

}  // namespace

void ReadStoredGroups(const Definition &definition, Oid result, Oid table) {
  Query *query = definition.query;
  if (list_length(TablesOf(query)) > 1) {
    Refuse(definition.text,
           {LocationOfLastTable(definition.written), "a join of a stream of groups",
            "Its rows change; join in a query that reads the result."});
  }
  const View view = ViewOf(result, table);
  Substitution substitution{&view, definition.text, SourceIndexOf(query)};
  query->targetList = reinterpret_cast<List *>(
      Substitute(reinterpret_cast<Node *>(query->targetList), &substitution));
  query->havingQual = Substitute(query->havingQual, &substitution);
  FromExpr *from = query->jointree;
  Node *given = Substitute(from->quals, &substitution);
  Node *condition = ConditionOf(view, substitution, LocationOfFirstTable(definition.written));
  List *both = condition == nullptr ? NIL : list_make1(condition);
  if (given != nullptr) both = lappend(both, given);
  from->quals = both == NIL ? nullptr : reinterpret_cast<Node *>(make_ands_explicit(both));
  ReplaceByTable(SourceOf(query), table);
}

}  // namespace weir::continuous
