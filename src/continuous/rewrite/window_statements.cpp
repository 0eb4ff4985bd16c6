// The statements of ROWS windows as SQL.
#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/sources.hpp"
#include "continuous/rewrite/windows.hpp"
#include "pg/compat.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"
}

namespace weir::continuous {
namespace {

Query *CopyOf(const Query *query) { return static_cast<Query *>(copyObjectImpl(query)); }
Node *CopyOf(const Node *node) { return static_cast<Node *>(copyObjectImpl(node)); }

// a1, a2, ... or x.a1, x.a2, ...
char *Numbered(const char *prefix, int count) {
  StringInfoData out;
  initStringInfo(&out);
  for (int i = 1; i <= count; i++) {
    appendStringInfo(&out, "%s%s%d", i > 1 ? ", " : "", prefix, i);
  }
  return out.data;
}

char *Followed(char *list) { return *list == '\0' ? list : psprintf("%s, ", list); }

char *Inputs(const Rewrite *rewrite, const char *prefix) {
  return Followed(Numbered(prefix, list_length(rewrite->window->inputs)));
}

char *Results(const Rewrite *rewrite) { return Numbered("c", list_length(rewrite->names)); }

void AddTarget(Query *query, Node *expression, char *name) {
  query->targetList = lappend(
      query->targetList,
      makeTargetEntry(reinterpret_cast<Expr *>(expression),
                      static_cast<AttrNumber>(list_length(query->targetList) + 1), name, false));
}

void AddTargets(Query *query, const List *expressions, const char *prefix) {
  ListCell *cell;
  foreach (cell, expressions) {
    AddTarget(query, CopyOf(static_cast<Node *>(lfirst(cell))),
              psprintf("%s%d", prefix, foreach_current_index(cell) + 1));
  }
}

Node *BigintOf(int64 value) {
  return reinterpret_cast<Node *>(makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
                                            Int64GetDatum(value), false, FLOAT8PASSBYVAL));
}

// Equal keys have equal hashes; that others have them too makes tails be read in vain only.
Node *HashOfKey(const List *partition) {
  if (partition == NIL) return BigintOf(0);
  RowExpr *row = makeNode(RowExpr);
  ListCell *cell;
  foreach (cell, partition) {
    row->args = lappend(row->args, CopyOf(static_cast<Node *>(lfirst(cell))));
    row->colnames = lappend(row->colnames, makeString(psprintf("f%d", list_length(row->args))));
  }
  row->row_typeid = RECORDOID;
  row->row_format = COERCE_EXPLICIT_CALL;
  row->location = -1;
  return reinterpret_cast<Node *>(makeFuncExpr(F_HASH_RECORD_EXTENDED, INT8OID,
                                               list_make2(row, BigintOf(0)), InvalidOid, InvalidOid,
                                               COERCE_EXPLICIT_CALL));
}

// What is used of the rows that pass WHERE, and the hash of their keys.
char *InputRowsOf(const Rewrite *rewrite, int32 query_id) {
  Query *query = CopyOf(rewrite->definition);
  query->targetList = NIL;
  query->windowClause = NIL;
  query->hasWindowFuncs = false;
  AddTargets(query, rewrite->window->inputs, "i");
  AddTarget(query, HashOfKey(rewrite->window->partition), pstrdup("key_hash"));
  if (query_id != 0) AddMarker(query, query_id);
  return pg_get_querydef(query, false);
}

// New rows after the last ones of their keys. Position and tuple id are NULL for new ones.
char *RowsInPlay(const Rewrite *rewrite, int32 query_id) {
  return psprintf(
      "WITH fresh AS MATERIALIZED (%s) SELECT 1 FROM (SELECT %st.key_hash, t.pos, t.ctid AS tid "
      "FROM weir_state.%s t WHERE t.key_hash = ANY (ARRAY(SELECT DISTINCT f.key_hash FROM fresh "
      "f)) UNION ALL SELECT %sf.key_hash, NULL::pg_catalog.int8, NULL::pg_catalog.tid FROM fresh "
      "f) r",
      InputRowsOf(rewrite, query_id), Inputs(rewrite, "t.i"), StateName(query_id, "_tail"),
      Inputs(rewrite, "f.i"));
}

Query *Analysed(const char *sql) {
  RawStmt *raw = linitial_node(RawStmt, pg_parse_query(sql));
  return parse_analyze_fixedparams(raw, sql, nullptr, 0, nullptr);
}

Node *ColumnOfRow(int position, const Node *like) {
  return reinterpret_cast<Node *>(makeVar(1, static_cast<AttrNumber>(position), exprType(like),
                                          exprTypmod(like), exprCollation(like), 0));
}

// Replaces columns of the tables by those of the rows in play.
Node *OverInputs(Node *node, const List *inputs) {
  if (node == nullptr) return nullptr;
  if (!IsA(node, Var)) return pg::MutateExpression(node, OverInputs, inputs);
  ListCell *cell;
  foreach (cell, inputs) {
    if (equal(lfirst(cell), node)) return ColumnOfRow(foreach_current_index(cell) + 1, node);
  }
  elog(ERROR, "a column is missing among the inputs of a window");
}

List *AllOverInputs(const List *expressions, const List *inputs) {
  List *replaced = NIL;
  ListCell *cell;
  foreach (cell, expressions) {
    replaced = lappend(replaced, OverInputs(static_cast<Node *>(lfirst(cell)), inputs));
  }
  return replaced;
}

// The results first, under the names of the state's columns.
List *ResultTargets(const Rewrite *rewrite) {
  List *targets = NIL;
  ListCell *cell;
  foreach (cell, rewrite->definition->targetList) {
    auto *target = static_cast<TargetEntry *>(copyObjectImpl(lfirst(cell)));
    target->expr = reinterpret_cast<Expr *>(
        OverInputs(reinterpret_cast<Node *>(target->expr), rewrite->window->inputs));
    target->resno = static_cast<AttrNumber>(list_length(targets) + 1);
    target->resname = target->resjunk ? nullptr : psprintf("c%d", target->resno);
    targets = lappend(targets, target);
  }
  return targets;
}

Index NextReference(const List *targets) {
  Index most = 0;
  ListCell *cell;
  foreach (cell, targets) most = Max(most, lfirst_node(TargetEntry, cell)->ressortgroupref);
  return most + 1;
}

// Windows as given, but in the order of arrival before their own.
List *WindowsByArrival(const Query *definition, Index position) {
  auto *windows = static_cast<List *>(copyObjectImpl(definition->windowClause));
  const TypeCacheEntry *type = lookup_type_cache(INT8OID, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR);
  ListCell *cell;
  foreach (cell, windows) {
    auto *window = lfirst_node(WindowClause, cell);
    SortGroupClause *first = makeNode(SortGroupClause);
    first->tleSortGroupRef = position;
    first->eqop = type->eq_opr;
    first->sortop = type->lt_opr;
    first->hashable = true;
    window->refname = nullptr;
    window->copiedOrder = false;
    window->orderClause = lcons(first, window->orderClause);
  }
  return windows;
}

Node *PlaceInKey(const List *windows) {
  WindowFunc *call = makeNode(WindowFunc);
  call->winfnoid = F_ROW_NUMBER;
  call->wintype = INT8OID;
  call->winref = linitial_node(WindowClause, windows)->winref;
  call->location = -1;
  return reinterpret_cast<Node *>(call);
}

void SwapJunkToEnd(Query *query) {
  List *shown = NIL;
  List *junk = NIL;
  ListCell *cell;
  foreach (cell, query->targetList) {
    auto *target = lfirst_node(TargetEntry, cell);
    if (target->resjunk) {
      junk = lappend(junk, target);
    } else {
      shown = lappend(shown, target);
    }
  }
  query->targetList = list_concat(shown, junk);
  foreach (cell, query->targetList) {
    lfirst_node(TargetEntry, cell)->resno =
        static_cast<AttrNumber>(foreach_current_index(cell) + 1);
  }
}

// The results of all rows in play, beside what is asked of them next.
char *ComputedRows(const Rewrite *rewrite, int32 query_id) {
  const WindowRows &window = *rewrite->window;
  const int inputs = list_length(window.inputs);
  Query *query = Analysed(RowsInPlay(rewrite, query_id));
  query->targetList = ResultTargets(rewrite);
  query->hasWindowFuncs = true;
  const Index position = NextReference(query->targetList);
  query->windowClause = WindowsByArrival(rewrite->definition, position);
  for (int i = 0; i < inputs; i++) {
    AddTarget(query, ColumnOfRow(i + 1, static_cast<Node *>(list_nth(window.inputs, i))),
              psprintf("i%d", i + 1));
  }
  AddTarget(query,
            reinterpret_cast<Node *>(
                makeVar(1, static_cast<AttrNumber>(inputs + 1), INT8OID, -1, InvalidOid, 0)),
            pstrdup("key_hash"));
  AddTarget(query,
            reinterpret_cast<Node *>(
                makeVar(1, static_cast<AttrNumber>(inputs + 2), INT8OID, -1, InvalidOid, 0)),
            pstrdup("pos"));
  llast_node(TargetEntry, query->targetList)->ressortgroupref = position;
  AddTarget(query,
            reinterpret_cast<Node *>(
                makeVar(1, static_cast<AttrNumber>(inputs + 3), TIDOID, -1, InvalidOid, 0)),
            pstrdup("tid"));
  AddTargets(query, AllOverInputs(window.partition, window.inputs), "k");
  AddTargets(query, AllOverInputs(window.order, window.inputs), "o");
  AddTarget(query, PlaceInKey(query->windowClause), pstrdup("place"));
  SwapJunkToEnd(query);
  return pg_get_querydef(query, false);
}

// The results of all rows there are, beside what tails are made of.
char *FirstRows(const Rewrite *rewrite, int32 query_id) {
  Query *query = CopyOf(rewrite->definition);
  ListCell *cell;
  foreach (cell, query->targetList) {
    auto *target = lfirst_node(TargetEntry, cell);
    if (!target->resjunk) target->resname = psprintf("c%d", target->resno);
  }
  AddTargets(query, rewrite->window->inputs, "i");
  AddTargets(query, rewrite->window->partition, "k");
  AddTarget(query, PlaceInKey(query->windowClause), pstrdup("place"));
  SwapJunkToEnd(query);
  // Of a join the stream is read as of the horizon, and the other tables as they are.
  if (list_length(TablesOf(query)) > 1) AddMarker(query, query_id);
  return pg_get_querydef(query, false);
}

char *KeysOf(const Rewrite *rewrite, const char *prefix) {
  return Numbered(prefix, list_length(rewrite->window->partition));
}

char *PartitionText(const Rewrite *rewrite) {
  const char *keys = KeysOf(rewrite, "k");
  return *keys == '\0' ? pstrdup("") : psprintf("PARTITION BY %s", keys);
}

char *OrderText(const Rewrite *rewrite) {
  StringInfoData out;
  initStringInfo(&out);
  ListCell *cell;
  foreach (cell, rewrite->window->order_by) {
    const auto *clause = lfirst_node(SortGroupClause, cell);
    const int number = foreach_current_index(cell) + 1;
    appendStringInfo(&out, "%so%d USING OPERATOR(%s) NULLS %s", number > 1 ? ", " : "", number,
                     QualifiedOperator(clause->sortop), clause->nulls_first ? "FIRST" : "LAST");
  }
  return out.data;
}

}  // namespace

