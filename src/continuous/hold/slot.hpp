// The replication slot behind a database's hold.
#pragma once

#include "pg/pg.hpp"

namespace weir::continuous {

// Raises where the server cannot keep a hold.
void RequireSlots();

// A new slot with this xmin, on disk when this returns. The caller's own xmin is not above it.
void MakeSlot(Oid database, TransactionId xmin);

// False: there is no slot.
bool ReadSlotXmin(Oid database, TransactionId *xmin);

bool HasFreeSlot();

// Sets the xmin in memory; a checkpoint writes it. An older one after a crash holds more, not less.
// Cannot fail. Does nothing without a slot.
void SetSlotXmin(Oid database, TransactionId xmin);

void SaveSlot(Oid database);
void DropSlot(Oid database);

// The databases that have a slot, at most `limit`; returns how many.
int DatabasesWithSlot(Oid *databases, int limit);

// In a transaction.
void DropSlotsOfGoneDatabases();

// The oldest xmin of slots that are no holds of ours, such as those of standbys.
TransactionId OldestForeignXmin();

}  // namespace weir::continuous
