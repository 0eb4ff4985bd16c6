// weir.flush()
#include "stats/sql/flush.hpp"

#include "pg/compat.hpp"
#include "pg/sql_function.hpp"
#include "stats/sql/require.hpp"

extern "C" {
#include "access/xlog.h"
#include "pgstat.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

namespace {

constexpr long kPollMs = 100;
constexpr int kMostMsWithoutWorker = 10'000;

void RefuseInRecovery() {
  if (!RecoveryInProgress()) return;
  ereport(ERROR, errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
          errmsg("cannot flush query records during recovery"),
          errhint("Records wait until this server is promoted; flush on the primary."));
}

[[noreturn]] void RaiseFailure(const DatabaseSlot &slot) {
  LWLockAcquire(shared->lock, LW_SHARED);
  const FlushError error = slot.last_error;
  LWLockRelease(shared->lock);
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("could not flush query records"),
          errdetail("The flush worker met error %s: %s.", unpack_sql_state(error.sqlstate),
                    error.message),
          errhint("Nothing is lost. Remove the cause, then run SELECT weir.flush()."));
  pg_unreachable();
}

[[noreturn]] void RaiseNoWorker() {
  ereport(
      ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
      errmsg("could not flush query records"),
      errdetail("No flush worker came up for this database within %d seconds.",
                kMostMsWithoutWorker / 1000),
      errhint("Increase max_worker_processes and restart the server if it is too small; SELECT * "
              "FROM weir.health() says more."));
  pg_unreachable();
}

[[noreturn]] void RaiseDetached() {
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("could not flush query records"),
          errdetail("The extension was dropped while the flush was under way."));
  pg_unreachable();
}

// One request to the worker, from its asking to its answer.
struct FlushRequest {
  DatabaseSlot *slot;
  std::uint32_t group;
  std::uint64_t number;
  TimestampTz worker_seen_at;
};

void CheckWorker(FlushRequest &request) {
  const DatabaseSlot &slot = *request.slot;
  if (slot.active.load() == 0 || slot.group.load() != request.group) RaiseDetached();
  const TimestampTz now = GetCurrentTimestamp();
  if (slot.worker_pid.load() > 0) request.worker_seen_at = now;
  if (TimestampDifferenceExceeds(request.worker_seen_at, now, kMostMsWithoutWorker)) {
    RaiseNoWorker();
  }
}

// The latches are set again on every turn: whoever restarts in between has forgotten them.
void AwaitAnswer(FlushRequest &request) {
  DatabaseSlot &slot = *request.slot;
  ConditionVariablePrepareToSleep(&slot.flush_done);
  while (slot.flush_completed.load() < request.number) {
    if (slot.flush_failed.load() >= request.number) RaiseFailure(slot);
    CheckWorker(request);
    WakeWorker(slot);
    if (slot.worker_pid.load() <= 0) WakeLauncher();
    ConditionVariableTimedSleep(&slot.flush_done, kPollMs, PG_WAIT_EXTENSION);
  }
  ConditionVariableCancelSleep();
}

}  // namespace

std::int64_t FlushAndWait(DatabaseSlot &slot) {
  RefuseInRecovery();
  const std::uint64_t flushed_before = slot.flushed.load();
  FlushRequest request{.slot = &slot,
                       .group = slot.group.load(),
                       .number = slot.flush_requested.fetch_add(1) + 1,
                       .worker_seen_at = GetCurrentTimestamp()};
  AwaitAnswer(request);
  return static_cast<std::int64_t>(slot.flushed.load() - flushed_before);
}

}  // namespace weir::stats

WEIR_FUNCTION(weir_flush) {
  using namespace weir::stats;
  PG_RETURN_INT64(FlushAndWait(RequireSlot()));
}
