#include "stats/flush/launcher.hpp"

#include "pg/compat.hpp"
#include "pg/pg.hpp"
#include "stats/shared_state.hpp"
#include "worker/launcher.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

namespace {

using worker::kIdleMs;

constexpr int kFirstRetryMs = 1000;
constexpr int kLongestRetryMs = 60'000;
// Between two starts of a worker that did its work, whoever ended it.
constexpr int kHealthyRestartMs = 100;
constexpr int kStarting = -1;  // in DatabaseSlot::worker_pid

// What the launcher knows of the worker of one slot.
struct WorkerWatch {
  BackgroundWorkerHandle *handle;
  std::uint64_t drains_at_start;
  TimestampTz not_before;
  int retry_ms;
};

WorkerWatch *watches = nullptr;
bool complained_of_slots = false;

void DescribeWorker(BackgroundWorker &worker, int slot_index) {
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_ConsistentState;
  worker.bgw_restart_time = BGW_NEVER_RESTART;
  strlcpy(worker.bgw_library_name, "pg_weir", sizeof(worker.bgw_library_name));
  strlcpy(worker.bgw_function_name, "weir_flush_worker_main", sizeof(worker.bgw_function_name));
  strlcpy(worker.bgw_type, "pg_weir flush worker", sizeof(worker.bgw_type));
  snprintf(worker.bgw_name, sizeof(worker.bgw_name), "pg_weir flush worker for database %u",
           SlotAt(slot_index).database.load());
  worker.bgw_main_arg = Int32GetDatum(slot_index);
  worker.bgw_notify_pid = MyProcPid;
}

// Taken under the lock, so that a session that pauses the slot either sees the start or prevents
// it.
bool ReserveStart(DatabaseSlot &slot) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  const bool wanted =
      slot.active.load() != 0 && slot.pauses.load() == 0 && slot.worker_pid.load() == 0;
  if (wanted) {
    slot.stop_requested.store(0);
    slot.connected.store(0);
    slot.worker_pid.store(kStarting);
  }
  LWLockRelease(shared->lock);
  return wanted;
}

void PostponeStart(WorkerWatch &watch) {
  watch.retry_ms = Min(Max(watch.retry_ms * 2, kFirstRetryMs), kLongestRetryMs);
  watch.not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), watch.retry_ms);
}

void ReportNoWorkerSlots() {
  if (complained_of_slots) return;
  complained_of_slots = true;
  ereport(LOG, errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
          errmsg("no background worker slot is free for a flush worker"),
          errhint("Increase max_worker_processes."));
}

void StartWorker(int slot_index) {
  DatabaseSlot &slot = SlotAt(slot_index);
  WorkerWatch &watch = watches[slot_index];
  if (!ReserveStart(slot)) return;
  BackgroundWorker worker{};
  DescribeWorker(worker, slot_index);
  watch.drains_at_start = slot.drains.load();
  if (RegisterDynamicBackgroundWorker(&worker, &watch.handle)) {
    complained_of_slots = false;
    shared->worker_slots_exhausted.store(0);
    return;
  }
  watch.handle = nullptr;
  slot.worker_pid.store(0);
  shared->worker_slots_exhausted.store(1);
  ReportNoWorkerSlots();
  PostponeStart(watch);
}

// Asks the catalog. There are few databases, so it is read from one end to the other.
bool DatabaseExists(Oid database) {
  MemoryContext caller = CurrentMemoryContext;
  StartTransactionCommand();
  Relation relation = table_open(DatabaseRelationId, AccessShareLock);
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, snapshot, 0, nullptr);
  bool found = false;
  HeapTuple tuple;
  while (!found && HeapTupleIsValid(tuple = systable_getnext(scan))) {
    found = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->oid == database;
  }
  systable_endscan(scan);
  UnregisterSnapshot(snapshot);
  table_close(relation, AccessShareLock);
  CommitTransactionCommand();
  MemoryContextSwitchTo(caller);
  return found;
}

// A worker that never reached its database: most likely it cannot just now, and is started again.
// But the database may be gone without our having seen it go, as on a standby.
void NoteFailedStart(const DatabaseSlot &slot) {
  const Oid database = slot.database.load();
  if (!DatabaseExists(database)) DetachDatabase(database);
}

void NoteStopped(int slot_index) {
  DatabaseSlot &slot = SlotAt(slot_index);
  WorkerWatch &watch = watches[slot_index];
  pfree(watch.handle);
  watch.handle = nullptr;
  if (slot.worker_pid.load() != 0) {
    slot.worker_process.store(-1);
    slot.worker_pid.store(0);
  }
  if (slot.connected.load() == 0 && slot.stop_requested.load() == 0) NoteFailedStart(slot);
  if (slot.drains.load() != watch.drains_at_start || slot.stop_requested.load() != 0) {
    watch.retry_ms = 0;
    watch.not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kHealthyRestartMs);
  } else {
    PostponeStart(watch);
  }
}

// Returns how long nothing needs to be done for this slot.
long TendSlot(int slot_index) {
  WorkerWatch &watch = watches[slot_index];
  pid_t pid;
  if (watch.handle != nullptr && GetBackgroundWorkerPid(watch.handle, &pid) == BGWH_STOPPED) {
    NoteStopped(slot_index);
  }
  const DatabaseSlot &slot = SlotAt(slot_index);
  if (watch.handle != nullptr || slot.active.load() == 0) return kIdleMs;
  const long wait = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), watch.not_before);
  if (wait > 0) return wait;
  StartWorker(slot_index);
  return watch.handle == nullptr ? Max(watch.retry_ms, kFirstRetryMs) : kIdleMs;
}

// Workers may have outlived an earlier launcher: those that are alive keep their slots.
void AdoptSlots() {
  for (int i = 0; i < SlotCount(); i++) {
    DatabaseSlot &slot = SlotAt(i);
    const std::int32_t process = slot.worker_process.load();
    const std::int32_t pid = slot.worker_pid.load();
    if (pid > 0 && process >= 0 && ProcGlobal->allProcs[process].pid == pid) continue;
    slot.worker_pid.store(0);
    slot.worker_process.store(-1);
  }
}

void BeginTending() {
  watches = static_cast<WorkerWatch *>(
      MemoryContextAllocZero(TopMemoryContext, sizeof(WorkerWatch) * SlotCount()));
  AdoptSlots();
}

long TendSlots() {
  long wait = worker::kIdleMs;
  for (int i = 0; i < SlotCount(); i++) wait = Min(wait, TendSlot(i));
  return wait;
}

}  // namespace

void TendFlushWorkers() { worker::AddCharge({.begin = BeginTending, .tend = TendSlots}); }

}  // namespace weir::stats
