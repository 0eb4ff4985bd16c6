#include "continuous/worker/step.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/changes/late_rows.hpp"
#include "continuous/changes/time.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/failure/breaker.hpp"
#include "continuous/failure/isolate.hpp"
#include "continuous/retract/retract.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/shared/progress.hpp"
#include "continuous/worker/quiet.hpp"
#include "pg/compat.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "storage/lmgr.h"
#include "storage/lwlock.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace weir::continuous {
namespace {

constexpr int kBusyRetryMs = 300;

void PrepareStep(KeptQuery *query) {
  if (query->plan != nullptr) return;
  SPIPlanPtr plan = SPI_prepare(query->row.statement, 0, nullptr);
  if (plan == nullptr || SPI_keepplan(plan) != 0) {
    elog(ERROR, "could not prepare the step of continuous query %d", query->row.id);
  }
  query->plan = plan;
}

// Rows that are taken apart, and windows that are to be closed, are one process's.
bool MaySplit(const KeptQuery *query) {
  return !query->isolates && !query->row.retracts &&
         (query->stream == nullptr || query->stream->closing == nullptr);
}

uint64 RunInOneLane(KeptQuery *query) {
  PrepareStep(query);
  const int code = SPI_execute_plan(query->plan, nullptr, nullptr, false, 0);
  if (code != SPI_OK_INSERT) elog(ERROR, "unexpected result of a step: %d", code);
  return SPI_processed;
}

// Returns how many groups it has changed.
uint64 MergeRows(KeptQuery *query) {
  const bool keeps_late = query->stream != nullptr && query->stream->keeps_late;
  const int64 dropped = keeps_late ? DroppedRows(query->row.id) : 0;
  WEIR_FAILPOINT("step.before_insert");
  const uint64 groups = MaySplit(query) && TakesLanes(&query->lanes, query->row.id)
                            ? RunInLanes(&query->lanes, query->row.id)
                            : RunInOneLane(query);
  if (keeps_late && DroppedRows(query->row.id) > dropped) KeepLateRows(query->row.id);
  WEIR_FAILPOINT("step.after_insert");
  return groups;
}

// Functions of the query's run as the owner, and may not change what the session is.
uint64 AsOwner(KeptQuery *query, uint64 (*run)(KeptQuery *)) {
  Oid user;
  int security_context;
  GetUserIdAndSecContext(&user, &security_context);
  SetUserIdAndSecContext(user, security_context | SECURITY_RESTRICTED_OPERATION);
  const int level = PinSearchPath();
  if (HasTail(query->row.id)) PreferStream();
  PushActiveSnapshot(GetTransactionSnapshot());
  SPI_connect();
  CheckSuperuserObjects(*query);
  const uint64 groups = run(query);
  SPI_finish();
  PopActiveSnapshot();
  UnpinSearchPath(level);
  SetUserIdAndSecContext(user, security_context);
  return groups;
}

uint64 RunStatement(KeptQuery *query) { return AsOwner(query, MergeRows); }

uint64 MoveOn(KeptQuery *query) {
  MoveTime(query->row.id, *query->stream);
  return 0;
}

uint64 CloseOpen(KeptQuery *query) {
  CloseIdle(query->row.id, *query->stream);
  return 0;
}

// Whether all have ended that were at work when there had been no row for long enough.
bool NobodyBringsRows(KeptQuery *query, FullTransactionId frontier, FullTransactionId next) {
  if (!FullTransactionIdIsValid(query->quiet_from)) query->quiet_from = next;
  return !FullTransactionIdPrecedes(frontier, query->quiet_from);
}

// At the end of a step, before it commits.
void KeepTime(KeptQuery *query, uint64 groups, FullTransactionId frontier, FullTransactionId next) {
  if (query->stream == nullptr || query->stream->closing == nullptr) return;
  if (groups > 0) {
    AsOwner(query, MoveOn);
    NoteRows(query);
  } else if (IsQuiet(*query) && NobodyBringsRows(query, frontier, next)) {
    AsOwner(query, CloseOpen);
    query->is_quiet = true;
  }
}

// When a step began, and what it could not go beyond.
struct Start {
  TimestampTz at;
  FullTransactionId next;
};

// An idle step knows of everything up to its end, too.
FullTransactionId FrontierOf(const Tick &tick) {
  return FullTransactionIdPrecedes(tick.h0, tick.h1) ? tick.h1 : tick.h0;
}

void ReportProgress(KeptQuery *query, const Tick &tick, const Start &start) {
  const FullTransactionId frontier = FrontierOf(tick);
  query->is_blocked = FullTransactionIdPrecedes(frontier, start.next);
  QueryPlace *place = query->place;
  if (place == nullptr) return;
  place->frontier.store(U64FromFullTransactionId(frontier));
  place->checked_at.store(start.at);
  if (!query->is_blocked) place->caught_up_at.store(start.at);
}

void CountTick(QueryPlace *place, const Tick &tick, uint64 groups, TimestampTz started) {
  if (place == nullptr) return;
  const auto took = static_cast<uint64>(GetCurrentTimestamp() - started);
  place->ticks.fetch_add(1);
  place->rows.fetch_add(static_cast<uint64>(tick.rows_found - tick.rows_again));
  place->last_us.store(took);
  place->total_us.fetch_add(took);
  CountStep(place->figures, groups, took);
}

void Recover(KeptQuery *query) {
  if (query->failures == 0) return;
  query->failures = 0;
  query->isolates = false;
  StartTransactionCommand();
  if (LockExtensionAgainstDrop()) {
    PushActiveSnapshot(GetTransactionSnapshot());
    ForgetFailure(query->row.id);
    PopActiveSnapshot();
  }
  CommitTransactionCommand();
  ereport(LOG, errmsg("continuous query %d goes on", query->row.id));
}

void NoteStale(KeptQuery *query, bool is_stale) {
  if (is_stale && !query->is_stale) {
    ereport(
        LOG, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
        errmsg("continuous query %d is stale: rows it had not consumed may be gone", query->row.id),
        errhint("Rebuild it with weir.refresh_query()."));
  }
  query->is_stale = is_stale;
}

// In the order in which DROP TABLE with CASCADE and DROP VIEW lock, so that either they wait for
// the step or it waits for them.
void LockAsDropDoes(const QueryRow &row) {
  ListCell *cell;
  foreach (cell, TablesOfQuery(row.id)) LockRelationOid(lfirst_oid(cell), AccessShareLock);
  LockRelationOid(row.result, AccessShareLock);
  if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(row.result))) return;
  ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
          errmsg("the result of continuous query %d is gone", row.id));
}

