#include "continuous/frontier/frontier.hpp"

#include "continuous/frontier/arrivals.hpp"
#include "continuous/frontier/rows.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"
}

namespace weir::continuous {
namespace {

enum FrontierColumn : AttrNumber { kFrontierQuery = 1, kH, kLsnLow, kFrontierColumns = kLsnLow };
enum FileColumn : AttrNumber {
  kFileQuery = 1,
  kFileRelation,
  kRelfilenode,
  kSettledAt,
  kRewrittenBy,
  kFileColumns = kRewrittenBy
};

void ReadFrontierRow(const Rows &rows, HeapTuple tuple, Frontier *frontier) {
  frontier->h = XidColumn(rows, tuple, kH);
  frontier->lsn_low = DatumGetLSN(Column(rows, tuple, kLsnLow));
  frontier->writer = HeapTupleHeaderGetXmin(tuple->t_data);
}

void ReadFileRow(const Rows &rows, HeapTuple tuple, SourceFile *file) {
  file->relation = DatumGetObjectId(Column(rows, tuple, kFileRelation));
  file->relfilenode = DatumGetObjectId(Column(rows, tuple, kRelfilenode));
  file->settled_at = XidColumn(rows, tuple, kSettledAt);
  file->rewritten_by = XidColumn(rows, tuple, kRewrittenBy);
}

void StoreFileRow(Rows *rows, int32 query_id, const SourceFile &file) {
  Datum values[kFileColumns] = {
      Int32GetDatum(query_id), ObjectIdGetDatum(file.relation), ObjectIdGetDatum(file.relfilenode),
      FullTransactionIdGetDatum(file.settled_at), FullTransactionIdGetDatum(file.rewritten_by)};
  bool nulls[kFileColumns] = {};
  nulls[kRewrittenBy - 1] = !FullTransactionIdIsValid(file.rewritten_by);
  Upsert(rows, values, nulls);
}

}  // namespace

Oid FrontiersOid() { return TableOid("frontiers"); }

bool FindFrontier(int32 query_id, Snapshot snapshot, Frontier *frontier) {
  Rows rows;
  KeyOn(&rows, 0, kFrontierQuery, Int32GetDatum(query_id));
  OpenRows(&rows, "frontiers", AccessShareLock, snapshot, 1);
  HeapTuple tuple = systable_getnext(rows.scan);
  const bool found = HeapTupleIsValid(tuple);
  if (found) ReadFrontierRow(rows, tuple, frontier);
  CloseRows(&rows);
  return found;
}

void StoreFrontier(int32 query_id, const Frontier &frontier) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Rows rows;
  KeyOn(&rows, 0, kFrontierQuery, Int32GetDatum(query_id));
  OpenRows(&rows, "frontiers", RowExclusiveLock, snapshot, 1);
  Datum values[kFrontierColumns] = {Int32GetDatum(query_id), FullTransactionIdGetDatum(frontier.h),
                                    LSNGetDatum(frontier.lsn_low)};
  bool nulls[kFrontierColumns] = {};
  Upsert(&rows, values, nulls);
  CloseRows(&rows);
  UnregisterSnapshot(snapshot);
  CommandCounterIncrement();
}

void ForgetQuery(int32 query_id) {
  ForgetRows(query_id, "frontiers");
  ForgetFiles(query_id);
  ForgetArrivals(query_id);
}

void ForgetFiles(int32 query_id) { ForgetRows(query_id, "frontier_files"); }

List *FilesOf(int32 query_id, Snapshot snapshot) {
  Rows rows;
  KeyOn(&rows, 0, kFileQuery, Int32GetDatum(query_id));
  OpenRows(&rows, "frontier_files", AccessShareLock, snapshot, 1);
  List *files = NIL;
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(rows.scan))) {
    auto *file = static_cast<SourceFile *>(palloc(sizeof(SourceFile)));
    ReadFileRow(rows, tuple, file);
    files = lappend(files, file);
  }
  CloseRows(&rows);
  return files;
}

bool FindLowestFrontier(Snapshot snapshot, FullTransactionId floor, LowestFrontier *lowest) {
  Rows rows;
  OpenRows(&rows, "frontiers", AccessShareLock, snapshot, 0);
  *lowest = LowestFrontier{};
  bool found = false;
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(rows.scan))) {
    Frontier frontier;
    ReadFrontierRow(rows, tuple, &frontier);
    if (FullTransactionIdPrecedes(frontier.h, floor)) continue;
    if (!found || FullTransactionIdPrecedes(frontier.h, lowest->h)) lowest->h = frontier.h;
    if (!found || TransactionIdPrecedes(lowest->writer, frontier.writer)) {
      lowest->writer = frontier.writer;
    }
    found = true;
  }
  CloseRows(&rows);
  return found;
}

bool FindFile(int32 query_id, Oid relation, Snapshot snapshot, SourceFile *file) {
  Rows rows;
  KeyOn(&rows, 0, kFileQuery, Int32GetDatum(query_id));
  KeyOn(&rows, 1, kFileRelation, ObjectIdGetDatum(relation));
  OpenRows(&rows, "frontier_files", AccessShareLock, snapshot, 2);
  HeapTuple tuple = systable_getnext(rows.scan);
  const bool found = HeapTupleIsValid(tuple);
  if (found) ReadFileRow(rows, tuple, file);
  CloseRows(&rows);
  return found;
}

void StoreFile(int32 query_id, const SourceFile &file) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Rows rows;
  KeyOn(&rows, 0, kFileQuery, Int32GetDatum(query_id));
  KeyOn(&rows, 1, kFileRelation, ObjectIdGetDatum(file.relation));
  OpenRows(&rows, "frontier_files", RowExclusiveLock, snapshot, 2);
  StoreFileRow(&rows, query_id, file);
  CloseRows(&rows);
  UnregisterSnapshot(snapshot);
  CommandCounterIncrement();
}

void ForgetFile(int32 query_id, Oid relation) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Rows rows;
  KeyOn(&rows, 0, kFileQuery, Int32GetDatum(query_id));
  KeyOn(&rows, 1, kFileRelation, ObjectIdGetDatum(relation));
  OpenRows(&rows, "frontier_files", RowExclusiveLock, snapshot, 2);
  HeapTuple tuple = systable_getnext(rows.scan);
  if (HeapTupleIsValid(tuple)) CatalogTupleDelete(rows.table, &tuple->t_self);
  CloseRows(&rows);
  UnregisterSnapshot(snapshot);
  CommandCounterIncrement();
}

int QueriesOf(Oid relation, Snapshot snapshot, int32 *queries, int limit) {
  Rows rows;
  OpenRows(&rows, "frontier_files", AccessShareLock, snapshot, 0);
  int count = 0;
  HeapTuple tuple;
  while (count < limit && HeapTupleIsValid(tuple = systable_getnext(rows.scan))) {
    SourceFile file;
    ReadFileRow(rows, tuple, &file);
    if (file.relation != relation) continue;
    queries[count++] = DatumGetInt32(Column(rows, tuple, kFileQuery));
  }
  CloseRows(&rows);
  return count;
}

// The frontiers' oid names the extension's incarnation, and no lock of anybody else.
void LockQuery(int32 query_id) {
  LockDatabaseObject(FrontiersOid(), static_cast<Oid>(query_id), 0, ExclusiveLock);
}

}  // namespace weir::continuous
