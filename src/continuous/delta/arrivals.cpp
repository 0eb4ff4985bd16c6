#include "continuous/delta/arrivals.hpp"

#include "continuous/delta/frontier.hpp"
#include "continuous/delta/rows.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"
}

namespace weir::continuous {
namespace {

enum ArrivalColumn : AttrNumber {
  kQuery = 1,
  kRelation,
  kBy,
  kOldest,
  kCountedBelow,
  kRelfilenode,
  kArrivalColumns = kRelfilenode
};

// Raw ids compare within half of their range.
constexpr uint64 kLongestAbsence = 1ULL << 30;

void ReadRow(const Rows &rows, HeapTuple tuple, Arrival *arrival) {
  arrival->by = XidColumn(rows, tuple, kBy);
  arrival->oldest = XidColumn(rows, tuple, kOldest);
  arrival->counted_below = XidColumn(rows, tuple, kCountedBelow);
  arrival->relfilenode = DatumGetObjectId(Column(rows, tuple, kRelfilenode));
}

void OpenArrivals(Rows *rows, int32 query_id, Oid relation, LOCKMODE mode, Snapshot snapshot) {
  KeyOn(rows, 0, kQuery, Int32GetDatum(query_id));
  KeyOn(rows, 1, kRelation, ObjectIdGetDatum(relation));
  OpenRows(rows, "arrivals", mode, snapshot, OidIsValid(relation) ? 2 : 1);
}

// Who has changed the row, and when: what happened before the table came is part of what came.
struct Changes {
  FullTransactionId oldest;
  FullTransactionId counted_below;
  FullTransactionId next;
};

bool IsFrom(TransactionId xid, FullTransactionId first, FullTransactionId next) {
  return TransactionIdIsNormal(xid) && !FullTransactionIdPrecedes(WidenXid(xid, next), first);
}

TransactionId ChangerOf(HeapTupleHeader header) {
  const uint16 infomask = header->t_infomask;
  if ((infomask & HEAP_XMAX_INVALID) != 0 || HEAP_XMAX_IS_LOCKED_ONLY(infomask)) {
    return InvalidTransactionId;
  }
  return HeapTupleHeaderGetUpdateXid(header);
}

// A version that UPDATE made of a row that was counted cannot be told from one of a row that came
// while the table was away; and what a transaction has changed that began when others ran may have
// been changed before or after the table came.
bool IsUnclear(HeapTupleHeader header, const Changes &changes) {
  const TransactionId xmin = HeapTupleHeaderGetRawXmin(header);
  const bool is_version = (header->t_infomask & HEAP_UPDATED) != 0;
  if (is_version && IsFrom(xmin, changes.oldest, changes.next)) return true;
  if (is_version && FullTransactionIdIsValid(changes.counted_below) &&
      IsFrom(xmin, changes.counted_below, changes.next)) {
    return true;
  }
  return IsFrom(ChangerOf(header), changes.oldest, changes.next);
}

bool HasUnclearRow(Page page, const Changes &changes) {
  const OffsetNumber last = PageGetMaxOffsetNumber(page);
  for (OffsetNumber line = FirstOffsetNumber; line <= last; ++line) {
    const ItemId item = PageGetItemId(page, line);
    if (!ItemIdIsNormal(item)) continue;
    if (IsUnclear(reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item)), changes)) return true;
  }
  return false;
}

struct Look {
  bool is_empty;
  bool is_unclear;
};

// The table is locked against everybody.
Look LookInto(Relation relation, const Changes &changes) {
  Look look{true, false};
  BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
  const BlockNumber blocks = RelationGetNumberOfBlocks(relation);
  for (BlockNumber block = 0; block < blocks && !look.is_unclear; ++block) {
    CHECK_FOR_INTERRUPTS();
    Buffer buffer = ReadBufferExtended(relation, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    Page page = BufferGetPage(buffer);
    if (!PageIsNew(page) && PageGetMaxOffsetNumber(page) > 0) {
      look.is_empty = false;
      look.is_unclear = HasUnclearRow(page, changes);
    }
    UnlockReleaseBuffer(buffer);
  }
  FreeAccessStrategy(strategy);
  return look;
}

// False when the table is not what it was when it left, or it left too long ago.
bool IsWhatLeft(const Arrival &left, Relation relation, FullTransactionId next) {
  if (!FullTransactionIdIsValid(left.counted_below)) return true;
  const uint64 absence =
      U64FromFullTransactionId(next) - U64FromFullTransactionId(left.counted_below);
  return left.relfilenode == pg::RelfilenodeOf(relation) && absence < kLongestAbsence;
}

FullTransactionId OldestRunning(FullTransactionId next) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const FullTransactionId oldest = WidenXid(snapshot->xmin, next);
  UnregisterSnapshot(snapshot);
  return oldest;
}

