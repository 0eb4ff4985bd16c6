// The flush worker: one per database that is recorded.
#include "pg/compat.hpp"
#include "pg/failpoint.hpp"
#include "pg/pg.hpp"
#include "settings.hpp"
#include "stats/capture/session.hpp"
#include "stats/flush/drain.hpp"
#include "stats/flush/extension_lock.hpp"
#include "stats/flush/partitions.hpp"
#include "stats/flush/rollup.hpp"
#include "stats/shared_state.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PGDLLEXPORT void weir_flush_worker_main(Datum argument);
}

namespace weir::stats {

namespace {

constexpr int kFirstBackOffMs = 100;
constexpr int kLongestBackOffMs = 30'000;
constexpr int kRecoveryPollMs = 1000;
constexpr int kMaintenanceMs = 600'000;
// Between flushes, so that a busy server pays for thousands of records with one commit, and for
// many of a kind with one change of their roll-up.
constexpr int kLeastPauseMs = 1000;
constexpr int kPausePollMs = 50;
// How long the last flush waits for sessions that are ending too.
constexpr int kClosingMs = 300;
constexpr int kClosingPollMs = 10;

DatabaseSlot *slot = nullptr;
int back_off_ms = 0;
TimestampTz next_maintenance = 0;

// Runs when the process has left the database, so whoever waits for the slot to be free may act.
void LeaveSlot(int, Datum) {
  slot->worker_process.store(-1);
  slot->recovering.store(0);
  slot->worker_pid.store(0);
  ConditionVariableBroadcast(&slot->flush_done);
  WakeLauncher();
}

// False when another worker is here, or somebody needs the database without us.
bool ClaimSlot() {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  const std::int32_t present = slot->worker_pid.load();
  const bool wanted = slot->active.load() != 0 && slot->pauses.load() == 0 && present <= 0;
  if (wanted) {
    slot->worker_pid.store(MyProcPid);
    slot->worker_process.store(pg::MyProcessNumber());
  } else if (present <= 0) {
    slot->worker_pid.store(0);
  }
  LWLockRelease(shared->lock);
  return wanted;
}

void Override(const char *name, const char *value) {
  SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

// The ring lives on this server alone: a record is not safer when a standby has it, and a worker
// that waits for one that is missing would not even stop with the server. Nobody overrides an
// override.
void CommitLocally() {
  if (synchronous_commit > SYNCHRONOUS_COMMIT_LOCAL_FLUSH) Override("synchronous_commit", "local");
}

// What a database or role may have set must not change what the worker does.
void UseOwnSettings() {
  Override("search_path", "");
  Override("lock_timeout", "2s");  // ALTER TABLE and DROP EXTENSION win
  Override("statement_timeout", "0");
  if constexpr (pg::kLimitsTransactions) Override("transaction_timeout", "0");
  Override("idle_in_transaction_session_timeout", "0");
  Override("default_transaction_isolation", "read committed");
  Override("default_transaction_read_only", "off");
  Override("session_replication_role", "origin");
  Override("standard_conforming_strings", "on");
  Override("TimeZone", "UTC");
  Override("DateStyle", "ISO, YMD");
  Override("default_tablespace", "");
  Override("default_table_access_method", "heap");
  CommitLocally();
}

void Connect() {
  BackgroundWorkerInitializeConnectionByOid(slot->database.load(), InvalidOid, 0);
  slot->connected.store(1);
  UseOwnSettings();
  NeverRecord();
  pgstat_report_appname("pg_weir flush worker");
}

bool WantsToStop() { return ShutdownRequestPending || slot->stop_requested.load() != 0; }

// When a reload was asked for.
void ReloadSettings() {
  if (!ConfigReloadPending) return;
  ConfigReloadPending = false;
  ProcessConfigFile(PGC_SIGHUP);
  CommitLocally();
  next_maintenance = 0;  // the retention may have changed
}

// Sleeps until something is to be done, at most `ms`.
void Sleep(long ms) {
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  // A request to cancel is for a statement, and there is none here.
  QueryCancelPending = false;
  CHECK_FOR_INTERRUPTS();
  ReloadSettings();
}

void WaitForPromotion() {
  while (RecoveryInProgress() && !WantsToStop()) {
    slot->recovering.store(1);
    Sleep(kRecoveryPollMs);
  }
  slot->recovering.store(0);
}

void Maintain() {
  SetCurrentStatementStartTimestamp();
  StartTransactionCommand();
  if (!LockExtension()) {
    CommitTransactionCommand();
    return;
  }
  PushActiveSnapshot(GetTransactionSnapshot());
  SPI_connect();
  WEIR_FAILPOINT("maintain");
  MakePartitionsAhead();
  const bool log_shrank = DropExpired();
  const bool kinds_dropped = DropExpiredRollups();
  const bool texts_dropped = log_shrank || kinds_dropped;
  if (texts_dropped) DropUnusedTexts();
  SPI_finish();
  PopActiveSnapshot();
  CommitTransactionCommand();
  // A text that was dropped may be sent again.
  if (texts_dropped) FingerprintsOf(*slot).Clear();
}

// Maintenance that fails, most often because somebody holds a lock, is tried again a little later.
void MaintainWhenDue() {
  if (GetCurrentTimestamp() < next_maintenance) return;
  MemoryContext context = CurrentMemoryContext;
  int next_ms = kMaintenanceMs;
  volatile bool failed = false;
  PG_TRY();
  { Maintain(); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    EmitErrorReport();
    FlushErrorState();
    AbortCurrentTransaction();
    ForgetPartitions();
    ForgetRollups();
    failed = true;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  if (failed) next_ms = kMaintenanceMs / 10;
  next_maintenance = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), next_ms);
}

void Answer(SharedU64 &counter, std::uint64_t request) {
  counter.store(request);
  ConditionVariableBroadcast(&slot->flush_done);
}

// The first failure may only have shown that something known, a partition perhaps, is no more.
DrainResult DrainWithSecondTry(bool closing) {
  const DrainResult result = DrainSlot(*slot, closing);
  if (result != DrainResult::kFailed || back_off_ms > 0) return result;
  return DrainSlot(*slot, closing);
}

// Returns false when the extension has gone.
bool Flush(bool closing) {
  const std::uint64_t request = slot->flush_requested.load();
  switch (DrainWithSecondTry(closing)) {
    case DrainResult::kDone:
      back_off_ms = 0;
      slot->drains.fetch_add(1);
      Answer(slot->flush_completed, request);
      return true;
    case DrainResult::kBlocked:
      back_off_ms = kFirstBackOffMs;
      return true;
    case DrainResult::kFailed:
      back_off_ms = Min(Max(back_off_ms * 2, kFirstBackOffMs), kLongestBackOffMs);
      Answer(slot->flush_failed, request);
      return true;
    case DrainResult::kGone:
      return false;
  }
  pg_unreachable();
}

bool IsFlushWanted() {
  return slot->flush_requested.load() >
         Max(slot->flush_completed.load(), slot->flush_failed.load());
}

// Lets records gather, while there is room for them and nobody waits. Sessions that record wake the
// worker once a flush, and from then on it looks how many there are; who wants a flush wakes it
// too.
void LetRecordsGather() {
  const int pause_ms = Min(kLeastPauseMs, settings.flush_interval_ms);
  const TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pause_ms);
  while (!IsFlushWanted() && !WantsToStop() &&
         RingOf(*slot).InUse() < RingOf(*slot).capacity() / 4) {
    const long left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);
    if (left <= 0) return;
    Sleep(slot->wake_requested.load() != 0 ? Min(left, long{kPausePollMs}) : left);
  }
}

