#include "continuous/shared/places.hpp"

#include <new>

#include "pg/compat.hpp"
#include "pg/hook.hpp"
#include "settings.hpp"
#include "worker/launcher.hpp"

extern "C" {
#include "storage/ipc.h"
#include "storage/shmem.h"
}

namespace weir::continuous {

Shared *shared = nullptr;

namespace {

constexpr char kTrancheName[] = "pg_weir continuous";
constexpr std::uint32_t kSeenCapacity = 256;

WorkerPlace *worker_places = nullptr;
QueryPlace *query_places = nullptr;
Oid *seen = nullptr;  // databases; under the lock

struct ContinuousTag;
using RequestHook = pg::Hook<&shmem_request_hook, nullptr, ContinuousTag>;
using StartupHook = pg::Hook<&shmem_startup_hook, nullptr, ContinuousTag>;

Size WorkersOffset() { return core::RoundUpToCacheLine(sizeof(Shared)); }
Size QueriesOffset() {
  return add_size(WorkersOffset(), mul_size(sizeof(WorkerPlace), WorkerPlaceCount()));
}
Size SeenOffset() {
  return add_size(QueriesOffset(), mul_size(sizeof(QueryPlace), QueryPlaceCount()));
}
Size TotalBytes() { return SeenOffset() + kSeenCapacity * sizeof(Oid) + core::kCacheLineBytes; }

void OnShmemRequest() {
  if (RequestHook::HasNext()) RequestHook::Next();
  RequestAddinShmemSpace(TotalBytes());
  RequestNamedLWLockTranche(kTrancheName, 1);
}

void CreateShared() {
  new (shared) Shared();
  shared->lock = &GetNamedLWLockTranche(kTrancheName)->lock;
  for (int i = 0; i < WorkerPlaceCount(); i++) new (&WorkerPlaceAt(i)) WorkerPlace();
  for (int i = 0; i < QueryPlaceCount(); i++) {
    new (&QueryPlaceAt(i)) QueryPlace();
    ConditionVariableInit(&QueryPlaceAt(i).logged);
  }
}

void OnShmemStartup() {
  if (StartupHook::HasNext()) StartupHook::Next();
  bool found = false;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  void *memory = ShmemInitStruct(kTrancheName, TotalBytes(), &found);
  auto *start = reinterpret_cast<char *>(
      TYPEALIGN(core::kCacheLineBytes, reinterpret_cast<uintptr_t>(memory)));
  shared = reinterpret_cast<Shared *>(start);
  worker_places = reinterpret_cast<WorkerPlace *>(start + WorkersOffset());
  query_places = reinterpret_cast<QueryPlace *>(start + QueriesOffset());
  seen = reinterpret_cast<Oid *>(start + SeenOffset());
  if (!found) CreateShared();
  LWLockRelease(AddinShmemInitLock);
}

// Whoever has paused the other workers of a database has not seen a place that comes meanwhile.
std::int32_t PausesOf(Oid database) {
  std::int32_t most = 0;
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    const WorkerPlace &place = WorkerPlaceAt(i);
    if (place.database.load() == database) most = Max(most, place.pauses.load());
  }
  return most;
}

WorkerPlace *TakeWorkerPlace(Oid database, Oid owner) {
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    WorkerPlace &place = WorkerPlaceAt(i);
    if (place.database.load() != InvalidOid || place.pid.load() != 0) continue;
    place.owner.store(owner);
    place.pauses.store(PausesOf(database));
    place.changed.store(1);
    place.reload.store(1);
    place.database.store(database);
    shared->worker_count.fetch_add(1);
    return &place;
  }
  return nullptr;
}

}  // namespace

void RequestShared() {
  RequestHook::Install(OnShmemRequest);
  StartupHook::Install(OnShmemStartup);
}

int WorkerPlaceCount() { return settings.max_query_workers; }
WorkerPlace &WorkerPlaceAt(int index) { return worker_places[index]; }
int QueryPlaceCount() { return settings.max_queries; }
QueryPlace &QueryPlaceAt(int index) { return query_places[index]; }

WorkerPlace *FindWorkerPlace(Oid database, Oid owner) {
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    WorkerPlace &place = WorkerPlaceAt(i);
    if (place.database.load() == database && place.owner.load() == owner) return &place;
  }
  return nullptr;
}