bool FindLatest(int32 query_id, Oid relation, Arrival *arrival) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const bool found = FindArrival(query_id, relation, snapshot, arrival);
  UnregisterSnapshot(snapshot);
  return found;
}

}  // namespace

bool FindArrival(int32 query_id, Oid relation, Snapshot snapshot, Arrival *arrival) {
  Rows rows;
  OpenArrivals(&rows, query_id, relation, AccessShareLock, snapshot);
  HeapTuple tuple = systable_getnext(rows.scan);
  const bool found = HeapTupleIsValid(tuple);
  *arrival = Arrival{};
  if (found) ReadRow(rows, tuple, arrival);
  CloseRows(&rows);
  return found;
}

FullTransactionId LatestArrival(int32 query_id, FullTransactionId h, Snapshot snapshot) {
  Rows rows;
  OpenArrivals(&rows, query_id, InvalidOid, AccessShareLock, snapshot);
  FullTransactionId latest = InvalidFullTransactionId;
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(rows.scan))) {
    Arrival arrival;
    ReadRow(rows, tuple, &arrival);
    if (FullTransactionIdPrecedes(arrival.by, h)) continue;
    if (FullTransactionIdPrecedes(latest, arrival.by)) latest = arrival.by;
  }
  CloseRows(&rows);
  return latest;
}

void StoreArrival(int32 query_id, Oid relation, const Arrival &arrival) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Rows rows;
  OpenArrivals(&rows, query_id, relation, RowExclusiveLock, snapshot);
  Datum values[kArrivalColumns] = {Int32GetDatum(query_id),
                                   ObjectIdGetDatum(relation),
                                   FullTransactionIdGetDatum(arrival.by),
                                   FullTransactionIdGetDatum(arrival.oldest),
                                   FullTransactionIdGetDatum(arrival.counted_below),
                                   ObjectIdGetDatum(arrival.relfilenode)};
  bool nulls[kArrivalColumns] = {};
  nulls[kBy - 1] = !FullTransactionIdIsValid(arrival.by);
  nulls[kOldest - 1] = !FullTransactionIdIsValid(arrival.oldest);
  nulls[kCountedBelow - 1] = !FullTransactionIdIsValid(arrival.counted_below);
  Upsert(&rows, values, nulls);
  CloseRows(&rows);
  UnregisterSnapshot(snapshot);
  CommandCounterIncrement();
}

void ForgetArrival(int32 query_id, Oid relation) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Rows rows;
  OpenArrivals(&rows, query_id, relation, RowExclusiveLock, snapshot);
  HeapTuple tuple = systable_getnext(rows.scan);
  if (HeapTupleIsValid(tuple)) CatalogTupleDelete(rows.table, &tuple->t_self);
  CloseRows(&rows);
  UnregisterSnapshot(snapshot);
  CommandCounterIncrement();
}

void ForgetArrivals(int32 query_id) { ForgetRows(query_id, "arrivals"); }

bool NoteArrival(int32 query_id, Relation relation) {
  const Oid table = RelationGetRelid(relation);
  const TransactionId by = GetTopTransactionId();
  const FullTransactionId next = ReadNextFullTransactionId();
  Arrival arrival;
  (void)FindLatest(query_id, table, &arrival);
  arrival.by = WidenXid(by, next);
  arrival.oldest = OldestRunning(next);
  const Look look = LookInto(relation, {arrival.oldest, arrival.counted_below, next});
  if (look.is_empty) return true;
  if (look.is_unclear || !IsWhatLeft(arrival, relation, next)) return false;
  StoreArrival(query_id, table, arrival);
  return true;
}

void NoteLeave(int32 query_id, Relation relation, FullTransactionId h) {
  const Oid table = RelationGetRelid(relation);
  Arrival arrival;
  (void)FindLatest(query_id, table, &arrival);
  // What has come in this transaction was counted by nobody.
  const bool is_own = FullTransactionIdIsValid(arrival.by) &&
                      TransactionIdIsCurrentTransactionId(XidFromFullTransactionId(arrival.by));
  if (!is_own) arrival.counted_below = h;
  arrival.by = InvalidFullTransactionId;
  arrival.oldest = InvalidFullTransactionId;
  arrival.relfilenode = pg::RelfilenodeOf(relation);
  StoreArrival(query_id, table, arrival);
}

}  // namespace weir::continuous