// Waits for the next reason to flush: the interval, enough records, somebody's request. After a
// failure only a request cuts the back-off short.
void WaitForWork() {
  if (back_off_ms == 0) LetRecordsGather();
  const TimestampTz start = GetCurrentTimestamp();
  for (;;) {
    // Looked up in each turn: a reload may have changed it.
    const long most = back_off_ms > 0 ? back_off_ms : settings.flush_interval_ms;
    if (WantsToStop() || IsFlushWanted()) return;
    if (back_off_ms == 0 && slot->wake_requested.load() != 0) return;
    const long passed = TimestampDifferenceMilliseconds(start, GetCurrentTimestamp());
    if (passed >= most) return;
    Sleep(most - passed);
  }
}

bool SessionsRemain() {
  const std::uint32_t group = slot->group.load();
  for (int i = 0; i < pg::ProcessCount(); i++) {
    if (AreaAt(i).group.load() == group) return true;
  }
  return false;
}

// The server is stopping, most likely: sessions end at the same time, and their last records are
// waited for, a little while. A worker that was sent away, for a copy of the database perhaps,
// leaves everything in the tables at once.
void FlushForTheLastTime() {
  for (int waited = slot->stop_requested.load() != 0 ? kClosingMs : 0;
       SessionsRemain() && waited < kClosingMs; waited += kClosingPollMs) {
    pg_usleep(kClosingPollMs * 1000L);
  }
  Flush(true);
}

void RunWorker() {
  while (!WantsToStop()) {
    WaitForPromotion();
    if (WantsToStop()) break;
    ReloadSettings();
    if (!Flush(false)) {
      DetachDatabase(MyDatabaseId);
      return;
    }
    MaintainWhenDue();
    WaitForWork();
  }
  if (!RecoveryInProgress() && slot->active.load() != 0) FlushForTheLastTime();
}

}  // namespace

}  // namespace weir::stats

void weir_flush_worker_main(Datum argument) {
  using namespace weir::stats;
  pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  slot = &SlotAt(DatumGetInt32(argument));
  if (!ClaimSlot()) proc_exit(0);
  on_shmem_exit(LeaveSlot, Datum{0});
  Connect();
  DistrustPosition();
  CurrentMemoryContext =
      AllocSetContextCreate(TopMemoryContext, "weir flush worker", ALLOCSET_DEFAULT_SIZES);
  RunWorker();
  proc_exit(0);
}
