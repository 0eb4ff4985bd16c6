#include "continuous/rewrite/sources.hpp"

#include "pg/pg.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
}

namespace weir::continuous {
namespace {

constexpr char kHint[] =
    "Write the query over tables: SELECT ... FROM table JOIN ... WHERE ... GROUP BY ....";

// What is joined, in the order of the text; as analysed or as written.
List *LeavesOf(Node *node, List *leaves) {
  if (!IsA(node, JoinExpr)) return lappend(leaves, node);
  const auto *join = reinterpret_cast<JoinExpr *>(node);
  return LeavesOf(join->rarg, LeavesOf(join->larg, leaves));
}

List *LeavesOfAll(const List *from) {
  List *leaves = NIL;
  ListCell *cell;
  foreach (cell, from) leaves = LeavesOf(static_cast<Node *>(lfirst(cell)), leaves);
  return leaves;
}

int LocationOf(Node *leaf) {
  if (IsA(leaf, RangeTableSample)) return reinterpret_cast<RangeTableSample *>(leaf)->location;
  if (IsA(leaf, RangeSubselect)) {
    const auto *inner =
        reinterpret_cast<SelectStmt *>(reinterpret_cast<RangeSubselect *>(leaf)->subquery);
    return inner->targetList == NIL
               ? -1
               : exprLocation(static_cast<Node *>(linitial(inner->targetList)));
  }
  if (IsA(leaf, RangeFunction)) {
    const auto *functions = linitial_node(List, reinterpret_cast<RangeFunction *>(leaf)->functions);
    return exprLocation(static_cast<Node *>(linitial(functions)));
  }
  return exprLocation(leaf);
}

struct Place {
  const char *text;
  int location;
};

[[noreturn]] void RefuseAt(const Place &place, const char *clause, const char *hint) {
  Refuse(place.text, {place.location, clause, hint});
}

void RequireTable(const Place &place, const RangeTblEntry *table) {
  switch (table->rtekind) {
    case RTE_RELATION:
      break;
    case RTE_SUBQUERY:
      RefuseAt(place, "a subquery in FROM", kHint);
    case RTE_FUNCTION:
    case RTE_TABLEFUNC:
      RefuseAt(place, "a function in FROM", kHint);
    default:
      RefuseAt(place, "anything but a table in FROM", kHint);
  }
  if (table->relkind == RELKIND_VIEW || table->relkind == RELKIND_MATVIEW) {
    RefuseAt(place, "a view in FROM", "Read the table that is below the view.");
  }
  if (table->tablesample != nullptr) {
    RefuseAt(place, "TABLESAMPLE", "Use a condition on a column to choose rows.");
  }
}

void RequireStream(const Place &place, const RangeTblEntry *table) {
  if (!table->inh && table->relkind == RELKIND_PARTITIONED_TABLE) {
    RefuseAt(place, "ONLY over a partitioned table", "Leave ONLY out.");
  }
  if (table->relkind == RELKIND_RELATION && has_subclass(table->relid)) {
    RefuseAt(place, "a table with children by inheritance", "Use a partitioned table.");
  }
}

bool HoldsRowsOf(Oid table, Oid other) {
  return table == other ||
         list_member_oid(find_all_inheritors(table, AccessShareLock, nullptr), other);
}

void RequireJoined(const Place &place, const RangeTblEntry *table, Oid stream) {
  if (table->relkind != RELKIND_RELATION && table->relkind != RELKIND_PARTITIONED_TABLE) {
    RefuseAt(place, "anything but a table in FROM", kHint);
  }
  if (get_rel_persistence(table->relid) == RELPERSISTENCE_TEMP) {
    RefuseAt(place, "a temporary table in FROM", "Join a table that other sessions see too.");
  }
  if (HoldsRowsOf(table->relid, stream) || HoldsRowsOf(stream, table->relid)) {
    RefuseAt(place, "a join of a table with itself",
             "Rows that are added later would have to meet rows that are counted already; join "
             "them in a query that reads the table.");
  }
}

Node *LeftmostOf(Node *node) {
  while (IsA(node, JoinExpr)) node = reinterpret_cast<JoinExpr *>(node)->larg;
  return node;
}

// Where a join keeps rows of the other side without a partner, a row that is added to the stream
// later would take such a result back.
void RequireKeptSide(const Definition &definition) {
  auto *written = static_cast<Node *>(linitial(definition.written->fromClause));
  auto *node = static_cast<Node *>(linitial(definition.query->jointree->fromlist));
  while (IsA(node, JoinExpr)) {
    const auto *join = reinterpret_cast<JoinExpr *>(node);
    const auto *join_written = reinterpret_cast<JoinExpr *>(written);
    if (join->jointype != JOIN_INNER && join->jointype != JOIN_LEFT) {
      Refuse(definition.text,
             {LocationOf(LeftmostOf(join_written->rarg)), "RIGHT JOIN or FULL JOIN of the stream",
              "The first table in FROM is the stream; add others by JOIN or LEFT JOIN."});
    }
    node = join->larg;
    written = join_written->larg;
  }
}

}  // namespace

int LocationOfFirstTable(const SelectStmt *written) {
  if (written->fromClause == NIL) return -1;
  return LocationOf(LeftmostOf(static_cast<Node *>(linitial(written->fromClause))));
}

int LocationOfLastTable(const SelectStmt *written) {
  if (written->fromClause == NIL) return -1;
  return LocationOf(static_cast<Node *>(llast(LeavesOfAll(written->fromClause))));
}

int SourceIndexOf(const Query *query) {
  auto *first = LeftmostOf(static_cast<Node *>(linitial(query->jointree->fromlist)));
  return castNode(RangeTblRef, first)->rtindex;
}

RangeTblEntry *SourceOf(const Query *query) {
  return rt_fetch(SourceIndexOf(query), query->rtable);
}

List *TablesOf(const Query *query) {
  List *tables = NIL;
  ListCell *cell;
  foreach (cell, LeavesOfAll(query->jointree->fromlist)) {
    tables = lappend(tables, rt_fetch(lfirst_node(RangeTblRef, cell)->rtindex, query->rtable));
  }
  return tables;
}

void RequireSources(const Definition &definition) {
  if (definition.query->jointree->fromlist == NIL) {
    Refuse(definition.text, {0, "an empty FROM", kHint});
  }
  List *tables = TablesOf(definition.query);
  List *leaves = LeavesOfAll(definition.written->fromClause);
  const Oid stream = linitial_node(RangeTblEntry, tables)->relid;
  ListCell *table;
  ListCell *leaf;
  forboth(table, tables, leaf, leaves) {
    const Place place{definition.text, LocationOf(static_cast<Node *>(lfirst(leaf)))};
    const auto *entry = lfirst_node(RangeTblEntry, table);
    RequireTable(place, entry);
    if (foreach_current_index(table) == 0) {
      RequireStream(place, entry);
    } else {
      RequireJoined(place, entry, stream);
    }
  }
  RequireKeptSide(definition);
}

}  // namespace weir::continuous
