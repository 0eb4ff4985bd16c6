#include "continuous/retract/sources.hpp"

#include "continuous/delta/delta.hpp"
#include "continuous/delta/frontier.hpp"
#include "continuous/rewrite/objects.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
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
    ereport(ERROR, errcode(ERRCODE_LOCK_NOT_AVAILABLE),
            errmsg("a table of continuous query %d has just changed", query_id));
  }
}

void NoteFiles(int32 query_id) {
  ForgetFiles(query_id);
  AddSource(query_id, SourceOfQuery(query_id));
}

}  // namespace weir::continuous
