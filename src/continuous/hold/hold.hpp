// The hold keeps vacuum off rows that are not consumed: a physical replication slot of the database
// with nothing but xmin set. It keeps no WAL, and survives crashes and restarts.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
}

namespace weir::continuous {

struct HoldStatus {
  bool exists;             // false: nothing is held
  FullTransactionId xmin;  // rows deleted by transactions from here on are kept
  uint64 age;              // transactions since
};

// Makes sure that the database has a hold, at or below the current transaction's xmin. In the
// transaction that creates a query, as its first step, before it has a transaction id; undone when
// that transaction fails.
void AcquireHold();

// Waits until no query is being created, dropped or rebuilt, which is said, and keeps it so until
// the end of the transaction.
void KeepQueries();

// Moves the hold up to what no query of this database and no running snapshot needs any more, and
// past that when it is older than weir.max_hold_age: the queries left behind become stale. In a
// transaction of its own; costs microseconds, and is called about once a second by each worker.
void AdvanceHold();

// Ends the hold when the current transaction commits, if it has deleted the last frontier of the
// database. Called before anything of a query is locked, as in creating one.
void ReleaseHold();

// The database's hold. Takes no transaction.
HoldStatus ReadHold();

// The databases that have one, at most `limit`; returns how many.
int DatabasesWithHold(Oid *databases, int limit);

// Whether rows of transactions from `h` on are all there.
bool HoldCovers(FullTransactionId h);

// Drops the slot of this database unless there is a query. In a transaction; for a worker that
// finds nothing to do, also after DROP EXTENSION.
void DropUnusedHold();

// On a standby: keeps what a promoted server is to find, that is, rows from the lowest frontier on.
// In a transaction.
void FollowHold();

// Drops the slots of databases that are gone. In a transaction; needs no database.
void SweepHolds();

}  // namespace weir::continuous