uint64 RunOpenTick(KeptQuery *query) {
  LockAsDropDoes(query->row);
  if (query->row.retracts) return RunRetractingStep(query, RunStatement);
  if (query->isolates) return IsolateRows(query, RunStatement);
  return RunStatement(query);
}

StepResult TryStep(KeptQuery *query) {
  const Start start{GetCurrentTimestamp(), ReadNextFullTransactionId()};
  SetCurrentStatementStartTimestamp();
  StartTransactionCommand();
  if (!LockExtensionAgainstDrop()) {
    CommitTransactionCommand();
    return StepResult::kGone;
  }
  // From before the end of the tick is taken, so that indexes show what it has to show.
  Snapshot guard = query->row.retracts ? RegisterSnapshot(GetLatestSnapshot()) : nullptr;
  Tick tick{};
  uint64 groups = 0;
  const TickStart kind = OpenTick(query->row.id, &tick);
  NoteStale(query, kind == TickStart::kStale);
  if (kind == TickStart::kOpen) {
    BeginWork(Work::kStep, query->row.id, query->row.owner);
    groups = RunOpenTick(query);
    KeepTime(query, groups, FrontierOf(tick), start.next);
    CloseTick(&tick);
    NoteLanes(&query->lanes, tick.pages_read);
    WEIR_FAILPOINT("step.before_commit");
  } else if (kind == TickStart::kIdle && QuietIn(*query, start.at) <= 0) {
    KeepTime(query, 0, FrontierOf(tick), start.next);
  }
  if (guard != nullptr) UnregisterSnapshot(guard);
  const bool has_written = TransactionIdIsValid(GetTopTransactionIdIfAny());
  CommitTransactionCommand();
  WEIR_FAILPOINT("step.after_commit");
  if (kind == TickStart::kStale) return StepResult::kDone;
  ReportProgress(query, tick, start);
  if (kind == TickStart::kOpen) {
    CountTick(query->place, tick, groups, start.at);
    if (query->lanes.is_split && query->place != nullptr) query->place->figures.split.fetch_add(1);
  }
  if (has_written && query->row.has_readers) WakeReaders();
  Recover(query);
  return StepResult::kDone;
}

