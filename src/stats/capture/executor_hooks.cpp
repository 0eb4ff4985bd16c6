// Planned statements: from ExecutorStart to ExecutorEnd, or to the error that ends them.
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
#include "stats/capture/target.hpp"
#include "stats/capture/usage.hpp"

extern "C" {
#include "access/parallel.h"
#include "nodes/execnodes.h"
#include "utils/elog.h"
#include "utils/memutils.h"
}

namespace weir::stats {

int nesting_level = 0;

namespace {

using StartHook = pg::Hook<&ExecutorStart_hook, standard_ExecutorStart>;
using RunHook = pg::Hook<&ExecutorRun_hook, standard_ExecutorRun>;
using FinishHook = pg::Hook<&ExecutorFinish_hook, standard_ExecutorFinish>;
using EndHook = pg::Hook<&ExecutorEnd_hook, standard_ExecutorEnd>;

// A statement between its start and its end. Lives in the executor's own memory, and leaves the
// list when that memory goes, however the statement ends.
struct Execution {
  MemoryContextCallback on_reset;
  Execution *next;
  const QueryDesc *query_desc;
  std::uint32_t stay;
  bool submitted;
  core::QueryRecord record;
};

Execution *running = nullptr;

// One call into the executor, measured.
struct Measurement {
  instr_time start;
  UsageMark usage;

