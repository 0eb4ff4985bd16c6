// Runs the statement that fills a query's state.
#include "continuous/catalog/names.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/delta/fill_state.hpp"
#include "continuous/rewrite/objects.hpp"
#include "pg/compat.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

bool HasMarker(Node *node, const Oid *marker) {
  if (node == nullptr) return false;
  if (IsA(node, FuncExpr) && reinterpret_cast<FuncExpr *>(node)->funcid == *marker) return true;
  if (IsA(node, Query)) return pg::WalkQuery(reinterpret_cast<Query *>(node), HasMarker, marker);
  return pg::WalkExpression(node, HasMarker, marker);
}

void SetForNow(const char *name, const char *value) {
  set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

// As much memory as for an index, which is also built once.
int TakeMemory() {
  const int level = NewGUCNestLevel();
  SetForNow("work_mem", psprintf("%d", Max(work_mem, maintenance_work_mem)));
  return level;
}

uint64 RunInsert(Query *insert, const char *sql) {
  PlannedStmt *plan = pg_plan_query(insert, sql, CURSOR_OPT_PARALLEL_OK, nullptr);
  QueryDesc *query = CreateQueryDesc(plan, sql, GetActiveSnapshot(), InvalidSnapshot, None_Receiver,
                                     nullptr, nullptr, 0);
  ExecutorStart(query, 0);
  pg::RunToEnd(query);
  const uint64 rows = query->estate->es_processed;
  ExecutorFinish(query);
  ExecutorEnd(query);
  FreeQueryDesc(query);
  return rows;
}

uint64 RunMarkedInsert(Query *insert, const char *sql, Snapshot at_horizon) {
  volatile uint64 rows = 0;
  SetFillSnapshot(at_horizon);
  PG_TRY();
  { rows = RunInsert(insert, sql); }
  PG_FINALLY();
  { SetFillSnapshot(nullptr); }
  PG_END_TRY();
  return rows;
}

}  // namespace

void PreferStream() { SetForNow("weir.stream", "prefer"); }

uint64 RunAtHorizon(const char *sql, FullTransactionId horizon) {
  Snapshot registered = RegisterHorizonSnapshot(horizon);
  // As if before the first command: rows of this transaction are counted when it has committed.
  SnapshotData at_horizon = *registered;
  at_horizon.curcid = FirstCommandId;
  at_horizon.copied = false;
  const int level = TakeMemory();
  RawStmt *raw = linitial_node(RawStmt, pg_parse_query(sql));
  PushActiveSnapshot(GetLatestSnapshot());
  auto *insert =
      linitial_node(Query, pg_analyze_and_rewrite_fixedparams(raw, sql, nullptr, 0, nullptr));
  const Oid marker = OurFunction("delta");
  uint64 rows;
  if (HasMarker(reinterpret_cast<Node *>(insert), &marker)) {
    Snapshot filled = RegisterSnapshot(&at_horizon);
    rows = RunMarkedInsert(insert, sql, filled);
    UnregisterSnapshot(filled);
  } else {
    PushCopiedSnapshot(&at_horizon);
    rows = RunInsert(insert, sql);
    PopActiveSnapshot();
  }
  PopActiveSnapshot();
  UnregisterSnapshot(registered);
  AtEOXact_GUC(true, level);
  CommandCounterIncrement();
  return rows;
}

}  // namespace weir::continuous
