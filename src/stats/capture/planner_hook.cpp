// Planning: its time, and statements that fail in it.
#include "pg/compat.hpp"
#include "pg/hook.hpp"
#include "stats/capture/capture.hpp"
#include "stats/capture/command_tag.hpp"
#include "stats/capture/nesting.hpp"
#include "stats/capture/plan_times.hpp"
#include "stats/capture/query_text.hpp"
#include "stats/capture/recorder.hpp"
#include "stats/capture/session.hpp"
#include "stats/capture/stopwatch.hpp"

extern "C" {
#include "access/parallel.h"
#include "optimizer/planner.h"
}

namespace weir::stats {

namespace {

using PlannerHook = pg::Hook<&planner_hook, standard_planner>;

// In a PG_CATCH block: nothing here allocates or raises.
void SubmitFailure(core::QueryRecord &record, std::uint32_t stay, instr_time start) {
  const instr_time end = Now();
  record.exec = core::DurationSummary::Of(MillisecondsBetween(start, end));
  record.ended_at = WallClockAt(end);
  record.sqlstate = geterrcode();
  if (IsStay(stay)) Submit(record, Route::kRing);
}

void Describe(core::QueryRecord &record, const Query *query, const char *text) {
  record.calls = 1;
  record.query_id = static_cast<std::uint64_t>(query->queryId);
  record.command_tag = static_cast<std::uint16_t>(TagOf(query->commandType));
  record.source = core::RecordSource::kStatement;
  record.toplevel = nesting_level == 0;
  Identify(record);
  SendText(record.query_id, {text, query->stmt_location, query->stmt_len}, nullptr);
}

PlannedStmt *OnPlan(Query *query, const char *text, int cursor_options, ParamListInfo parameters) {
  if (!IsRecording() || IsParallelWorker()) {
    return PlannerHook::Next(query, text, cursor_options, parameters);
  }
  const bool captures = CapturesThisLevel();
  const bool timed = captures && settings.capture_planning;
  const std::uint64_t query_id = static_cast<std::uint64_t>(query->queryId);
  core::QueryRecord record{};
  // The planner may scribble on the query, so what a failure needs is taken before.
  if (captures) Describe(record, query, text);
  const std::uint32_t stay = CurrentStay();
  const instr_time start = Now();
  PlannedStmt *volatile plan = nullptr;
  nesting_level++;
  PG_TRY();
  { plan = PlannerHook::Next(query, text, cursor_options, parameters); }
  PG_CATCH();
  {
    nesting_level--;
    if (captures) SubmitFailure(record, stay, start);
    PG_RE_THROW();
  }
  PG_END_TRY();
  nesting_level--;
  if (timed) AddPlanTime(query_id, MillisecondsBetween(start, Now()));
  return plan;
}

}  // namespace

void InstallPlannerHook() { PlannerHook::Install(OnPlan); }

}  // namespace weir::stats
