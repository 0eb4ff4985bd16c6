// The statements that move a query's time.
#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/ruleutils.h"
}

namespace weir::continuous {
namespace {

enum TimeColumn : AttrNumber { kNewest = 1, kWatermark };

// Replaces the column of event times by the watermark in a row called "moment".
Node *AtWatermark(Node *node, const WindowTime *time) {
  if (node == nullptr) return nullptr;
  if (equal(node, time->column)) {
    return reinterpret_cast<Node *>(
        makeVar(1, kWatermark, time->column->vartype, -1, InvalidOid, 0));
  }
  return pg::MutateExpression(node, AtWatermark, time);
}

// The window that the watermark lies in.
char *WindowOfMoment(const Rewrite *rewrite, int32 query_id) {
  Node *window = AtWatermark(rewrite->time->expression, rewrite->time);
  const Oid table = StateRelation(query_id, "_time");
  return deparse_expression(window, deparse_context_for("moment", table), true, false);
}

char *Literal(int64 microseconds) {
  return psprintf("'" INT64_FORMAT " us'::pg_catalog.interval", microseconds);
}

int64 LatenessOf(const Rewrite *rewrite) {
  const Interval *lateness = rewrite->emission->lateness;
  return lateness == nullptr ? 0 : MicrosecondsOf(*lateness);
}

// Below it, rows are too late to be counted.
const char *BoundOf(const Rewrite *rewrite) {
  return rewrite->emission->late == Late::kUpdate ? "forgotten_below" : "closed_below";
}

// A row later than any that was consumed would move the watermark as far; when nothing came for a
// while, the window of the newest row is over as well.
char *Moved(const Rewrite *rewrite, int32 query_id, bool is_idle) {
  const char *table = StateName(query_id, "_time");
  const char *newest = is_idle ? "newest" : psprintf("newest - %s", Literal(LatenessOf(rewrite)));
  return psprintf(
      "moved AS (UPDATE weir_state.%s t SET watermark = n.watermark, closed_below = n.closed_below"
      " FROM (SELECT moment.watermark, GREATEST(moment.closed_below, %s%s) AS closed_below"
      " FROM (SELECT GREATEST(watermark, %s) AS watermark, closed_below FROM weir_state.%s LIMIT "
      "1) moment"
      ") n WHERE (t.watermark, t.closed_below) IS DISTINCT FROM (n.watermark, n.closed_below)"
      " RETURNING t.closed_below)",
      table, WindowOfMoment(rewrite, query_id), is_idle ? psprintf(" + %s", Literal(1)) : "",
      newest, table);
}

// The window first, so that the log is in the order of time.
char *OrderOf(const Rewrite *rewrite) {
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfo(&out, "k%d", rewrite->time->key);
  for (int i = 1; i <= list_length(rewrite->keys); i++) {
    if (i != rewrite->time->key) appendStringInfo(&out, ", k%d", i);
  }
  return out.data;
}

char *NewlyClosed(const Rewrite *rewrite, int32 query_id) {
  const int key = rewrite->time->key;
  return psprintf(
      "SELECT *, pg_catalog.row_number() OVER (ORDER BY %s) AS place FROM weir_state.%s"
      " WHERE k%d < (SELECT closed_below FROM moved)"
      " AND k%d >= COALESCE((SELECT closed_below FROM weir_state.%s), '-infinity')",
      OrderOf(rewrite), StateName(query_id, ""), key, key, StateName(query_id, "_time"));
}

}  // namespace

char *TimeTableOf(const Rewrite *rewrite) {
  const char *time = QualifiedType(rewrite->time->column->vartype);
  const char *key = QualifiedType(exprType(rewrite->time->expression));
  return psprintf(
      "newest %s, watermark %s, closed_below %s, forgotten_below %s,"
      " late_rows bigint NOT NULL DEFAULT 0, dropped_rows bigint NOT NULL DEFAULT 0,"
      " future_rows bigint NOT NULL DEFAULT 0",
      time, time, key, key);
}

char *TimedInsertOf(const Rewrite *rewrite, int32 query_id) {
  const char *columns = ColumnList(rewrite->columns);
  const char *time = StateName(query_id, "_time");
  const int key = rewrite->time->key;
  return psprintf(
      "WITH fresh AS MATERIALIZED (SELECT * FROM weir_state.%s),"
      " counted AS (UPDATE weir_state.%s t SET newest = GREATEST(t.newest, f.newest),"
      " late_rows = t.late_rows + f.late, dropped_rows = t.dropped_rows + f.dropped,"
      " future_rows = t.future_rows + f.future FROM (SELECT pg_catalog.count(*) AS groups,"
      " pg_catalog.max(n.newest) AS newest,"
      " COALESCE(pg_catalog.sum(n.row_count) FILTER (WHERE n.k%d < b.closed_below), 0)::bigint"
      " AS late,"
      " COALESCE(pg_catalog.sum(n.row_count) FILTER (WHERE n.k%d < b.%s), 0)::bigint AS dropped,"
      " COALESCE(pg_catalog.sum(n.future_count), 0)::bigint AS future"
      " FROM fresh n CROSS JOIN (SELECT * FROM weir_state.%s LIMIT 1) b) f WHERE f.groups > 0)"
      " INSERT INTO weir_state.%s AS old (%s) SELECT %s FROM fresh"
      " WHERE (k%d < (SELECT %s FROM weir_state.%s)) IS NOT TRUE",
      StateName(query_id, "_new"), time, key, key, BoundOf(rewrite), time, StateName(query_id, ""),
      columns, columns, key, BoundOf(rewrite), time);
}

char *InTimeOf(const Rewrite *rewrite, int32 query_id) {
  const Emission &emission = *rewrite->emission;
  if (emission.late == Late::kUpdate && emission.retention == nullptr) return nullptr;
  return psprintf("(k%d < (SELECT %s FROM weir_state.%s)) IS NOT TRUE", rewrite->time->key,
                  BoundOf(rewrite), StateName(query_id, "_time"));
}

char *ClosedOf(const Rewrite *rewrite, int32 query_id) {
  return psprintf("k%d < (SELECT closed_below FROM weir_state.%s)", rewrite->time->key,
                  StateName(query_id, "_time"));
}

char *ClosingOf(const Rewrite *rewrite, int32 query_id, bool is_idle) {
  const char *moved = Moved(rewrite, query_id, is_idle);
  if (rewrite->emission->mode != pg::EmitMode::kFinal) {
    return psprintf("WITH %s SELECT NULL::bigint FROM (SELECT pg_catalog.count(*) FROM moved) m",
                    moved);
  }
  const char *shown =
      ShownOver(rewrite, StateRelation(query_id, ""), NewlyClosed(rewrite, query_id));
  return psprintf(
      "WITH %s, logged AS (INSERT INTO weir_state.%s (new) SELECT shown FROM (%s) s ORDER BY place"
      " RETURNING position) SELECT pg_catalog.max(position) FROM logged",
      moved, StateName(LogIdOf(*rewrite->emission, query_id), kLogSuffix), shown);
}

char *ForgettingOf(const Rewrite *rewrite, int32 query_id) {
  if (rewrite->emission->retention == nullptr) return nullptr;
  const char *time = StateName(query_id, "_time");
  return psprintf(
      "WITH moved AS (UPDATE weir_state.%s t SET forgotten_below = n.bound"
      " FROM (SELECT LEAST(moment.closed_below, %s) AS bound FROM"
      " (SELECT watermark - %s AS watermark, closed_below FROM weir_state.%s LIMIT 1) moment) n"
      " WHERE n.bound > COALESCE(t.forgotten_below, '-infinity') RETURNING t.forgotten_below)"
      " DELETE FROM weir_state.%s WHERE k%d < (SELECT forgotten_below FROM moved)",
      time, WindowOfMoment(rewrite, query_id),
      Literal(MicrosecondsOf(*rewrite->emission->retention)), time, StateName(query_id, ""),
      rewrite->time->key);
}

}  // namespace weir::continuous
