#include "stats/shared_state.hpp"

#include <new>

#include "pg/compat.hpp"
#include "pg/hook.hpp"
#include "settings.hpp"

extern "C" {
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

SharedState *shared = nullptr;

namespace {

constexpr char kTrancheName[] = "pg_weir";
constexpr char kOtherText[] = "__other__";

// Where each structure of one database stands, from the start of its memory.
struct Layout {
  Size ring, texts, tenants, names, session_names, fingerprints, bytes;
};

Layout SlotLayout() {
  Layout layout{};
  Size offset = core::RoundUpToCacheLine(sizeof(DatabaseSlot));
  const auto place = [&offset](Size bytes) {
    const Size at = offset;
    offset += core::RoundUpToCacheLine(bytes);
    return at;
  };
  layout.ring = place(Ring::BytesFor(settings.ring_size));
  layout.texts = place(core::ByteRing::BytesFor(settings.text_buffer_kb * 1024));
  // One more for "__other__".
  layout.tenants = place(core::StringTable::BytesFor(settings.max_tenants + 1));
  layout.names = place(core::StringTable::BytesFor(kNameCapacity));
  layout.session_names = place(core::StringTable::BytesFor(kSessionNameCapacity));
  layout.fingerprints = place(core::FingerprintSet::BytesFor(kFingerprintCapacity));
  layout.bytes = offset;
  return layout;
}

// Process-local: every process computes the same offsets from settings that cannot change.
Layout layout;
char *areas = nullptr;
char *slots = nullptr;

Size AreasOffset() { return core::RoundUpToCacheLine(sizeof(SharedState)); }
Size SlotsOffset() { return AreasOffset() + mul_size(sizeof(BackendArea), pg::ProcessCount()); }
Size TotalBytes() {
  return add_size(add_size(SlotsOffset(), mul_size(SlotLayout().bytes, settings.max_databases)),
                  core::kCacheLineBytes);
}

using RequestHook = pg::Hook<&shmem_request_hook>;
using StartupHook = pg::Hook<&shmem_startup_hook>;

void OnShmemRequest() {
  if (RequestHook::HasNext()) RequestHook::Next();
  RequestAddinShmemSpace(TotalBytes());
  RequestNamedLWLockTranche(kTrancheName, 1);
}

void CreateShared() {
  new (shared) SharedState();
  shared->lock = &GetNamedLWLockTranche(kTrancheName)->lock;
  for (int i = 0; i < pg::ProcessCount(); i++) {
    FoldTable::Create((new (&AreaAt(i)) BackendArea)->fold_storage);
  }
  for (int i = 0; i < SlotCount(); i++) {
    DatabaseSlot *slot = new (&SlotAt(i)) DatabaseSlot();
    ConditionVariableInit(&slot->flush_done);
  }
}

void OnShmemStartup() {
  if (StartupHook::HasNext()) StartupHook::Next();
  bool found = false;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  auto *memory = static_cast<char *>(ShmemInitStruct("pg_weir", TotalBytes(), &found));
  shared = reinterpret_cast<SharedState *>(
      TYPEALIGN(core::kCacheLineBytes, reinterpret_cast<uintptr_t>(memory)));
  areas = reinterpret_cast<char *>(shared) + AreasOffset();
  slots = reinterpret_cast<char *>(shared) + SlotsOffset();
  layout = SlotLayout();
  if (!found) CreateShared();
  LWLockRelease(AddinShmemInitLock);
}

template <typename T>
T &PartOf(const DatabaseSlot &slot, Size offset) {
  auto *start = reinterpret_cast<char *>(const_cast<DatabaseSlot *>(&slot));
  return *reinterpret_cast<T *>(start + offset);
}

// Returns how many statements are lost thereby.
std::uint64_t DiscardFolds(const DatabaseSlot &slot) {
  std::uint64_t calls = 0;
  for (int i = 0; i < pg::ProcessCount(); i++) calls += AreaAt(i).folds().Discard(slot.group);
  return calls;
}

void ClearSlot(DatabaseSlot &slot, Oid database) {
  // As long as the group is known: nobody else would ever free what was folded for it.
  DiscardFolds(slot);
  Ring::Create(&RingOf(slot), settings.ring_size);
  core::ByteRing::Create(&TextsOf(slot), settings.text_buffer_kb * 1024);
  core::StringTable::Create(&TenantsOf(slot), settings.max_tenants + 1)->Intern(kOtherText);
  core::StringTable::Create(&NamesOf(slot), kNameCapacity)->Intern(kOtherText);
  core::StringTable::Create(&SessionNamesOf(slot), kSessionNameCapacity)->Intern(kOtherText);
  core::FingerprintSet::Create(&FingerprintsOf(slot), kFingerprintCapacity);
  slot.discard_records_below.store(RingOf(slot).tail());
  slot.discard_texts_below.store(TextsOf(slot).tail());
  for (SharedU64 *counter : {&slot.flushed, &slot.discarded, &slot.flush_completed,
                             &slot.flush_failed, &slot.flush_requested, &slot.captured_by_ended,
                             &slot.folded_by_ended, &slot.dropped_by_ended}) {
    counter->store(0);
  }
  slot.group.store(shared->last_group.fetch_add(1) + 1);
  slot.database.store(database);
}

bool IsQuiet(const DatabaseSlot &slot) {
  if (slot.worker_pid.load() != 0) return false;
  const std::uint32_t group = slot.group.load();
  for (int i = 0; group != 0 && i < pg::ProcessCount(); i++) {
    if (AreaAt(i).group.load() == group) return false;
  }
  return true;
}

DatabaseSlot *FindInactiveSlot(Oid database) {
  DatabaseSlot *quiet = nullptr;
  for (int i = 0; i < SlotCount(); i++) {
    DatabaseSlot &slot = SlotAt(i);
    if (slot.active.load() != 0) continue;
    if (slot.database.load() == database) return &slot;
    if (quiet == nullptr && IsQuiet(slot)) quiet = &slot;
  }
  return quiet;
}

Counts RawCountsOf(const DatabaseSlot &slot) {
  Counts counts{.captured = slot.captured_by_ended.load(),
                .folded = slot.folded_by_ended.load(),
                .dropped = slot.dropped_by_ended.load(),
                .flushed = slot.flushed.load()};
  for (int i = 0; i < pg::ProcessCount(); i++) {
    const BackendArea &area = AreaAt(i);
    if (area.group.load() != slot.group.load()) continue;
    counts.captured += area.captured.load();
    counts.folded += area.folded.load();
    counts.dropped += area.dropped.load();
  }
  counts.captured -= slot.discarded.load();
  return counts;
}

// Counts start again, with what waits as captured. That is what was neither flushed nor dropped: a
// sum over the ring would miss a statement that is counted but on its way there.
void RestartCounts(DatabaseSlot &slot) {
  slot.at_reset = RawCountsOf(slot);
  slot.at_reset.captured = slot.at_reset.flushed + slot.at_reset.dropped;
  for (SharedU64 *counter :
       {&slot.flushes, &slot.flush_errors, &slot.names_rejected, &slot.texts_rejected}) {
    counter->store(0);
  }
  slot.last_flush.store(0);
  slot.last_error = {};
}

// What waits was captured for tables that were dropped. Only the worker may move the tails, and one
// may be leaving just now, so it is told where to begin.
void DiscardWaiting(DatabaseSlot &slot) {
  slot.discard_records_below.store(RingOf(slot).head());
  slot.discard_texts_below.store(TextsOf(slot).head());
  slot.discarded.fetch_add(DiscardFolds(slot));
}

void Activate(DatabaseSlot &slot, Oid database) {
  if (slot.database.load() == database) {
    DiscardWaiting(slot);
  } else {
    ClearSlot(slot, database);
  }
  FingerprintsOf(slot).Clear();
  RestartCounts(slot);
  slot.stop_requested.store(0);
  slot.epoch.store(static_cast<std::uint64_t>(GetCurrentTimestamp()));
  slot.active.store(1, std::memory_order_release);
}

}  // namespace

void RequestSharedState() {
  RequestHook::Install(OnShmemRequest);
  StartupHook::Install(OnShmemStartup);
}

int SlotCount() { return settings.max_databases; }

DatabaseSlot &SlotAt(int index) {
  return *reinterpret_cast<DatabaseSlot *>(slots + layout.bytes * index);
}

BackendArea &AreaAt(int process_number) {
  return *reinterpret_cast<BackendArea *>(areas + sizeof(BackendArea) * process_number);
}

Ring &RingOf(const DatabaseSlot &slot) { return PartOf<Ring>(slot, layout.ring); }
core::ByteRing &TextsOf(const DatabaseSlot &slot) {
  return PartOf<core::ByteRing>(slot, layout.texts);
}
core::StringTable &TenantsOf(const DatabaseSlot &slot) {
  return PartOf<core::StringTable>(slot, layout.tenants);
}
core::StringTable &NamesOf(const DatabaseSlot &slot) {
  return PartOf<core::StringTable>(slot, layout.names);
}
core::StringTable &SessionNamesOf(const DatabaseSlot &slot) {
  return PartOf<core::StringTable>(slot, layout.session_names);
}
core::FingerprintSet &FingerprintsOf(const DatabaseSlot &slot) {
  return PartOf<core::FingerprintSet>(slot, layout.fingerprints);
}

DatabaseSlot *FindSlot(Oid database) {
  for (int i = 0; i < SlotCount(); i++) {
    DatabaseSlot &slot = SlotAt(i);
    if (slot.active.load(std::memory_order_acquire) != 0 && slot.database.load() == database) {
      return &slot;
    }
  }
  return nullptr;
}

DatabaseSlot *AttachDatabase(Oid database) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  DatabaseSlot *slot = FindSlot(database);
  if (slot == nullptr) {
    slot = FindInactiveSlot(database);
    if (slot != nullptr) {
      Activate(*slot, database);
      shared->generation.fetch_add(1);
    } else {
      shared->slots_exhausted.fetch_add(1);
    }
  }
  LWLockRelease(shared->lock);
  WakeLauncher();
  return slot;
}

