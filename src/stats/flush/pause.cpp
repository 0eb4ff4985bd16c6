#include "stats/flush/pause.hpp"

#include "pg/pg.hpp"

extern "C" {
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/wait_event.h"
}

namespace weir::stats {

namespace {

constexpr int kPollMs = 10;
constexpr int kMostPolls = 1000;

DatabaseSlot *StartPause(Oid database) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  DatabaseSlot *slot = FindSlot(database);
  if (slot != nullptr) {
    slot->pauses.fetch_add(1);
    slot->stop_requested.store(1);
  }
  LWLockRelease(shared->lock);
  return slot;
}

void WaitUntilGone(const DatabaseSlot &slot) {
  for (int polls = 0; slot.worker_pid.load() != 0 && polls < kMostPolls; polls++) {
    WakeWorker(slot);
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kPollMs, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
}

}  // namespace

DatabaseSlot *PauseWorker(Oid database) {
  DatabaseSlot *slot = StartPause(database);
  if (slot == nullptr) return nullptr;
  PG_TRY();
  { WaitUntilGone(*slot); }
  PG_CATCH();
  {
    ResumeWorker(slot);
    PG_RE_THROW();
  }
  PG_END_TRY();
  return slot;
}

void ResumeWorker(DatabaseSlot *slot) {
  if (slot == nullptr) return;
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  if (slot->pauses.fetch_sub(1) == 1 && slot->active.load() != 0) slot->stop_requested.store(0);
  LWLockRelease(shared->lock);
  WakeLauncher();
}

void ResumeWorkerCallback(int, Datum slot) {
  ResumeWorker(reinterpret_cast<DatabaseSlot *>(DatumGetPointer(slot)));
}

}  // namespace weir::stats