bool WantWorker(Oid database, Oid owner) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  WorkerPlace *place = FindWorkerPlace(database, owner);
  if (place == nullptr) place = TakeWorkerPlace(database, owner);
  if (place != nullptr) {
    place->reload.store(1);
    place->changed.store(1);
    worker::WakeProcess(place->process.load());
  } else {
    shared->unserved.store(1);
  }
  LWLockRelease(shared->lock);
  worker::WakeLauncher();
  return place != nullptr;
}

void HurryWorker(Oid database, Oid owner) {
  WorkerPlace *place = FindWorkerPlace(database, owner);
  if (place == nullptr) {
    WantWorker(database, owner);
    return;
  }
  place->changed.store(1);
  place->hurry.store(1);
  worker::WakeProcess(place->process.load());
  if (place->pid.load() <= 0) worker::WakeLauncher();
}

void FreeWorkerPlace(WorkerPlace &place) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  if (place.database.load() != InvalidOid) shared->worker_count.fetch_sub(1);
  place.database.store(InvalidOid);
  place.blocked.store(0);
  LWLockRelease(shared->lock);
}

void ReloadQueries(Oid database) {
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    WorkerPlace &place = WorkerPlaceAt(i);
    if (place.database.load() != database) continue;
    place.reload.store(1);
    place.changed.store(1);
    worker::WakeProcess(place.process.load());
  }
}

void PauseWorkers(Oid database, int by) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    WorkerPlace &place = WorkerPlaceAt(i);
    if (place.database.load() != database) continue;
    // A place that has come since has not been paused.
    place.pauses.store(Max(place.pauses.load() + by, 0));
  }
  LWLockRelease(shared->lock);
  if (by < 0) worker::WakeLauncher();
}

void ForgetDatabase(Oid database) {
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    if (WorkerPlaceAt(i).database.load() == database) FreeWorkerPlace(WorkerPlaceAt(i));
  }
  for (int i = 0; i < QueryPlaceCount(); i++) {
    const QueryPlace &place = QueryPlaceAt(i);
    if (place.database.load() == database) FreeQueryPlace(database, place.query_id.load());
  }
  shared->sweep_requested.store(1);
  worker::WakeLauncher();
}

QueryPlace *FindQueryPlace(Oid database, int32 query_id) {
  for (int i = 0; i < QueryPlaceCount(); i++) {
    QueryPlace &place = QueryPlaceAt(i);
    if (place.database.load() == database && place.query_id.load() == query_id) return &place;
  }
  return nullptr;
}

FullTransactionId SeenFrontier(Oid database, int32 query_id) {
  const QueryPlace *place = FindQueryPlace(database, query_id);
  return place == nullptr ? InvalidFullTransactionId
                          : FullTransactionIdFromU64(place->frontier.load());
}

QueryPlace *TakeQueryPlace(Oid database, int32 query_id) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  QueryPlace *place = FindQueryPlace(database, query_id);
  for (int i = 0; place == nullptr && i < QueryPlaceCount(); i++) {
    QueryPlace &free = QueryPlaceAt(i);
    if (free.database.load() != InvalidOid) continue;
    for (SharedU64 *figure :
         {&free.frontier, &free.ticks, &free.rows, &free.last_us, &free.total_us}) {
      figure->store(0);
    }
    ResetFigures(free.figures);
    free.checked_at.store(0);
    free.caught_up_at.store(0);
    free.query_id.store(query_id);
    free.database.store(database);
    place = &free;
  }
  LWLockRelease(shared->lock);
  return place;
}

void FreeQueryPlace(Oid database, int32 query_id) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  if (QueryPlace *place = FindQueryPlace(database, query_id)) {
    place->worker_pid.store(0);
    place->database.store(InvalidOid);
  }
  LWLockRelease(shared->lock);
}

void WakeFollowers(Oid database, int32 query_id) {
  for (int i = 0; i < QueryPlaceCount(); i++) {
    QueryPlace &place = QueryPlaceAt(i);
    if (place.database.load() != database) continue;
    if (query_id < 0 || place.query_id.load() == query_id)
      ConditionVariableBroadcast(&place.logged);
  }
}

bool SeeDatabase(Oid database) {
  bool found = false;
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  const std::uint32_t count = shared->seen_count.load();
  for (std::uint32_t i = 0; i < count && !found; i++) found = seen[i] == database;
  const bool is_full = count >= kSeenCapacity;
  if (!found && !is_full) {
    seen[count] = database;
    shared->seen_count.store(count + 1);
  }
  LWLockRelease(shared->lock);
  return found || is_full;
}

}  // namespace weir::continuous