  static Measurement Begin() { return {Now(), UsageMark::Now()}; }
};

void AddMeasurement(core::QueryRecord &record, const Measurement &from) {
  const instr_time end = Now();
  record.exec.total += MillisecondsBetween(from.start, end);
  record.ended_at = WallClockAt(end);
  AddUsageSince(from.usage, record.counters);
}

Execution *FindExecution(const QueryDesc *query_desc) {
  for (Execution *e = running; e != nullptr; e = e->next) {
    if (e->query_desc == query_desc) return e;
  }
  return nullptr;
}

// Hands the record over.
void SubmitOnce(core::QueryRecord &record, std::uint32_t stay) {
  if (!IsStay(stay)) return;
  record.exec.min = record.exec.max = record.exec.total;
  Submit(record, ChooseRoute(record));
}

// The executor's memory goes: a statement that ran and met no end of its own, because its portal
// was dropped with the transaction, is recorded with what it did.
void OnExecutorMemoryReset(void *argument) {
  auto *execution = static_cast<Execution *>(argument);
  for (Execution **link = &running; *link != nullptr; link = &(*link)->next) {
    if (*link == execution) {
      *link = execution->next;
      break;
    }
  }
  if (!execution->submitted && execution->record.ended_at != 0) {
    SubmitOnce(execution->record, execution->stay);
  }
}

void DescribeStatement(core::QueryRecord &record, const QueryDesc *query_desc) {
  const PlannedStmt *statement = query_desc->plannedstmt;
  record.calls = 1;
  record.query_id = static_cast<std::uint64_t>(statement->queryId);
  record.command_tag = static_cast<std::uint16_t>(TagOf(statement->commandType));
  record.source = core::RecordSource::kStatement;
  record.toplevel = nesting_level == 0;
  Identify(record);
  const Target target = TargetOf(statement, statement->rtable);
  record.table = target.table;
  record.field = target.field;
  TakePlanTimes(record);
  SendText(record.query_id, {query_desc->sourceText, statement->stmt_location, statement->stmt_len},
           nullptr);
}

void Follow(const QueryDesc *query_desc, const core::QueryRecord &record) {
  auto *execution = static_cast<Execution *>(
      MemoryContextAlloc(query_desc->estate->es_query_cxt, sizeof(Execution)));
  execution->record = record;
  execution->submitted = false;
  execution->query_desc = query_desc;
  execution->stay = CurrentStay();
  execution->next = running;
  running = execution;
  execution->on_reset = {.func = OnExecutorMemoryReset, .arg = execution};
  MemoryContextRegisterResetCallback(query_desc->estate->es_query_cxt, &execution->on_reset);
}

// In a PG_CATCH block: nothing here allocates or raises. A statement that fails before it runs has
// an execution time of zero.
void SubmitFailure(core::QueryRecord &record, std::uint32_t stay) {
  if (record.ended_at == 0) record.ended_at = WallClockAt(Now());
  record.sqlstate = geterrcode();
  SubmitOnce(record, stay);
}

void StartRecorded(QueryDesc *query_desc, int eflags) {
  core::QueryRecord record{};
  DescribeStatement(record, query_desc);
  const std::uint32_t stay = CurrentStay();
  nesting_level++;
  PG_TRY();
  { StartHook::Next(query_desc, eflags); }
  PG_CATCH();
  {
    nesting_level--;
    SubmitFailure(record, stay);
    PG_RE_THROW();
  }
  PG_END_TRY();
  nesting_level--;
  Follow(query_desc, record);
}

void OnExecutorStart(QueryDesc *query_desc, int eflags) {
  if (!IsRecording() || !CapturesThisLevel() || IsParallelWorker() ||
      (eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0) {
    StartHook::Next(query_desc, eflags);
    return;
  }
  StartRecorded(query_desc, eflags);
}

// Runs `step` one level deeper and measures it for `execution`, which may be null.
template <typename Step>
void RunMeasured(Execution *execution, Step step) {
  const Measurement from = execution == nullptr ? Measurement{} : Measurement::Begin();
  nesting_level++;
  PG_TRY();
  { step(); }
  PG_CATCH();
  {
    nesting_level--;
    if (execution != nullptr) {
      execution->submitted = true;
      AddMeasurement(execution->record, from);
      SubmitFailure(execution->record, execution->stay);
    }
    PG_RE_THROW();
  }
  PG_END_TRY();
  nesting_level--;
  if (execution != nullptr) AddMeasurement(execution->record, from);
}

void OnExecutorRun(WEIR_RUN_PARAMETERS) {
  Execution *execution = FindExecution(query_desc);
  if (execution == nullptr && (nesting_level > 0 || session.slot == nullptr)) {
    RunHook::Next(WEIR_RUN_ARGUMENTS);
    return;
  }
  RunMeasured(execution, [&] { RunHook::Next(WEIR_RUN_ARGUMENTS); });
  if (execution != nullptr) {
    execution->record.counters.rows += static_cast<std::int64_t>(query_desc->estate->es_processed);
  }
}

// What fires triggers after its rows are done.
bool HasWorkToFinish(const QueryDesc *query_desc) {
  return query_desc->operation != CMD_SELECT || query_desc->plannedstmt->hasModifyingCTE;
}

void OnExecutorFinish(QueryDesc *query_desc) {
  Execution *execution = FindExecution(query_desc);
  const bool nested = nesting_level > 0 || session.slot == nullptr;
  if (!HasWorkToFinish(query_desc) || (execution == nullptr && nested)) {
    FinishHook::Next(query_desc);
    return;
  }
  RunMeasured(execution, [&] { FinishHook::Next(query_desc); });
}

void AddJit(core::QueryRecord &record, const EState *estate) {
  if (likely(estate->es_jit == nullptr)) return;
  AddJitUsage(estate->es_jit->instr, record.counters);
  if (estate->es_jit_worker_instr != nullptr) {
    AddJitUsage(*estate->es_jit_worker_instr, record.counters);
  }
}

void OnExecutorEnd(QueryDesc *query_desc) {
  Execution *execution = FindExecution(query_desc);
  if (execution != nullptr && !execution->submitted) {
    execution->submitted = true;
    core::QueryRecord &record = execution->record;
    // A portal that was opened and closed without a fetch.
    if (record.ended_at == 0) record.ended_at = WallClockAt(Now());
    AddJit(record, query_desc->estate);
    SubmitOnce(record, execution->stay);
  }
  EndHook::Next(query_desc);
}

}  // namespace

void InstallExecutorHooks() {
  StartHook::Install(OnExecutorStart);
  RunHook::Install(OnExecutorRun);
  FinishHook::Install(OnExecutorFinish);
  EndHook::Install(OnExecutorEnd);
}

}  // namespace weir::stats
