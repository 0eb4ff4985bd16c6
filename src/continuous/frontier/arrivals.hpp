// Tables that have come to a source with rows in them, and those that have left it and may come
// back: their rows are older than what ticks look for.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
}

namespace weir::continuous {

// The rows that are in a table when it comes belong to the results from the first frontier on that
// is above `by`; until then, and not for older snapshots, all rows of the table are new.
struct Arrival {
  FullTransactionId by;      // who attached it; invalid: it has left
  FullTransactionId oldest;  // of the transactions that ran at that time
  // Those from `oldest` on that had updated or deleted rows by then, in order.
  FullTransactionId *changed_by;
  int changed_count;
  // Rows of older ones were counted before it left; may be invalid.
  FullTransactionId counted_below;
  Oid relfilenode;  // when it left
};

// Whether a transaction that has changed a row had done so when the table came.
bool ChangedBefore(const Arrival &arrival, TransactionId xid, FullTransactionId next);

// What is found is in the current memory context.
bool FindArrival(int32 query_id, Oid relation, Snapshot snapshot, Arrival *arrival);
void StoreArrival(int32 query_id, Oid relation, const Arrival &arrival);
void ForgetArrival(int32 query_id, Oid relation);
void ForgetArrivals(int32 query_id);

// The latest transaction that attached a table from `h` on; invalid when there is none.
FullTransactionId LatestArrival(int32 query_id, FullTransactionId h, Snapshot snapshot);

// Notes, in the transaction that has attached the table and locks it against everybody, that its
// rows are to be counted. False when it cannot be told which of them were: then the query is stale.
bool NoteArrival(int32 query_id, Relation relation);

// Notes that a table leaves, of which everything below `h` is counted.
void NoteLeave(int32 query_id, Relation relation, FullTransactionId h);

}  // namespace weir::continuous