char *WindowShapeOf(const Rewrite *rewrite) {
  return psprintf("SELECT given.*, false FROM (%s) given", DefinitionOf(rewrite));
}

char *TailShapeOf(const Rewrite *rewrite) {
  return psprintf("SELECT %skey_hash, NULL::pg_catalog.int8 AS pos FROM (%s) used",
                  Inputs(rewrite, "i"), InputRowsOf(rewrite, 0));
}

char *TailColumns(const Rewrite *rewrite) {
  return psprintf("%skey_hash, pos", Inputs(rewrite, "i"));
}

char *WorkColumns(const Rewrite *rewrite) {
  return psprintf("%s, %skey_hash, tid, is_new, pos, late, is_kept", Results(rewrite),
                  Inputs(rewrite, "i"));
}

// A row is late when one that its key had before comes after it in order. Of each key the last rows
// are kept, and the one that is highest in order, to tell which rows are late.
char *WorkOf(const Rewrite *rewrite, int32 query_id) {
  const char *by_key = PartitionText(rewrite);
  const char *numbered = psprintf(
      "SELECT computed.*, pg_catalog.count(*) OVER (%s) AS total, pg_catalog.max(pos) OVER (%s) AS "
      "last_pos, pg_catalog.row_number() OVER (%s ORDER BY %s, pos IS NULL, pos) AS rank FROM (%s) "
      "computed",
      by_key, by_key, by_key, OrderText(rewrite), ComputedRows(rewrite, query_id));
  return psprintf(
      "SELECT %s, %skey_hash, tid, pos IS NULL AS is_new, COALESCE(pos, COALESCE(last_pos, 0) + "
      "place) AS pos, pos IS NULL AND COALESCE(rank < pg_catalog.max(rank) FILTER (WHERE pos IS "
      "NOT NULL) OVER (%s), false) AS late, total - place < " INT64_FORMAT
      " OR rank = total AS is_kept FROM (%s) numbered",
      Results(rewrite), Inputs(rewrite, "i"), by_key, rewrite->window->lookback, numbered);
}

