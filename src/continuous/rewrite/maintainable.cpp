#include "continuous/rewrite/definition.hpp"

#include "continuous/rewrite/sources.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "access/sysattr.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace weir::continuous {
namespace {

struct Check {
  const Query *query;
  const char *text;
  const SelectStmt *written;
};

int LocationOfGroupingSet(const SelectStmt *written) {
  ListCell *cell;
  foreach (cell, written->groupClause) {
    auto *node = static_cast<Node *>(lfirst(cell));
    if (IsA(node, GroupingSet)) return exprLocation(node);
  }
  return -1;
}

int LocationOfUnion(const SelectStmt *written) {
  if (written->rarg == nullptr || written->rarg->targetList == NIL) return -1;
  return exprLocation(static_cast<Node *>(linitial(written->rarg->targetList)));
}

int LocationOfSort(const Query *query, const List *clauses) {
  if (clauses == NIL) return -1;
  const Index reference = linitial_node(SortGroupClause, clauses)->tleSortGroupRef;
  ListCell *cell;
  foreach (cell, query->targetList) {
    auto *target = lfirst_node(TargetEntry, cell);
    if (target->ressortgroupref == reference) {
      return exprLocation(reinterpret_cast<Node *>(target->expr));
    }
  }
  return -1;
}

bool FindSubLink(Node *node, int *location) {
  if (node == nullptr) return false;
  if (IsA(node, SubLink)) {
    *location = reinterpret_cast<SubLink *>(node)->location;
    return true;
  }
  return pg::WalkExpression(node, FindSubLink, location);
}

int LocationOfSubLink(const Query *query) {
  int location = -1;
  if (!FindSubLink(reinterpret_cast<Node *>(query->targetList), &location) &&
      !FindSubLink(reinterpret_cast<Node *>(query->jointree), &location)) {
    FindSubLink(query->havingQual, &location);
  }
  return location;
}

int LocationOfTarget(const Query *query, bool (*has)(Node *)) {
  ListCell *cell;
  foreach (cell, query->targetList) {
    Node *node = reinterpret_cast<Node *>(lfirst_node(TargetEntry, cell)->expr);
    if (has(node)) return exprLocation(node);
  }
  return -1;
}

void RequireClauses(const Check &check) {
  const Query *query = check.query;
  const struct {
    bool present;
    Refusal refusal;
  } clauses[] = {
      {query->cteList != NIL,
       {query->cteList == NIL ? -1 : linitial_node(CommonTableExpr, query->cteList)->location,
        "WITH", "Write the query without common table expressions."}},
      {query->setOperations != nullptr,
       {LocationOfUnion(check.written), "UNION, INTERSECT or EXCEPT",
        "Create a continuous query for each SELECT and combine the results when reading."}},
      {query->groupingSets != NIL,
       {LocationOfGroupingSet(check.written), "grouping sets",
        "Create a continuous query for each grouping."}},
      {query->distinctClause != NIL,
       {LocationOfSort(query, query->distinctClause), "DISTINCT", "Use GROUP BY instead."}},
      {query->hasTargetSRFs,
       {LocationOfTarget(query, expression_returns_set), "set-returning functions",
        "Apply them in a query that reads the result."}},
      {query->hasSubLinks, {LocationOfSubLink(query), "subqueries", "Join the table instead."}},
      {query->sortClause != NIL,
       {LocationOfSort(query, query->sortClause), "ORDER BY",
        "Order the rows in a query that reads the result."}},
      {query->limitCount != nullptr,
       {exprLocation(query->limitCount), "LIMIT",
        "Limit the rows in a query that reads the result."}},
      {query->limitOffset != nullptr,
       {exprLocation(query->limitOffset), "OFFSET", "Skip rows in a query that reads the result."}},
      {query->rowMarks != NIL,
       {LocationOfLastTable(check.written), "FOR UPDATE or FOR SHARE",
        "Lock rows in a query that reads the table."}},
  };
  for (const auto &clause : clauses) {
    if (clause.present) Refuse(check.text, clause.refusal);
  }
}

// System columns are of one version of a row, and whole rows change with the table.
bool RequireColumns(Node *node, const Check *check) {
  if (node == nullptr) return false;
  if (IsA(node, Var)) {
    const auto *variable = reinterpret_cast<const Var *>(node);
    if (variable->varattno < 0) {
      Refuse(check->text, {variable->location, "system columns", "Use columns of the table."});
    }
    if (variable->varattno == 0) {
      Refuse(check->text, {variable->location, "a whole row", "Name the columns."});
    }
  }
  return pg::WalkExpression(node, RequireColumns, check);
}

void RequireIndexableKeys(const Check &check) {
  ListCell *cell;
  foreach (cell, check.query->groupClause) {
    const auto *clause = lfirst_node(SortGroupClause, cell);
    ListCell *other;
    foreach (other, check.query->targetList) {
      const auto *target = lfirst_node(TargetEntry, other);
      if (target->ressortgroupref != clause->tleSortGroupRef) continue;
      Node *key = reinterpret_cast<Node *>(target->expr);
      const TypeCacheEntry *type = lookup_type_cache(exprType(key), TYPECACHE_BTREE_OPFAMILY);
      if (OidIsValid(type->btree_opf)) continue;
      Refuse(check.text, {exprLocation(key), "a group key whose type has no B-tree operators",
                          "Cast the key to text."});
    }
  }
}

}  // namespace

void RequireMaintainable(const Definition &definition) {
  const Query *query = definition.query;
  const Check check{query, definition.text, definition.written};
  RequireClauses(check);
  RequireSources(definition);
  RequireColumns(reinterpret_cast<Node *>(query->targetList), &check);
  RequireColumns(reinterpret_cast<Node *>(query->jointree), &check);
  RequireColumns(query->havingQual, &check);
  RequireIndexableKeys(check);
}

}  // namespace weir::continuous
