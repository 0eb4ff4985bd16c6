#include "continuous/worker/tender.hpp"

#include "continuous/hold/hold.hpp"
#include "continuous/shared/places.hpp"
#include "continuous/worker/keeper.hpp"
#include "pg/compat.hpp"
#include "pg/pg.hpp"
#include "worker/launcher.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_database.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {
namespace {

constexpr int kFirstRetryMs = 1000;
constexpr int kLongestRetryMs = 60'000;
constexpr int kNoSlotRetryMs = 2000;
constexpr int kHealthyRestartMs = 100;
constexpr int kMostFailedStarts = 3;
constexpr int kMostHolds = 256;

constexpr long kStandbyMs = 500;    // how soon a promotion is noticed
constexpr long kServiceMs = 5'000;  // between two looks for who has no place

bool was_standby = false;
TimestampTz next_follow = 0;
TimestampTz next_service = 0;
int first_to_follow = 0;

// What the launcher knows of the worker of one place.
struct Watch {
  BackgroundWorkerHandle *handle;
  std::uint64_t rounds_at_start;
  TimestampTz not_before;
  int retry_ms;
  int failed_starts;
};
Watch *watches = nullptr;
bool complained = false;

void Describe(BackgroundWorker &worker, int index) {
  const char *kind =
      OidIsValid(WorkerPlaceAt(index).owner.load()) ? "pg_weir query worker" : "pg_weir keeper";
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time =
      RecoveryInProgress() ? BgWorkerStart_ConsistentState : BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = BGW_NEVER_RESTART;
  strlcpy(worker.bgw_library_name, "pg_weir", sizeof(worker.bgw_library_name));
  strlcpy(worker.bgw_function_name, "weir_query_worker_main", sizeof(worker.bgw_function_name));
  strlcpy(worker.bgw_type, kind, sizeof(worker.bgw_type));
  snprintf(worker.bgw_name, sizeof(worker.bgw_name), "%s for database %u", kind,
           WorkerPlaceAt(index).database.load());
  worker.bgw_main_arg = Int32GetDatum(index);
  worker.bgw_notify_pid = MyProcPid;
}

void Postpone(Watch &watch) {
  watch.retry_ms = Min(Max(watch.retry_ms * 2, kFirstRetryMs), kLongestRetryMs);
  watch.not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), watch.retry_ms);
}

void Start(int index) {
  Watch &watch = watches[index];
  BackgroundWorker worker{};
  Describe(worker, index);
  watch.rounds_at_start = WorkerPlaceAt(index).rounds.load();
  if (RegisterDynamicBackgroundWorker(&worker, &watch.handle)) {
    complained = false;
    shared->slots_exhausted.store(0);
    return;
  }
  watch.handle = nullptr;
  shared->slots_exhausted.store(1);
  watch.not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kNoSlotRetryMs);
  if (complained) return;
  complained = true;
  ereport(LOG, errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
          errmsg("no background worker slot is free for continuous queries"),
          errhint("Increase max_worker_processes."));
}

// A worker that never gets to work: its owner may not log in, or its database is gone. The keeper
// finds out who is still wanted.
void GiveUp(int index) {
  WorkerPlace &place = WorkerPlaceAt(index);
  const Oid database = place.database.load();
  const bool is_keeper = !OidIsValid(place.owner.load());
  watches[index].failed_starts = 0;
  watches[index].retry_ms = 0;
  FreeWorkerPlace(place);
  if (!is_keeper) WantWorker(database, InvalidOid);
}

void NoteStopped(int index) {
  WorkerPlace &place = WorkerPlaceAt(index);
  Watch &watch = watches[index];
  pfree(watch.handle);
  watch.handle = nullptr;
  place.pid.store(0);
  place.process.store(-1);
  // On a standby its database may be gone; if it is not, it is visited again.
  const bool is_visit = RecoveryInProgress() && !OidIsValid(place.owner.load());
  if (is_visit && place.reload.load() == 0) {
    GiveUp(index);
    return;
  }
  if (place.rounds.load() != watch.rounds_at_start || place.pauses.load() != 0) {
    watch.failed_starts = 0;
    watch.retry_ms = 0;
    watch.not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kHealthyRestartMs);
    return;
  }
  Postpone(watch);
  if (++watch.failed_starts >= kMostFailedStarts) GiveUp(index);
}

