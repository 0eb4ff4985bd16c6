#include "continuous/frontier/arrivals.hpp"

#include "continuous/frontier/frontier.hpp"
#include "continuous/frontier/rows.hpp"
#include "pg/compat.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
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
  kChangedBy,
  kCountedBelow,
  kRelfilenode,
  kArrivalColumns = kRelfilenode
};

// Raw ids compare within half of their range.
constexpr uint64 kLongestAbsence = 1ULL << 30;

void ReadChangers(Datum value, Arrival *arrival) {
  Datum *xids;
  bool *nulls;
  deconstruct_array(DatumGetArrayTypePCopy(value), XID8OID, sizeof(FullTransactionId),
                    FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &xids, &nulls, &arrival->changed_count);
  arrival->changed_by = static_cast<FullTransactionId *>(
      palloc(sizeof(FullTransactionId) * static_cast<Size>(arrival->changed_count + 1)));
  for (int i = 0; i < arrival->changed_count; ++i) {
    arrival->changed_by[i] = DatumGetFullTransactionId(xids[i]);
  }
}

Datum ChangersAsArray(const Arrival &arrival) {
  auto *xids =
      static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<Size>(arrival.changed_count + 1)));
  for (int i = 0; i < arrival.changed_count; ++i) {
    xids[i] = FullTransactionIdGetDatum(arrival.changed_by[i]);
  }
  return PointerGetDatum(construct_array(xids, arrival.changed_count, XID8OID,
                                         sizeof(FullTransactionId), FLOAT8PASSBYVAL,
                                         TYPALIGN_DOUBLE));
}

void ReadRow(const Rows &rows, HeapTuple tuple, Arrival *arrival) {
  arrival->by = XidColumn(rows, tuple, kBy);
  arrival->oldest = XidColumn(rows, tuple, kOldest);
  arrival->counted_below = XidColumn(rows, tuple, kCountedBelow);
  ReadChangers(Column(rows, tuple, kChangedBy), arrival);
  arrival->relfilenode = DatumGetObjectId(Column(rows, tuple, kRelfilenode));
}

void OpenArrivals(Rows *rows, int32 query_id, Oid relation, LOCKMODE mode, Snapshot snapshot) {
  KeyOn(rows, 0, kQuery, Int32GetDatum(query_id));
  KeyOn(rows, 1, kRelation, ObjectIdGetDatum(relation));
  OpenRows(rows, "arrivals", mode, snapshot, OidIsValid(relation) ? 2 : 1);
}

// What is found in the table when it comes.
struct Look {
  FullTransactionId next;
  bool is_empty;
  bool is_unclear;
  int room;  // for changers
};

void AddChanger(Arrival *arrival, Look *look, TransactionId xid) {
  if (!TransactionIdIsNormal(xid)) return;
  const FullTransactionId changer = WidenXid(xid, look->next);
  if (FullTransactionIdPrecedes(changer, arrival->oldest)) return;
  const int count = arrival->changed_count;
  if (count > 0 && FullTransactionIdEquals(arrival->changed_by[count - 1], changer)) return;
  if (count == look->room) {
    look->room = Max(64, look->room * 2);
    const Size bytes = sizeof(FullTransactionId) * static_cast<Size>(look->room);
    arrival->changed_by = static_cast<FullTransactionId *>(
        count == 0 ? palloc(bytes) : repalloc(arrival->changed_by, bytes));
  }
  arrival->changed_by[arrival->changed_count++] = changer;
}

TransactionId ChangerOf(HeapTupleHeader header) {
  const uint16 infomask = header->t_infomask;
  if ((infomask & HEAP_XMAX_INVALID) != 0 || HEAP_XMAX_IS_LOCKED_ONLY(infomask)) {
    return InvalidTransactionId;
  }
  return HeapTupleHeaderGetUpdateXid(header);
}

// A version that UPDATE made of a row that was counted cannot be told from one of a row that came
// while the table was away.
void LookAtRow(Arrival *arrival, Look *look, HeapTupleHeader header) {
  AddChanger(arrival, look, ChangerOf(header));
  if ((header->t_infomask & HEAP_UPDATED) == 0) return;
  const TransactionId xmin = HeapTupleHeaderGetRawXmin(header);
  AddChanger(arrival, look, xmin);
  look->is_unclear |=
      FullTransactionIdIsValid(arrival->counted_below) && TransactionIdIsNormal(xmin) &&
      !FullTransactionIdPrecedes(WidenXid(xmin, look->next), arrival->counted_below);
}

void LookAtPage(Arrival *arrival, Look *look, Page page) {
  if (PageIsNew(page)) return;
  const OffsetNumber last = PageGetMaxOffsetNumber(page);
  for (OffsetNumber line = FirstOffsetNumber; line <= last; ++line) {
    const ItemId item = PageGetItemId(page, line);
    if (!ItemIdIsNormal(item)) continue;
    look->is_empty = false;
    LookAtRow(arrival, look, reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item)));
  }
}

int CompareXids(const void *left, const void *right) {
  const auto *a = static_cast<const FullTransactionId *>(left);
  const auto *b = static_cast<const FullTransactionId *>(right);
  return FullTransactionIdPrecedes(*a, *b) ? -1 : FullTransactionIdPrecedes(*b, *a) ? 1 : 0;
}

void OrderChangers(Arrival *arrival) {
  if (arrival->changed_count == 0) return;
  qsort(arrival->changed_by, static_cast<Size>(arrival->changed_count), sizeof(FullTransactionId),
        CompareXids);
  int kept = 0;
  for (int i = 0; i < arrival->changed_count; ++i) {
    const FullTransactionId xid = arrival->changed_by[i];
    if (kept > 0 && FullTransactionIdEquals(arrival->changed_by[kept - 1], xid)) continue;
    arrival->changed_by[kept++] = xid;
  }
  arrival->changed_count = kept;
}

// The table is locked against everybody.
Look LookInto(Relation relation, Arrival *arrival, FullTransactionId next) {
  Look look{next, true, false, 0};
  arrival->changed_count = 0;
  BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
  const BlockNumber blocks = RelationGetNumberOfBlocks(relation);
  for (BlockNumber block = 0; block < blocks && !look.is_unclear; ++block) {
    CHECK_FOR_INTERRUPTS();
    Buffer buffer = ReadBufferExtended(relation, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    LookAtPage(arrival, &look, BufferGetPage(buffer));
    UnlockReleaseBuffer(buffer);
  }
  FreeAccessStrategy(strategy);
  OrderChangers(arrival);
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

bool ChangedBefore(const Arrival &arrival, TransactionId xid, FullTransactionId next) {
  const FullTransactionId changer = WidenXid(xid, next);
  if (FullTransactionIdPrecedes(changer, arrival.oldest)) return true;
  return arrival.changed_count > 0 &&
         bsearch(&changer, arrival.changed_by, static_cast<Size>(arrival.changed_count),
                 sizeof(FullTransactionId), CompareXids) != nullptr;
}

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
                                   ChangersAsArray(arrival),
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
  const Look look = LookInto(relation, &arrival, next);
  if (look.is_empty) return true;
  if (WEIR_SEEDED("arrivals.none")) return true;
  if (WEIR_SEEDED("arrivals.again")) arrival.counted_below = InvalidFullTransactionId;
  if (WEIR_SEEDED("arrivals.unchanged")) arrival.changed_count = 0;
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
  arrival.changed_count = 0;
  arrival.relfilenode = pg::RelfilenodeOf(relation);
  StoreArrival(query_id, table, arrival);
}

}  // namespace weir::continuous
