#include "continuous/hold/slot.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "pg/compat.hpp"

extern "C" {
#include "access/xlog.h"
#include "replication/slot.h"
#include "storage/lwlock.h"
#include "storage/spin.h"
#include "utils/syscache.h"
}

namespace weir::continuous {
namespace {

constexpr char kPrefix[] = "weir_hold_";

struct SlotName {
  char text[NAMEDATALEN];
};

SlotName NameOf(Oid database) {
  SlotName name;
  snprintf(name.text, sizeof(name.text), "%s%u", kPrefix, database);
  return name;
}

bool IsHold(const char *name) { return std::strncmp(name, kPrefix, sizeof(kPrefix) - 1) == 0; }

Oid DatabaseOf(const char *name) {
  return static_cast<Oid>(std::strtoul(name + sizeof(kPrefix) - 1, nullptr, 10));
}

void StoreXmin(ReplicationSlot *slot, TransactionId xmin) {
  SpinLockAcquire(&slot->mutex);
  slot->data.xmin = xmin;
  slot->effective_xmin = xmin;
  slot->just_dirtied = true;
  slot->dirty = true;
  SpinLockRelease(&slot->mutex);
}

// Calls `visit` with each slot in use and its xmin.
template <typename Visit>
void ForEachSlot(Visit &&visit) {
  LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
  for (int i = 0; i < max_replication_slots; ++i) {
    ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[i];
    if (!slot->in_use) continue;
    SpinLockAcquire(&slot->mutex);
    const TransactionId xmin = slot->effective_xmin;
    SpinLockRelease(&slot->mutex);
    visit(slot, xmin);
  }
  LWLockRelease(ReplicationSlotControlLock);
}

bool DatabaseExists(Oid database) {
  return SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database));
}

}  // namespace

void RequireSlots() {
  pg::RequireKeptRows();
  if (max_replication_slots == 0) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("continuous queries need a replication slot"),
            errhint("Set max_replication_slots to 1 or more for each database with continuous "
                    "queries, and restart the server."));
  }
  if (!XLogIsNeeded()) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("continuous queries need wal_level \"replica\" or higher"),
            errhint("Set wal_level = 'replica' in postgresql.conf and restart the server."));
  }
  if (RecoveryInProgress()) {
    ereport(ERROR, errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
            errmsg("continuous queries run on the primary only"));
  }
}

void MakeSlot(Oid database, TransactionId xmin) {
  const SlotName name = NameOf(database);
  TransactionId old;
  if (ReadSlotXmin(database, &old)) {
    pg::AcquireSlot(name.text);
  } else {
    pg::CreatePhysicalSlot(name.text);
  }
  StoreXmin(MyReplicationSlot, xmin);
  ReplicationSlotSave();
  ReplicationSlotsComputeRequiredXmin(false);
  ReplicationSlotRelease();
}

bool HasFreeSlot() {
  int used = 0;
  ForEachSlot([&](ReplicationSlot *, TransactionId) { used++; });
  return used < max_replication_slots;
}

bool ReadSlotXmin(Oid database, TransactionId *xmin) {
  const SlotName name = NameOf(database);
  bool found = false;
  ForEachSlot([&](ReplicationSlot *slot, TransactionId held) {
    if (std::strcmp(NameStr(slot->data.name), name.text) != 0) return;
    *xmin = held;
    found = true;
  });
  return found;
}

void SetSlotXmin(Oid database, TransactionId xmin) {
  const SlotName name = NameOf(database);
  bool found = false;
  ForEachSlot([&](ReplicationSlot *slot, TransactionId) {
    if (std::strcmp(NameStr(slot->data.name), name.text) != 0) return;
    StoreXmin(slot, xmin);
    found = true;
  });
  if (found) ReplicationSlotsComputeRequiredXmin(false);
}

void SaveSlot(Oid database) {
  pg::AcquireSlot(NameOf(database).text);
  ReplicationSlotMarkDirty();
  ReplicationSlotSave();
  ReplicationSlotRelease();
}

void DropSlot(Oid database) { ReplicationSlotDrop(NameOf(database).text, true); }

int DatabasesWithSlot(Oid *databases, int limit) {
  int count = 0;
  ForEachSlot([&](ReplicationSlot *slot, TransactionId) {
    const char *name = NameStr(slot->data.name);
    if (count < limit && IsHold(name)) databases[count++] = DatabaseOf(name);
  });
  return count;
}

void DropSlotsOfGoneDatabases() {
  constexpr int kMost = 64;
  Oid databases[kMost];
  const int count = DatabasesWithSlot(databases, kMost);
  for (int i = 0; i < count; ++i) {
    if (!DatabaseExists(databases[i])) DropSlot(databases[i]);
  }
}

TransactionId OldestForeignXmin() {
  TransactionId oldest = InvalidTransactionId;
  ForEachSlot([&](ReplicationSlot *slot, TransactionId xmin) {
    if (!TransactionIdIsValid(xmin) || IsHold(NameStr(slot->data.name))) return;
    if (!TransactionIdIsValid(oldest) || TransactionIdPrecedes(xmin, oldest)) oldest = xmin;
  });
  return oldest;
}

}  // namespace weir::continuous
