#include "continuous/shared/progress.hpp"

#include <new>

#include "pg/compat.hpp"
#include "pg/hook.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/shmem.h"
#include "utils/rel.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {
namespace {

constexpr int kPlaces = 64;
constexpr int kTimerMs = 200;
constexpr char kName[] = "pg_weir progress";

ProgressPlace *places = nullptr;

struct ProgressTag;
using RequestHook = pg::Hook<&shmem_request_hook, nullptr, ProgressTag>;
using StartupHook = pg::Hook<&shmem_startup_hook, nullptr, ProgressTag>;

// This process's own.
ProgressPlace *current = nullptr;
bool is_lent = false;  // of another process
bool is_listened = false;
TimeoutId timer = MAX_TIMEOUTS;
bool is_timed = false;
uint64 buffers_before = 0;

Size TotalBytes() { return kPlaces * sizeof(ProgressPlace) + core::kCacheLineBytes; }

void OnShmemRequest() {
  if (RequestHook::HasNext()) RequestHook::Next();
  RequestAddinShmemSpace(TotalBytes());
}

void OnShmemStartup() {
  if (StartupHook::HasNext()) StartupHook::Next();
  bool found = false;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  void *memory = ShmemInitStruct(kName, TotalBytes(), &found);
  places = reinterpret_cast<ProgressPlace *>(
      TYPEALIGN(core::kCacheLineBytes, reinterpret_cast<uintptr_t>(memory)));
  for (int i = 0; !found && i < kPlaces; i++) new (&places[i]) ProgressPlace();
  LWLockRelease(AddinShmemInitLock);
}

uint64 BuffersUsed() {
  return static_cast<uint64>(pgBufferUsage.shared_blks_hit + pgBufferUsage.shared_blks_read);
}

// In a signal handler: reads two counters of this process and stores one.
void OnTimer() {
  if (current == nullptr) return;
  const uint64 done = BuffersUsed() - buffers_before;
  current->pages_done.store(Min(done, current->pages_total.load()));
}

void OnTransactionEnd(XactEvent event, void *) {
  if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE) return;
  EndWork();
}

void StartTimer() {
  if (timer == MAX_TIMEOUTS) timer = RegisterTimeout(USER_TIMEOUT, OnTimer);
  buffers_before = BuffersUsed();
  is_timed = true;
  enable_timeout_every(timer, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kTimerMs),
                       kTimerMs);
}

ProgressPlace *TakePlace() {
  for (int i = 0; places != nullptr && i < kPlaces; i++) {
    std::int32_t free = 0;
    if (places[i].pid.compare_exchange_strong(free, MyProcPid)) return &places[i];
  }
  return nullptr;
}

}  // namespace

void RequestProgress() {
  RequestHook::Install(OnShmemRequest);
  StartupHook::Install(OnShmemStartup);
}

int ProgressPlaceCount() { return places == nullptr ? 0 : kPlaces; }
const ProgressPlace &ProgressPlaceAt(int index) { return places[index]; }

void BeginWork(Work work, int32 query_id, Oid owner) {
  EndWork();
  if (!is_listened) RegisterXactCallback(OnTransactionEnd, nullptr);
  is_listened = true;
  ProgressPlace *place = TakePlace();
  if (place == nullptr) return;
  place->owner.store(owner);
  place->query_id.store(query_id);
  place->work.store(static_cast<std::uint32_t>(work));
  place->pages_done.store(0);
  place->pages_total.store(0);
  place->rows_done.store(0);
  place->started_at.store(static_cast<uint64>(GetCurrentTimestamp()));
  place->database.store(MyDatabaseId);
  current = place;
  is_lent = false;
}

void LendWork(ProgressPlace *place) {
  current = place;
  is_lent = place != nullptr;
}

void EndWork() {
  if (is_timed) disable_timeout(timer, false);
  is_timed = false;
  if (current == nullptr) return;
  ProgressPlace *place = current;
  current = nullptr;
  if (is_lent) return;
  place->database.store(InvalidOid);
  place->pid.store(0);
}

ProgressPlace *CurrentWork() { return current; }

void ExpectBlocks(uint64 blocks) {
  if (current != nullptr && !is_lent) current->pages_total.fetch_add(blocks);
}

uint64 ExpectPages(Oid source) {
  uint64 pages = 0;
  LockRelationOid(source, AccessShareLock);
  ListCell *cell;
  foreach (cell, find_all_inheritors(source, AccessShareLock, nullptr)) {
    Relation relation = table_open(lfirst_oid(cell), NoLock);
    if (RELKIND_HAS_STORAGE(relation->rd_rel->relkind)) {
      pages += RelationGetNumberOfBlocks(relation);
    }
    table_close(relation, NoLock);
  }
  ExpectBlocks(pages);
  if (current != nullptr) StartTimer();
  return pages;
}

}  // namespace weir::continuous
