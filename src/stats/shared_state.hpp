// What the statistics keep in shared memory: a slot for each database that is recorded, with its
// ring, and an area for each process that can run statements.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/record/query_record.hpp"
#include "core/shared/byte_ring.hpp"
#include "core/shared/fingerprint_set.hpp"
#include "core/shared/fold_table.hpp"
#include "core/shared/mpsc_ring.hpp"
#include "core/shared/shared_layout.hpp"
#include "core/shared/string_table.hpp"
#include "pg/pg.hpp"
#include "worker/launcher.hpp"

extern "C" {
#include "storage/condition_variable.h"
#include "storage/lwlock.h"
}

namespace weir::stats {

using core::SharedU32;
using core::SharedU64;
using Ring = core::MpscRing<core::QueryRecord>;
using FoldTable = core::FoldTable<32>;
using SharedI32 = std::atomic<std::int32_t>;
using SharedI64 = std::atomic<std::int64_t>;

constexpr std::uint32_t kNameCapacity = 8192;         // tables and columns
constexpr std::uint32_t kSessionNameCapacity = 4096;  // applications and clients
constexpr std::uint32_t kFingerprintCapacity = 16384;
constexpr core::NameId kOtherName = 1;  // "__other__": first in each string table

// One process's part. Written by that process alone, except that the flush worker empties `folds`.
struct alignas(core::kCacheLineBytes) BackendArea {
  SharedU32 group{0};     // the database slot's group that the counts are of
  SharedU64 captured{0};  // statements, as all counts here
  SharedU64 folded{0};    // of those, folded instead of given a record of their own
  SharedU64 dropped{0};   // of those, lost
  alignas(core::kCacheLineBytes) std::byte fold_storage[FoldTable::BytesFor()];

  FoldTable &folds() noexcept { return *reinterpret_cast<FoldTable *>(fold_storage); }
  const FoldTable &folds() const noexcept {
    return *reinterpret_cast<const FoldTable *>(fold_storage);
  }
};

// Statements since the group began or was reset.
struct Counts {
  std::uint64_t captured = 0;
  std::uint64_t folded = 0;
  std::uint64_t dropped = 0;
  std::uint64_t flushed = 0;
};

// The last failure to flush; under SharedState::lock.
struct FlushError {
  core::Timestamp at;
  int sqlstate;
  char message[256];
};

// One database. Fields are grouped by who writes them; each group has cache lines of its own.
//
// A process that records into a slot keeps the slot's group in its area until it has noticed that
// the slot was given up. So an inactive slot goes to another database only when no area holds its
// group, and goes back to its own database, as it is, at any time.
struct DatabaseSlot {
  // Under SharedState::lock; read without.
  alignas(core::kCacheLineBytes) SharedU32 database{InvalidOid};
  SharedU32 active{0};  // the database has the extension
  SharedU32 group{0};   // names one stay of one database in this slot; never 0 in use, never reused
  SharedU64 epoch{0};   // tells the worker whether a position on disk is of this ring
  SharedI32 pauses{0};  // sessions that need the database free of our worker
  // What was captured for an earlier extension's tables: the worker throws away what is below.
  SharedU64 discard_records_below{0};
  SharedU64 discard_texts_below{0};

  // The worker; the launcher clears them when the worker is gone.
  alignas(core::kCacheLineBytes) SharedI32 worker_pid{0};
  SharedI32 worker_process{-1};  // number in the server's process array
  SharedU64 flushed{0};          // statements
  SharedU64 discarded{0};        // statements captured for an earlier extension's tables
  SharedU64 flushes{0};
  SharedU64 flush_errors{0};
  SharedI64 last_flush{0};
  SharedU64 drains{0};           // times everything that waited was committed
  SharedU64 flush_completed{0};  // the newest request served
  SharedU64 flush_failed{0};     // the newest request that met a failure
  SharedU32 connected{0};        // the worker has reached its database since its start
  SharedU32 recovering{0};       // the worker waits for the end of recovery

  // Whoever wants something of the worker.
  alignas(core::kCacheLineBytes) SharedU32 wake_requested{0};
  SharedU32 stop_requested{0};
  SharedU64 flush_requested{0};
  SharedU64 names_rejected{0};
  SharedU64 texts_rejected{0};

  // Counts of processes that have ended.
  alignas(core::kCacheLineBytes) SharedU64 captured_by_ended{0};
  SharedU64 folded_by_ended{0};
  SharedU64 dropped_by_ended{0};

  ConditionVariable flush_done;
  FlushError last_error{};
  Counts at_reset{};  // subtracted from what is shown; under SharedState::lock
};

struct SharedState {
  LWLock *lock;
  SharedU32 generation{1};  // moves on when a slot is taken or freed
  SharedU32 last_group{0};
  SharedU32 slots_exhausted{0};         // databases that found no free slot
  SharedU32 worker_slots_exhausted{0};  // the server had no background worker slot free
};

extern SharedState *shared;

// Called once, from _PG_init: reserves the memory.
void RequestSharedState();

DatabaseSlot &SlotAt(int index);
int SlotCount();
BackendArea &AreaAt(int process_number);

Ring &RingOf(const DatabaseSlot &slot);
core::ByteRing &TextsOf(const DatabaseSlot &slot);
core::StringTable &TenantsOf(const DatabaseSlot &slot);
core::StringTable &NamesOf(const DatabaseSlot &slot);
core::StringTable &SessionNamesOf(const DatabaseSlot &slot);
core::FingerprintSet &FingerprintsOf(const DatabaseSlot &slot);

// The active slot of `database`, or null.
DatabaseSlot *FindSlot(Oid database);

// Takes a slot for `database` unless it has one. Null when all are taken. Raises nothing, so that
// it may run in a transaction's commit.
DatabaseSlot *AttachDatabase(Oid database);

// Gives the slot of `database` up; what its ring holds has lost the table it was meant for.
void DetachDatabase(Oid database);

inline void WakeWorker(const DatabaseSlot &slot) {
  worker::WakeProcess(slot.worker_process.load());
}
using worker::WakeLauncher;

// Sums over all processes, less what was there at the last reset. Exact when nobody captures.
Counts CountsOf(const DatabaseSlot &slot);
std::uint64_t PendingFolds(const DatabaseSlot &slot);

// Makes CountsOf() start again; what waits in the ring and in the fold tables is kept and counted.
void ResetCounts(DatabaseSlot &slot);

// Adds this process's counts to those of ended processes; for its exit and for a change of group.
void RetireArea(BackendArea &area);

}  // namespace weir::stats