// Which rows are a key's last ones is told by the length of the shortest key of the same hash: that
// keeps too many where hashes are equal, which the next step takes away.
char *FirstWorkOf(const Rewrite *rewrite, int32 query_id) {
  const char *keys = KeysOf(rewrite, "computed.k");
  const char *hash =
      *keys == '\0'
          ? "0::pg_catalog.int8"
          : psprintf("pg_catalog.hash_record_extended(ROW(%s), 0::pg_catalog.int8)", keys);
  return psprintf(
      "WITH computed AS MATERIALIZED (SELECT computed.*, %s AS key_hash FROM (%s) computed), "
      "lengths AS MATERIALIZED (SELECT key_hash, pg_catalog.min(length) AS length FROM (SELECT "
      "key_hash, pg_catalog.max(place) AS length FROM computed GROUP BY %skey_hash) key GROUP BY "
      "key_hash) SELECT %s, false AS late, %skey_hash, place AS pos, place > length - " INT64_FORMAT
      " AS is_kept FROM computed JOIN lengths USING (key_hash)",
      hash, FirstRows(rewrite, query_id), Followed(KeysOf(rewrite, "k")), Results(rewrite),
      Inputs(rewrite, "i"), Max(rewrite->window->lookback, int64{1}));
}

char *FirstWorkColumns(const Rewrite *rewrite) {
  return psprintf("%s, late, %skey_hash, pos, is_kept", Results(rewrite), Inputs(rewrite, "i"));
}

