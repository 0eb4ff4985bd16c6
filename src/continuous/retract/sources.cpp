#include "continuous/retract/sources.hpp"

#include "continuous/delta/delta.hpp"
#include "continuous/frontier/frontier.hpp"
#include "continuous/rewrite/objects.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace weir::continuous {
namespace {

// A table with rows of its own, as the catalog has it.
struct TableNow {
  Oid relfilenode;     // InvalidOid: it has no rows
  TransactionId xmin;  // who changed its entry last
};

TableNow LookAt(Oid relation) {
  TableNow now{};
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return now;
  const auto *form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  if (form->relkind == RELKIND_RELATION) now.relfilenode = form->relfilenode;
  now.xmin = HeapTupleHeaderGetXmin(tuple->t_data);
  ReleaseSysCache(tuple);
  return now;
}

List *TablesOf(int32 query_id, LOCKMODE mode) {
  const Oid source = SourceOfQuery(query_id);
  return OidIsValid(source) ? find_all_inheritors(source, mode, nullptr) : NIL;
}

bool IsStored(const List *files, Oid relation, Oid relfilenode) {
  ListCell *cell;
  foreach (cell, files) {
    const auto *file = static_cast<const SourceFile *>(lfirst(cell));
    if (file->relation == relation) return file->relfilenode == relfilenode;
  }
  return false;
}

bool IsKnown(const List *files, Oid relation) {
  ListCell *cell;
  foreach (cell, files) {
    if (static_cast<const SourceFile *>(lfirst(cell))->relation == relation) return true;
  }
  return false;
}

bool IsUnchangedSince(HeapTupleHeader header, uint32 age, TransactionId next) {
  const TransactionId xmin = HeapTupleHeaderGetRawXmin(header);
  if (!TransactionIdIsNormal(xmin)) return true;  // taken back by ON CONFLICT
  // Ids given meanwhile are beyond `next`.
  const auto distance = static_cast<int32>(next - xmin);
  if ((header->t_infomask & HEAP_UPDATED) != 0 || distance > static_cast<int32>(age)) return false;
  return (header->t_infomask & HEAP_XMAX_INVALID) != 0 ||
         HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask);
}

bool IsFreshPage(Page page, uint32 age, TransactionId next) {
  const OffsetNumber last = PageIsNew(page) ? 0 : PageGetMaxOffsetNumber(page);
  for (OffsetNumber line = FirstOffsetNumber; line <= last; line++) {
    const ItemId item = PageGetItemId(page, line);
    if (!ItemIdIsNormal(item)) continue;
    if (!IsUnchangedSince(reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item)), age, next)) {
      return false;
    }
  }
  return true;
}

// Whoever changed a row of a table before it became a partition was not seen by any trigger.
bool IsFresh(Oid table, FullTransactionId h) {
  const FullTransactionId next = ReadNextFullTransactionId();
  const auto age =
      static_cast<uint32>(U64FromFullTransactionId(next) - U64FromFullTransactionId(h));
  Relation relation = table_open(table, NoLock);
  const BlockNumber blocks = RelationGetNumberOfBlocks(relation);
  bool is_fresh = true;
  for (BlockNumber block = 0; is_fresh && block < blocks; block++) {
    CHECK_FOR_INTERRUPTS();
    Buffer buffer = ReadBuffer(relation, block);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    is_fresh = IsFreshPage(BufferGetPage(buffer), age, XidFromFullTransactionId(next));
    UnlockReleaseBuffer(buffer);
  }
  table_close(relation, NoLock);
  return is_fresh;
}

// Tried again in a moment, as when a lock is not to be had.
[[noreturn]] void RaiseChanged(int32 query_id) {
  ereport(ERROR, errcode(ERRCODE_LOCK_NOT_AVAILABLE),
          errmsg("a table of continuous query %d has just changed", query_id));
  pg_unreachable();
}

}  // namespace

bool HasSameFiles(int32 query_id, Snapshot snapshot) {
  if (WEIR_SEEDED("retract.any_files")) return true;
  const List *files = FilesOf(query_id, snapshot);
  int count = 0;
  ListCell *cell;
  foreach (cell, TablesOf(query_id, NoLock)) {
    const TableNow now = LookAt(lfirst_oid(cell));
    if (!OidIsValid(now.relfilenode)) continue;
    if (!IsStored(files, lfirst_oid(cell), now.relfilenode)) return false;
    count++;
  }
  return count == list_length(files);
}

void RequireSameFiles(int32 query_id) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const bool is_same = HasSameFiles(query_id, snapshot);
  UnregisterSnapshot(snapshot);
  if (!is_same) RaiseChanged(query_id);
}

void AdoptFreshTables(int32 query_id, FullTransactionId h) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const List *files = FilesOf(query_id, snapshot);
  UnregisterSnapshot(snapshot);
  ListCell *cell;
  foreach (cell, TablesOf(query_id, NoLock)) {
    const TableNow now = LookAt(lfirst_oid(cell));
    if (!OidIsValid(now.relfilenode) || IsKnown(files, lfirst_oid(cell))) continue;
    if (!IsFresh(lfirst_oid(cell), h)) continue;
    StoreFile(query_id, {lfirst_oid(cell), now.relfilenode, ReadNextFullTransactionId(),
                         InvalidFullTransactionId});
  }
}

void LockFiles(int32 query_id) { TablesOf(query_id, AccessShareLock); }

void RequireFilesBelow(int32 query_id, FullTransactionId h) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const List *files = FilesOf(query_id, snapshot);
  UnregisterSnapshot(snapshot);
  const FullTransactionId next = ReadNextFullTransactionId();
  ListCell *cell;
  foreach (cell, TablesOf(query_id, NoLock)) {
    const TableNow now = LookAt(lfirst_oid(cell));
    if (!OidIsValid(now.relfilenode) || IsStored(files, lfirst_oid(cell), now.relfilenode))
      continue;
    if (!TransactionIdIsNormal(now.xmin)) continue;
    if (FullTransactionIdPrecedes(WidenXid(now.xmin, next), h)) continue;
    RaiseChanged(query_id);
  }
}

void NoteFiles(int32 query_id) {
  ForgetFiles(query_id);
  AddSource(query_id, SourceOfQuery(query_id));
}

}  // namespace weir::continuous
