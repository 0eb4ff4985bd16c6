// This process's side of capture: which ring it writes to, and who its statements are for.
#pragma once

#include <string_view>

#include "core/record/query_record.hpp"
#include "stats/shared_state.hpp"

namespace weir::stats {

// What this process knows of its database; refreshed when SharedState::generation moves on.
struct Session {
  std::uint32_t generation = 0;
  DatabaseSlot *slot = nullptr;  // null: this database is not recorded
  Ring *ring = nullptr;
  BackendArea *area = nullptr;
};

extern Session session;

// Looks the database up, and attaches it when it has the extension and no slot.
void RefreshSession();

// True when this process's database is recorded. The usual answer costs one comparison.
inline bool IsRecording() {
  if (unlikely(shared == nullptr)) return false;
  if (unlikely(session.generation != shared->generation.load(std::memory_order_acquire))) {
    RefreshSession();
  }
  return session.slot != nullptr;
}

// Names in a record are numbers of one stay of the database in its slot. A record that is begun
// under CurrentStay() may be submitted as long as IsStay() says so; unlike IsRecording() this never
// asks the catalog, so it serves in error handlers. Needs IsRecording() at the beginning.
inline std::uint32_t CurrentStay() { return session.area->group.load(std::memory_order_relaxed); }
inline bool IsStay(std::uint32_t stay) {
  return session.slot != nullptr && CurrentStay() == stay &&
         session.slot->active.load(std::memory_order_relaxed) != 0;
}

// Number of a name in the slot's table, "__other__" when the table is full, 0 for an empty name.
core::NameId InternName(const char *name);

// Fills in user, tenant, application and client. Needs IsRecording().
void Identify(core::QueryRecord &record);

// The tenant under its number; `text` of at most 63 bytes.
core::NameId InternTenant(const char *text);

// Called once, from _PG_init.
void InstallSession();

// For processes whose statements are nobody's, such as the flush worker.
void NeverRecord();

// The next statement finds out anew whether this process's database is recorded.
void LookAgain();

// After CREATE or DROP EXTENSION: takes effect when the transaction commits.
void AttachAtCommit();
void DetachAtCommit();

}  // namespace weir::stats
