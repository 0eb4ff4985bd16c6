#include "continuous/frontier/rows.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"
}

namespace weir::continuous {

Oid TableOid(const char *name) {
  const Oid schema = get_namespace_oid("weir", true);
  return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

void OpenRows(Rows *rows, const char *name, LOCKMODE mode, Snapshot snapshot, int key_count) {
  const Oid table = TableOid(name);
  if (!OidIsValid(table)) {
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table weir.%s does not exist", name),
            errhint("Run CREATE EXTENSION pg_weir."));
  }
  rows->table = table_open(table, mode);
  const Oid index = pg::PrimaryKeyOf(rows->table);
  rows->scan = systable_beginscan(rows->table, index, key_count > 0 && OidIsValid(index), snapshot,
                                  key_count, rows->keys);
}

void CloseRows(Rows *rows) {
  systable_endscan(rows->scan);
  table_close(rows->table, NoLock);
}

void KeyOn(Rows *rows, int key, AttrNumber column, Datum value) {
  const RegProcedure equal = key > 0 ? F_OIDEQ : F_INT4EQ;
  ScanKeyInit(&rows->keys[key], column, BTEqualStrategyNumber, equal, value);
}

FullTransactionId XidColumn(const Rows &rows, HeapTuple tuple, AttrNumber column) {
  bool is_null;
  const Datum value = heap_getattr(tuple, column, RelationGetDescr(rows.table), &is_null);
  return is_null ? InvalidFullTransactionId : DatumGetFullTransactionId(value);
}

Datum Column(const Rows &rows, HeapTuple tuple, AttrNumber column) {
  bool is_null;
  return heap_getattr(tuple, column, RelationGetDescr(rows.table), &is_null);
}

void Upsert(Rows *rows, Datum *values, bool *nulls) {
  HeapTuple fresh = heap_form_tuple(RelationGetDescr(rows->table), values, nulls);
  HeapTuple old = systable_getnext(rows->scan);
  if (HeapTupleIsValid(old)) {
    CatalogTupleUpdate(rows->table, &old->t_self, fresh);
  } else {
    CatalogTupleInsert(rows->table, fresh);
  }
  heap_freetuple(fresh);
}

void ForgetRows(int32 query_id, const char *table) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Rows rows;
  KeyOn(&rows, 0, 1, Int32GetDatum(query_id));
  OpenRows(&rows, table, RowExclusiveLock, snapshot, 1);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(rows.scan))) {
    CatalogTupleDelete(rows.table, &tuple->t_self);
  }
  CloseRows(&rows);
  UnregisterSnapshot(snapshot);
  CommandCounterIncrement();
}

}  // namespace weir::continuous