char *WindowFillOf(int32 query_id, const char *results, const char *tail_columns) {
  return psprintf(
      "WITH work AS MATERIALIZED (SELECT * FROM weir_state.%s), kept AS (INSERT INTO weir_state.%s "
      "(%s) SELECT %s FROM work WHERE is_kept) INSERT INTO weir_state.%s (%s) SELECT %s FROM work",
      StateName(query_id, "_first"), StateName(query_id, "_tail"), tail_columns, tail_columns,
      StateName(query_id, ""), results, results);
}

char *NewResultsOf(const Rewrite *rewrite, int32 query_id) {
  return psprintf("SELECT %s, late FROM weir_state.%s WHERE is_new", Results(rewrite),
                  StateName(query_id, "_work"));
}

char *NextTailOf(const Rewrite *rewrite, int32 query_id) {
  const char *columns = TailColumns(rewrite);
  const char *work = StateName(query_id, "_work");
  return psprintf(
      "SELECT %s FROM weir_state.%s WHERE is_kept UNION ALL SELECT %s FROM weir_state.%s WHERE "
      "key_hash <> ALL (ARRAY(SELECT w.key_hash FROM weir_state.%s w))",
      columns, work, columns, StateName(query_id, "_tail"), work);
}

char *WindowTickOf(const Rewrite *rewrite, int32 query_id) {
  const char *tail = StateName(query_id, "_tail");
  const char *columns = TailColumns(rewrite);
  const char *results = Results(rewrite);
  return psprintf(
      "WITH work AS MATERIALIZED (SELECT * FROM weir_state.%s), gone AS (DELETE FROM weir_state.%s "
      "t USING work w WHERE t.ctid = w.tid AND NOT w.is_kept), kept AS (INSERT INTO weir_state.%s "
      "(%s) SELECT %s FROM work WHERE is_new AND is_kept) INSERT INTO weir_state.%s AS old (%s, "
      "late) SELECT %s, late FROM work WHERE is_new",
      StateName(query_id, "_work"), tail, tail, columns, columns, StateName(query_id, ""), results,
      results);
}

char *WindowLiveOf(const Rewrite *rewrite, int32 query_id) {
  const char *results = Results(rewrite);
  return psprintf("SELECT %s FROM weir_state.%s UNION ALL SELECT %s FROM (%s) work WHERE is_new",
                  results, StateName(query_id, ""), results, WorkOf(rewrite, query_id));
}

}  // namespace weir::continuous
