#include "continuous/rewrite/rewrite.hpp"

#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/parts.hpp"
#include "continuous/rewrite/windows.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
}

namespace weir::continuous {
namespace {

struct Finaliser {
  Rewrite *rewrite;
  PartList list;
};

int PositionOfKey(const Rewrite *rewrite, const Node *node) {
  int position = 0;
  ListCell *cell;
  foreach (cell, rewrite->keys) {
    position++;
    if (equal(lfirst(cell), node)) return position;
  }
  return 0;
}

// Replaces group keys and aggregates by columns of the merged row.
Node *Finalise(Node *node, Finaliser *finaliser) {
  if (node == nullptr) return nullptr;
  if (const int position = PositionOfKey(finaliser->rewrite, node); position > 0) {
    return reinterpret_cast<Node *>(makeVar(1, static_cast<AttrNumber>(position), exprType(node),
                                            exprTypmod(node), exprCollation(node), 0));
  }
  const char *text = finaliser->rewrite->text;
  switch (nodeTag(node)) {
    case T_Aggref:
      return ExpressionOverParts(&finaliser->list, reinterpret_cast<Aggref *>(node));
    case T_Var:
      Refuse(text, {reinterpret_cast<Var *>(node)->location, "a column that is not grouped",
                    "Add the column to GROUP BY."});
    case T_GroupingFunc:
      Refuse(text,
             {exprLocation(node), "GROUPING", "Create a continuous query for each grouping."});
    default:
      return pg::MutateExpression(node, Finalise, finaliser);
  }
}

List *KeysOf(const Query *query) {
  List *keys = NIL;
  ListCell *cell;
  foreach (cell, query->groupClause) {
    keys = lappend(keys,
                   get_sortgroupclause_expr(lfirst_node(SortGroupClause, cell), query->targetList));
  }
  return keys;
}

List *NumberedNames(const char *prefix, int count) {
  List *names = NIL;
  for (int i = 1; i <= count; i++) names = lappend(names, psprintf("%s%d", prefix, i));
  return names;
}

void RewriteAggregation(Rewrite *rewrite) {
  Query *query = rewrite->definition;
  rewrite->keys = KeysOf(query);
  Finaliser finaliser{rewrite, {rewrite->text, list_length(rewrite->keys) + 1, NIL}};
  ListCell *cell;
  foreach (cell, query->targetList) {
    auto *target = lfirst_node(TargetEntry, cell);
    if (target->resjunk) continue;
    rewrite->output =
        lappend(rewrite->output, Finalise(reinterpret_cast<Node *>(target->expr), &finaliser));
  }
  rewrite->having = Finalise(query->havingQual, &finaliser);
  rewrite->parts = finaliser.list.parts;
  rewrite->columns = list_concat(NumberedNames("k", list_length(rewrite->keys)),
                                 NumberedNames("p", list_length(rewrite->parts)));
}

// The result is a view, whose columns have names of their own.
void RequireDistinctName(const List *names, const TargetEntry *target) {
  ListCell *cell;
  foreach (cell, names) {
    if (strcmp(static_cast<char *>(lfirst(cell)), target->resname) != 0) continue;
    ereport(ERROR, errcode(ERRCODE_DUPLICATE_COLUMN),
            errmsg("two columns of the result are named \"%s\"", target->resname),
            errhint("Name one of them with AS."));
  }
}

}  // namespace

Rewrite *RewriteDefinition(const Definition &given) {
  Query *definition = given.query;
  RequireMaintainable(given);
  RequireImmutable(definition, given.text);
  auto *rewrite = static_cast<Rewrite *>(palloc0(sizeof(Rewrite)));
  rewrite->text = given.text;
  rewrite->definition = definition;
  rewrite->window = FindWindowRows(given);
  ListCell *cell;
  foreach (cell, definition->targetList) {
    auto *target = lfirst_node(TargetEntry, cell);
    if (target->resjunk) continue;
    RequireDistinctName(rewrite->names, target);
    rewrite->names = lappend(rewrite->names, target->resname);
  }
  rewrite->is_aggregation =
      definition->hasAggs || definition->groupClause != NIL || definition->havingQual != nullptr;
  if (rewrite->is_aggregation) {
    RewriteAggregation(rewrite);
  } else {
    rewrite->columns = NumberedNames("c", list_length(rewrite->names));
  }
  if (rewrite->window != nullptr) rewrite->columns = lappend(rewrite->columns, pstrdup("late"));
  return rewrite;
}

}  // namespace weir::continuous
