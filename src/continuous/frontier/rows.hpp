// Rows of the tables that frontiers are kept in, found by their primary key: a query, and a table
// where there is one.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/genam.h"
#include "access/skey.h"
#include "access/transam.h"
#include "utils/snapshot.h"
}

namespace weir::continuous {

// InvalidOid when the extension is not here.
Oid TableOid(const char *name);

// Closed by CloseRows().
struct Rows {
  Relation table;
  SysScanDesc scan;
  ScanKeyData keys[2];
};

void OpenRows(Rows *rows, const char *name, LOCKMODE mode, Snapshot snapshot, int key_count);

// The lock stays until the transaction ends.
void CloseRows(Rows *rows);

// Before OpenRows().
void KeyOn(Rows *rows, int key, AttrNumber column, Datum value);

FullTransactionId XidColumn(const Rows &rows, HeapTuple tuple, AttrNumber column);
Datum Column(const Rows &rows, HeapTuple tuple, AttrNumber column);

// Replaces the row that the scan finds, or inserts one.
void Upsert(Rows *rows, Datum *values, bool *nulls);

// Of one query, whose number is the first column.
void ForgetRows(int32 query_id, const char *table);

}  // namespace weir::continuous