// Returns how long nothing needs to be done for this place.
long TendPlace(int index) {
  Watch &watch = watches[index];
  const WorkerPlace &place = WorkerPlaceAt(index);
  pid_t pid;
  if (watch.handle != nullptr && GetBackgroundWorkerPid(watch.handle, &pid) == BGWH_STOPPED) {
    NoteStopped(index);
  }
  if (watch.handle != nullptr || place.pid.load() > 0) return worker::kIdleMs;
  if (!OidIsValid(place.database.load()) || place.pauses.load() != 0) return worker::kIdleMs;
  const long wait = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), watch.not_before);
  if (wait > 0) return wait;
  Start(index);
  return watch.handle == nullptr ? kNoSlotRetryMs : worker::kIdleMs;
}

// The holds tell where there are queries.
void WantKeepers() {
  Oid databases[kMostHolds];
  const int count = DatabasesWithHold(databases, kMostHolds);
  for (int i = 0; i < count; i++) WantWorker(databases[i], InvalidOid);
}

// Workers may have outlived an earlier launcher: those that are alive keep their places. After the
// server's start the holds tell where there are queries.
void Begin() {
  watches = static_cast<Watch *>(
      MemoryContextAllocZero(TopMemoryContext, sizeof(Watch) * WorkerPlaceCount()));
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    WorkerPlace &place = WorkerPlaceAt(i);
    const std::int32_t process = place.process.load();
    const std::int32_t pid = place.pid.load();
    if (pid > 0 && process >= 0 && ProcGlobal->allProcs[process].pid == pid) continue;
    place.pid.store(0);
    place.process.store(-1);
  }
  WantKeepers();
}

// Anybody's queries may be in any database, and only who is connected to it can tell.
List *AllDatabases() {
  List *databases = NIL;
  MemoryContext caller = CurrentMemoryContext;
  StartTransactionCommand();
  Relation relation = table_open(DatabaseRelationId, AccessShareLock);
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, snapshot, 0, nullptr);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    const auto *form = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
    if (!form->datallowconn) continue;
    MemoryContext old = MemoryContextSwitchTo(caller);
    databases = lappend_oid(databases, form->oid);
    MemoryContextSwitchTo(old);
  }
  systable_endscan(scan);
  UnregisterSnapshot(snapshot);
  table_close(relation, AccessShareLock);
  SweepHolds();
  CommitTransactionCommand();
  MemoryContextSwitchTo(caller);
  return databases;
}

// On a standby keepers come again and again, so that its holds follow the frontiers and a promoted
// server finds everything. Where places are short, the others take their turn next time.
void FollowPrimary() {
  const TimestampTz now = GetCurrentTimestamp();
  if (now < next_follow) return;
  next_follow = TimestampTzPlusMilliseconds(now, kFollowMs);
  List *databases = AllDatabases();
  const int count = list_length(databases);
  for (int i = 0; i < count; i++) {
    if (!WantWorker(list_nth_oid(databases, first_to_follow % count), InvalidOid)) break;
    first_to_follow++;
  }
  list_free(databases);
}

bool HasFreePlace() {
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    const WorkerPlace &place = WorkerPlaceAt(i);
    if (place.database.load() == InvalidOid && place.pid.load() == 0) return true;
  }
  return false;
}

// Whoever found no place is not known; keepers find out. Returns how long nothing needs to be done.
long ServeUnserved() {
  if (shared->unserved.load() == 0 || !HasFreePlace()) return worker::kIdleMs;
  const TimestampTz now = GetCurrentTimestamp();
  const long left = TimestampDifferenceMilliseconds(now, next_service);
  if (left > 0) return left;
  next_service = TimestampTzPlusMilliseconds(now, kServiceMs);
  shared->unserved.store(0);
  WantKeepers();
  return kServiceMs;
}

long Tend() {
  const bool is_standby = RecoveryInProgress();
  if (is_standby) FollowPrimary();
  if (was_standby && !is_standby) WantKeepers();
  was_standby = is_standby;
  if (shared->sweep_requested.exchange(0) != 0 && !RecoveryInProgress()) {
    StartTransactionCommand();
    SweepHolds();
    CommitTransactionCommand();
  }
  long wait = is_standby ? kStandbyMs : worker::kIdleMs;
  if (!is_standby) wait = Min(wait, ServeUnserved());
  for (int i = 0; i < WorkerPlaceCount(); i++) wait = Min(wait, TendPlace(i));
  return wait;
}

}  // namespace

void TendQueryWorkers() { worker::AddCharge({.begin = Begin, .tend = Tend}); }

}  // namespace weir::continuous
