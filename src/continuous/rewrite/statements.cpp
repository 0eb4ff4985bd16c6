// The statements of a continuous query as SQL: trees deparsed by the server, and names of our own
// around them.
#include "continuous/rewrite/rewrite.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/merged_row.hpp"
#include "continuous/rewrite/parts.hpp"
#include "continuous/rewrite/sources.hpp"
#include "continuous/rewrite/touched_arms.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "continuous/rewrite/windows.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/ruleutils.h"
}

namespace weir::continuous {
namespace {

Query *CopyOf(const Query *query) { return static_cast<Query *>(copyObjectImpl(query)); }

Node *MarkerOf(const Query *query, int32 query_id) {
  Var *table = makeVar(SourceIndexOf(query), TableOidAttributeNumber, OIDOID, -1, InvalidOid, 0);
  Const *id =
      makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(query_id), false, true);
  return reinterpret_cast<Node *>(makeFuncExpr(OurFunction("delta"), BOOLOID, list_make2(table, id),
                                               InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
}

// A join's name hides its tables, which conditions are to name.
bool ForgetJoinNames(Node *node, const Query *query) {
  if (node == nullptr) return false;
  if (IsA(node, JoinExpr)) {
    auto *join = reinterpret_cast<JoinExpr *>(node);
    join->alias = nullptr;
    rt_fetch(join->rtindex, query->rtable)->alias = nullptr;
  }
  return pg::WalkExpression(node, ForgetJoinNames, query);
}

// Without a group key there is a result even of no rows, which is nothing to keep.
Node *HasRows() {
  Aggref *count = makeNode(Aggref);
  count->aggfnoid = F_COUNT_;
  count->aggtype = INT8OID;
  count->aggstar = true;
  count->aggkind = 'n';
  count->aggno = -1;
  count->aggtransno = -1;
  count->location = -1;
  Const *zero =
      makeConst(INT8OID, -1, InvalidOid, sizeof(int64), Int64GetDatum(0), false, FLOAT8PASSBYVAL);
  return reinterpret_cast<Node *>(makeFuncExpr(F_INT8GT, BOOLOID, list_make2(count, zero),
                                               InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
}

List *PartialTargets(const Rewrite *rewrite) {
  List *targets = NIL;
  int number = 0;
  ListCell *cell;
  foreach (cell, rewrite->definition->groupClause) {
    const TargetEntry *key = get_sortgroupclause_tle(lfirst_node(SortGroupClause, cell),
                                                     rewrite->definition->targetList);
    auto *target = static_cast<TargetEntry *>(copyObjectImpl(key));
    target->resno = static_cast<AttrNumber>(++number);
    target->resname = psprintf("k%d", number);
    target->resjunk = false;
    targets = lappend(targets, target);
  }
  int part_number = 0;
  foreach (cell, rewrite->parts) {
    auto *part = static_cast<Part *>(lfirst(cell));
    targets = lappend(targets, makeTargetEntry(reinterpret_cast<Expr *>(part->aggregate),
                                               static_cast<AttrNumber>(++number),
                                               psprintf("p%d", ++part_number), false));
  }
  return targets;
}

void AppendList(StringInfo out, const List *names, const char *prefix) {
  ListCell *cell;
  foreach (cell, names) {
    if (foreach_current_index(cell) > 0) appendStringInfoString(out, ", ");
    appendStringInfo(out, "%s%s", prefix, quote_identifier(static_cast<char *>(lfirst(cell))));
  }
}

char *InsertInto(const Rewrite *rewrite, int32 query_id, const char *source) {
  return psprintf("INSERT INTO weir_state.%s AS old (%s) SELECT %s FROM %s",
                  StateName(query_id, ""), ColumnList(rewrite->columns),
                  ColumnList(rewrite->columns), source);
}

char *StateView(int32 query_id, const char *suffix) {
  return psprintf("weir_state.%s", StateName(query_id, suffix));
}

void AppendOutput(StringInfo out, const Rewrite *rewrite, List *context) {
  ListCell *name;
  ListCell *expression;
  forboth(name, rewrite->names, expression, rewrite->output) {
    if (foreach_current_index(name) > 0) appendStringInfoString(out, ", ");
    appendStringInfo(
        out, "%s AS %s",
        deparse_expression(static_cast<Node *>(lfirst(expression)), context, true, false),
        quote_identifier(static_cast<char *>(lfirst(name))));
  }
}

void AppendRenamed(StringInfo out, const List *columns, const List *names) {
  ListCell *column;
  ListCell *name;
  forboth(column, columns, name, names) {
    appendStringInfo(out, "%smerged.%s AS %s", foreach_current_index(column) > 0 ? ", " : "",
                     quote_identifier(static_cast<char *>(lfirst(column))),
                     quote_identifier(static_cast<char *>(lfirst(name))));
  }
}

// Lanes make partial results of new rows, and one INSERT merges them. A query whose steps do
// anything else, with rows by themselves, their time or what was there before, is not split.
bool HasPlainSteps(const Rewrite *rewrite) {
  return rewrite->is_aggregation && rewrite->window == nullptr && rewrite->time == nullptr &&
         !rewrite->retracts && list_length(rewrite->definition->rtable) == 1;
}

}  // namespace

void AddMarker(Query *query, int32 query_id) {
  ForgetJoinNames(reinterpret_cast<Node *>(query->jointree), query);
  AddCondition(query, MarkerOf(query, query_id));
}

char *ColumnList(const List *names) {
  StringInfoData out;
  initStringInfo(&out);
  AppendList(&out, names, "");
  return out.data;
}

void AddCondition(Query *query, Node *condition) {
  FromExpr *from = query->jointree;
  List *quals = list_make1(condition);
  if (from->quals != nullptr) quals = lappend(quals, from->quals);
  from->quals = reinterpret_cast<Node *>(make_ands_explicit(quals));
}

Query *PartialQuery(const Rewrite *rewrite) {
  Query *query = CopyOf(rewrite->definition);
  if (rewrite->is_aggregation) {
    query->targetList = PartialTargets(rewrite);
    query->hasAggs = true;
    query->havingQual = rewrite->keys == NIL ? HasRows() : nullptr;
  }
  return query;
}

char *PartialsOf(const Rewrite *rewrite, int32 query_id) {
  Query *query = PartialQuery(rewrite);
  if (query_id != 0) {
    if (rewrite->retracts) AddUntouched(query, rewrite, query_id);
    AddMarker(query, query_id);
  }
  return pg_get_querydef(query, false);
}

char *NewPartialsOf(const Rewrite *rewrite, int32 query_id) {
  if (rewrite->time == nullptr) return PartialsOf(rewrite, query_id);
  Query *query = PartialQuery(rewrite);
  query->targetList =
      list_concat(query->targetList, TimeTargets(rewrite, list_length(query->targetList) + 1));
  AddCondition(query, MarkerOf(query, query_id));
  return pg_get_querydef(query, false);
}

char *LateRowsOf(const Rewrite *rewrite, int32 query_id) {
  Query *query = CopyOf(rewrite->definition);
  query->groupClause = NIL;
  query->havingQual = nullptr;
  query->hasAggs = false;
  query->targetList = LateTargets(rewrite);
  AddCondition(query, MarkerOf(query, query_id));
  return psprintf(
      "SELECT late.event FROM (%s) late WHERE late.k%d < (SELECT closed_below FROM weir_state.%s)",
      pg_get_querydef(query, false), rewrite->time->key, StateName(query_id, "_time"));
}

char *DefinitionOf(const Rewrite *rewrite) {
  return pg_get_querydef(CopyOf(rewrite->definition), false);
}

namespace {

char *WithMerge(const Rewrite *rewrite, char *insert) {
  if (!rewrite->is_aggregation) return insert;
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoString(&out, insert);
  appendStringInfo(&out, " ON CONFLICT (%s) DO ", IndexKeysOf(rewrite));
  const char *separator = "UPDATE SET ";
  const int keys = list_length(rewrite->keys);
  ListCell *cell;
  foreach (cell, rewrite->parts) {
    const char *column =
        static_cast<char *>(list_nth(rewrite->columns, keys + foreach_current_index(cell)));
    appendStringInfo(&out, "%s%s = %s", separator, column,
                     MergeTwo(static_cast<Part *>(lfirst(cell)), column));
    separator = ", ";
  }
  if (rewrite->parts == NIL) appendStringInfoString(&out, "NOTHING");
  return out.data;
}

}  // namespace

char *MergeOf(const Rewrite *rewrite, int32 query_id) {
  return WithMerge(rewrite, InsertInto(rewrite, query_id, StateView(query_id, "_new")));
}

char *TickOf(const Rewrite *rewrite, int32 query_id) {
  if (rewrite->window != nullptr) return WindowTickOf(rewrite, query_id);
  if (rewrite->time == nullptr) return MergeOf(rewrite, query_id);
  return WithMerge(rewrite, TimedInsertOf(rewrite, query_id));
}

// A group may come from several lanes, and a statement changes each row once.
char *LaneTickOf(const Rewrite *rewrite, int32 query_id) {
  if (!HasPlainSteps(rewrite)) return nullptr;
  StringInfoData source;
  initStringInfo(&source);
  appendStringInfoString(&source, "(SELECT ");
  AppendMergedRow(&source, rewrite, MergeKept);
  appendStringInfo(&source, " FROM %s", kLaneRows);
  AppendGroupBy(&source, rewrite);
  if (rewrite->keys == NIL) appendStringInfoString(&source, " HAVING pg_catalog.count(*) > 0");
  appendStringInfoString(&source, ") merged");
  return WithMerge(rewrite, InsertInto(rewrite, query_id, source.data));
}

char *FillOf(const Rewrite *rewrite, int32 query_id) {
  if (rewrite->window != nullptr) {
    return WindowFillOf(query_id, ColumnList(rewrite->columns), TailColumns(rewrite));
  }
  const char *suffix = FillSuffix(list_length(TablesOf(rewrite->definition)));
  return InsertInto(rewrite, query_id, StateView(query_id, suffix));
}

char *ShownOver(const Rewrite *rewrite, Oid state_table, const char *pieces) {
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoString(&out,
                         "SELECT merged.place, (SELECT pg_catalog.to_jsonb(shown) FROM (SELECT ");
  if (!rewrite->is_aggregation) {
    AppendRenamed(&out, rewrite->columns, rewrite->names);
    appendStringInfo(&out, ") shown) AS shown FROM (%s) merged", pieces);
    return out.data;
  }
  List *context = deparse_context_for("merged", state_table);
  AppendOutput(&out, rewrite, context);
  appendStringInfoString(&out, ") shown) AS shown FROM (SELECT ");
  AppendMergedRow(&out, rewrite, MergeRows);
  appendStringInfo(&out, "%splace FROM (%s) pieces", rewrite->columns == NIL ? "" : ", ", pieces);
  AppendGroupBy(&out, rewrite);
  appendStringInfo(&out, "%splace) merged", rewrite->keys == NIL ? " GROUP BY " : ", ");
  if (rewrite->having != nullptr) {
    appendStringInfo(&out, " WHERE %s", deparse_expression(rewrite->having, context, true, false));
  }
  return out.data;
}

char *ContentsOf(const Rewrite *rewrite, int32 query_id) {
  StringInfoData out;
  initStringInfo(&out);
  const char *arms = psprintf("SELECT %s FROM weir_state.%s UNION ALL SELECT %s FROM weir_state.%s",
                              ColumnList(rewrite->columns), StateName(query_id, ""),
                              ColumnList(rewrite->columns), StateName(query_id, "_new"));
  const char *in_time = rewrite->time == nullptr ? nullptr : InTimeOf(rewrite, query_id);
  if (in_time != nullptr) arms = psprintf("%s WHERE %s", arms, in_time);
  if (!rewrite->is_aggregation) return pstrdup(arms);
  appendStringInfoString(&out, "SELECT ");
  AppendMergedRow(&out, rewrite, MergeKept);
  if (rewrite->columns != NIL) appendStringInfoString(&out, ", ");
  appendStringInfo(&out, "0 AS lane FROM (%s) pieces", arms);
  AppendGroupBy(&out, rewrite);
  if (rewrite->keys == NIL) appendStringInfoString(&out, " HAVING pg_catalog.count(*) > 0");
  return out.data;
}

char *IndexKeysOf(const Rewrite *rewrite) {
  if (!rewrite->is_aggregation) return nullptr;
  List *names = list_copy_head(rewrite->columns, list_length(rewrite->keys));
  return ColumnList(lappend(names, pstrdup("lane")));
}

}  // namespace weir::continuous