void DetachDatabase(Oid database) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  if (DatabaseSlot *slot = FindSlot(database)) {
    slot->stop_requested.store(1);
    slot->active.store(0);
    shared->generation.fetch_add(1);
    WakeWorker(*slot);
    ConditionVariableBroadcast(&slot->flush_done);
  }
  LWLockRelease(shared->lock);
  WakeLauncher();
}

Counts CountsOf(const DatabaseSlot &slot) {
  LWLockAcquire(shared->lock, LW_SHARED);
  Counts counts = RawCountsOf(slot);
  counts.captured -= slot.at_reset.captured;
  counts.folded -= slot.at_reset.folded;
  counts.dropped -= slot.at_reset.dropped;
  counts.flushed -= slot.at_reset.flushed;
  LWLockRelease(shared->lock);
  return counts;
}

std::uint64_t PendingFolds(const DatabaseSlot &slot) {
  std::uint64_t calls = 0;
  for (int i = 0; i < pg::ProcessCount(); i++) calls += AreaAt(i).folds().PendingCalls(slot.group);
  return calls;
}

void ResetCounts(DatabaseSlot &slot) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  RestartCounts(slot);
  LWLockRelease(shared->lock);
}

void RetireArea(BackendArea &area) {
  const std::uint32_t group = area.group.load();
  if (group == 0) return;
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  for (int i = 0; i < SlotCount(); i++) {
    DatabaseSlot &slot = SlotAt(i);
    if (slot.group.load() != group) continue;
    slot.captured_by_ended.fetch_add(area.captured.load());
    slot.folded_by_ended.fetch_add(area.folded.load());
    slot.dropped_by_ended.fetch_add(area.dropped.load());
  }
  area.group.store(0);
  area.captured.store(0);
  area.folded.store(0);
  area.dropped.store(0);
  LWLockRelease(shared->lock);
}

}  // namespace weir::stats