bool IsBusy(int sqlstate) {
  return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE || sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
         sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

// A query without a frontier was just dropped, or has to be rebuilt; that is no failure of its own.
bool StoreFailure(const KeptQuery &query, const ErrorData *error) {
  FullTransactionId frontier;
  bool is_there = false;
  StartTransactionCommand();
  if (LockExtensionAgainstDrop() && ReadFrontier(query.row.id, &frontier)) {
    is_there = true;
    PushActiveSnapshot(GetTransactionSnapshot());
    NoteFailure({.query_id = query.row.id,
                 .sqlstate = error->sqlerrcode,
                 .message = error->message != nullptr ? error->message : "",
                 .next_retry = query.retry_at});
    PopActiveSnapshot();
  }
  CommitTransactionCommand();
  return is_there;
}

// Whoever needs the database has interrupted the step.
bool IsPaused(Oid owner) {
  const WorkerPlace *place = FindWorkerPlace(MyDatabaseId, owner);
  return place == nullptr || place->pauses.load() != 0;
}

// Somebody else's lock is waited for a little later, and a query whose tables are gone is so itself
// in a moment; anything else is an error of the query's,
// tried again ever more rarely.
void NoteStepFailure(KeptQuery *query, const ErrorData *error) {
  if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && IsPaused(query->row.owner)) return;
  const bool is_gone = error->sqlerrcode == ERRCODE_UNDEFINED_TABLE;
  if (is_gone) ReloadQueries(MyDatabaseId);
  const bool is_busy = is_gone || IsBusy(error->sqlerrcode);
  int wait = kBusyRetryMs;
  if (!is_busy) {
    wait = RetryWaitMs(++query->failures);
    query->isolates = query->row.on_error != OnError::kStop && IsDataError(error->sqlerrcode);
    if (query->place != nullptr) query->place->figures.failures.fetch_add(1);
  }
  query->retry_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait);
  query->is_dirty = true;
  if (is_busy || !StoreFailure(*query, error)) return;
  NoteIfBroken(*query);
  if (query->failures > 1) return;
  ereport(LOG, errcode(error->sqlerrcode),
          errmsg("continuous query %d failed: %s", query->row.id, error->message),
          errhint("It is tried again; SELECT * FROM weir.queries shows its state."));
}

}  // namespace

bool LockExtensionAgainstDrop() {
  const Oid extension = ExtensionOid();
  if (!OidIsValid(extension)) return false;
  LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
  // While the lock was waited for, the extension may have gone.
  return ExtensionOid() == extension;
}

StepResult RunStep(KeptQuery *query) {
  MemoryContext context = CurrentMemoryContext;
  volatile StepResult result = StepResult::kFailed;
  PG_TRY();
  { result = TryStep(query); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData *error = CopyErrorData();
    FlushErrorState();
    AbortCurrentTransaction();
    query->is_quiet = false;
    MemoryContextSwitchTo(context);
    NoteStepFailure(query, error);
    FreeErrorData(error);
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  query->last_step = GetCurrentTimestamp();
  return result;
}

}  // namespace weir::continuous
