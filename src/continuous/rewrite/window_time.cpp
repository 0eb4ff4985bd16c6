#include "continuous/rewrite/window_time.hpp"

#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/sources.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/ruleutils.h"
}

namespace weir::continuous {
namespace {

constexpr char kHint[] =
    "Group by one window of a timestamp or timestamptz column: weir.tumble(ts, width), "
    "date_bin(width, ts, origin), date_trunc(unit, ts), date_trunc(unit, ts, zone).";

// Which argument of a window function is the time; -1: it is none.
int TimeArgumentOf(const FuncExpr *call) {
  switch (call->funcid) {
    case F_DATE_BIN_INTERVAL_TIMESTAMP_TIMESTAMP:
    case F_DATE_BIN_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ:
    case F_DATE_TRUNC_TEXT_TIMESTAMP:
    case F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT:
      return 1;
    default:
      return IsOursNamed(call->funcid, "tumble") ? 0 : -1;
  }
}

bool OthersAreConstant(const FuncExpr *call, int time) {
  ListCell *cell;
  foreach (cell, call->args) {
    const auto *argument = static_cast<Node *>(lfirst(cell));
    if (foreach_current_index(cell) != time && !IsA(argument, Const)) return false;
  }
  return true;
}

// The column itself, or as the local time of a zone.
Var *ColumnOf(Node *time) {
  if (IsA(time, FuncExpr)) {
    auto *call = reinterpret_cast<FuncExpr *>(time);
    if (call->funcid != F_TIMEZONE_TEXT_TIMESTAMPTZ || !OthersAreConstant(call, 1)) return nullptr;
    time = static_cast<Node *>(lsecond(call->args));
  }
  if (!IsA(time, Var)) return nullptr;
  auto *column = reinterpret_cast<Var *>(time);
  const bool is_time = column->vartype == TIMESTAMPTZOID || column->vartype == TIMESTAMPOID;
  return is_time ? column : nullptr;
}

Var *ColumnOfWindow(Node *key) {
  if (!IsA(key, FuncExpr)) return nullptr;
  auto *call = reinterpret_cast<FuncExpr *>(key);
  const int time = TimeArgumentOf(call);
  if (time < 0 || !OthersAreConstant(call, time)) return nullptr;
  return ColumnOf(static_cast<Node *>(list_nth(call->args, time)));
}

Expr *Call(Oid function, Oid type, List *arguments) {
  return reinterpret_cast<Expr *>(
      makeFuncExpr(function, type, arguments, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
}

Expr *CopyOf(const Var *column) { return static_cast<Expr *>(copyObjectImpl(column)); }

bool HasZone(const WindowTime *time) { return time->column->vartype == TIMESTAMPTZOID; }

// What lies beyond is the future. Times without a zone are taken as UTC.
Expr *Horizon(const Rewrite *rewrite) {
  auto *step = static_cast<Interval *>(palloc(sizeof(Interval)));
  *step = *rewrite->emission->max_future;
  Const *constant = makeConst(INTERVALOID, -1, InvalidOid, sizeof(Interval),
                              IntervalPGetDatum(step), false, false);
  Expr *horizon = Call(F_TIMESTAMPTZ_PL_INTERVAL, TIMESTAMPTZOID,
                       list_make2(Call(F_NOW, TIMESTAMPTZOID, NIL), constant));
  if (HasZone(rewrite->time)) return horizon;
  Const *zone = makeConst(TEXTOID, -1, InvalidOid, -1, CStringGetTextDatum("UTC"), false, false);
  return Call(F_TIMEZONE_TEXT_TIMESTAMPTZ, TIMESTAMPOID, list_make2(zone, horizon));
}

Expr *IsFinite(const Rewrite *rewrite) {
  return Call(HasZone(rewrite->time) ? F_ISFINITE_TIMESTAMPTZ : F_ISFINITE_TIMESTAMP, BOOLOID,
              list_make1(CopyOf(rewrite->time->column)));
}

Expr *Counts(const Rewrite *rewrite) {
  if (rewrite->emission->max_future == nullptr) return IsFinite(rewrite);
  const Oid at_most = HasZone(rewrite->time) ? F_TIMESTAMPTZ_LE : F_TIMESTAMP_LE;
  Expr *is_past =
      Call(at_most, BOOLOID, list_make2(CopyOf(rewrite->time->column), Horizon(rewrite)));
  return reinterpret_cast<Expr *>(make_andclause(list_make2(IsFinite(rewrite), is_past)));
}

Expr *IsFuture(const Rewrite *rewrite) {
  if (rewrite->emission->max_future == nullptr) {
    return reinterpret_cast<Expr *>(makeBoolConst(false, false));
  }
  return Call(HasZone(rewrite->time) ? F_TIMESTAMPTZ_GT : F_TIMESTAMP_GT, BOOLOID,
              list_make2(CopyOf(rewrite->time->column), Horizon(rewrite)));
}

Aggref *MakeAggregate(Oid function, Oid type, Expr *filter) {
  Aggref *aggregate = makeNode(Aggref);
  aggregate->aggfnoid = function;
  aggregate->aggtype = type;
  aggregate->aggfilter = filter;
  aggregate->aggstar = true;
  aggregate->aggkind = 'n';
  aggregate->aggno = -1;
  aggregate->aggtransno = -1;
  aggregate->location = -1;
  return aggregate;
}

Aggref *Newest(const Rewrite *rewrite) {
  const Var *column = rewrite->time->column;
  Aggref *newest = MakeAggregate(HasZone(rewrite->time) ? F_MAX_TIMESTAMPTZ : F_MAX_TIMESTAMP,
                                 column->vartype, Counts(rewrite));
  newest->aggstar = false;
  newest->aggargtypes = list_make1_oid(column->vartype);
  newest->args = list_make1(makeTargetEntry(CopyOf(column), 1, nullptr, false));
  return newest;
}

List *WithTarget(List *targets, Aggref *aggregate, int number, const char *name) {
  return lappend(targets, makeTargetEntry(reinterpret_cast<Expr *>(aggregate),
                                          static_cast<AttrNumber>(number), pstrdup(name), false));
}

}  // namespace

WindowTime *RequireWindowTime(const Rewrite *rewrite) {
  if (list_length(TablesOf(rewrite->definition)) > 1) {
    Refuse(rewrite->text, {-1, "a watermark over a join", "Write the query over one table."});
  }
  auto *time = static_cast<WindowTime *>(palloc0(sizeof(WindowTime)));
  ListCell *cell;
  foreach (cell, rewrite->keys) {
    auto *key = static_cast<Node *>(lfirst(cell));
    Var *column = ColumnOfWindow(key);
    if (column == nullptr) continue;
    if (time->key != 0) Refuse(rewrite->text, {exprLocation(key), "a second window", kHint});
    *time = {foreach_current_index(cell) + 1, key, column};
  }
  if (time->key == 0) Refuse(rewrite->text, {-1, "a watermark without a window", kHint});
  return time;
}

List *TimeTargets(const Rewrite *rewrite, int first_number) {
  List *targets = NIL;
  targets =
      WithTarget(targets, MakeAggregate(F_COUNT_, INT8OID, nullptr), first_number, "row_count");
  targets = WithTarget(targets, Newest(rewrite), first_number + 1, "newest");
  return WithTarget(targets, MakeAggregate(F_COUNT_, INT8OID, IsFuture(rewrite)), first_number + 2,
                    "future_count");
}

bool NeedsWindowIndex(const Rewrite *rewrite) {
  const Emission &emission = *rewrite->emission;
  const bool looks = emission.mode == pg::EmitMode::kFinal || emission.retention != nullptr;
  return looks && rewrite->time->key > 1;
}

List *LateTargets(const Rewrite *rewrite) {
  const Query *query = rewrite->definition;
  const int source = linitial_node(RangeTblRef, query->jointree->fromlist)->rtindex;
  Var *row = makeWholeRowVar(rt_fetch(source, query->rtable), source, 0, true);
  TargetEntry *event =
      makeTargetEntry(Call(F_TO_JSONB, JSONBOID, list_make1(row)), 1, pstrdup("event"), false);
  auto *window = static_cast<Expr *>(copyObjectImpl(rewrite->time->expression));
  return list_make2(event, makeTargetEntry(window, 2, psprintf("k%d", rewrite->time->key), false));
}

char *SeenOf(const Rewrite *rewrite) {
  auto *query = static_cast<Query *>(copyObjectImpl(rewrite->definition));
  query->groupClause = NIL;
  query->havingQual = nullptr;
  query->hasAggs = true;
  query->targetList = WithTarget(NIL, Newest(rewrite), 1, "newest");
  query->targetList = WithTarget(
      query->targetList, MakeAggregate(F_COUNT_, INT8OID, IsFuture(rewrite)), 2, "future_count");
  return pg_get_querydef(query, false);
}

}  // namespace weir::continuous
