// The stored frontiers: read and written directly, so that neither rights nor search_path of
// whoever ticks or reads matter.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xlogdefs.h"
#include "nodes/pg_list.h"
#include "utils/snapshot.h"
}

namespace weir::continuous {

struct Frontier {
  FullTransactionId h;
  XLogRecPtr lsn_low;
  TransactionId writer;  // who wrote this version of the row
};

// One file of a source.
struct SourceFile {
  Oid relation;
  Oid relfilenode;
  FullTransactionId settled_at;
  FullTransactionId rewritten_by;  // invalid: by nobody
};

// InvalidOid when the extension is not here.
Oid FrontiersOid();

bool FindFrontier(int32 query_id, Snapshot snapshot, Frontier *frontier);
void StoreFrontier(int32 query_id, const Frontier &frontier);

// Removes the query's rows from both tables.
void ForgetQuery(int32 query_id);

// The lowest of all frontiers that are not below `floor`, and the latest transaction that wrote one
// of them. False: there is none.
struct LowestFrontier {
  FullTransactionId h;
  TransactionId writer;
};
bool FindLowestFrontier(Snapshot snapshot, FullTransactionId floor, LowestFrontier *lowest);

bool FindFile(int32 query_id, Oid relation, Snapshot snapshot, SourceFile *file);
void StoreFile(int32 query_id, const SourceFile &file);

// A file that is no part of the source any more.
void ForgetFile(int32 query_id, Oid relation);
// Of SourceFile *: the files of a query, and none of them.
List *FilesOf(int32 query_id, Snapshot snapshot);
void ForgetFiles(int32 query_id);

// The queries whose ticks have read a relation, at most `limit`; returns how many.
int QueriesOf(Oid relation, Snapshot snapshot, int32 *queries, int limit);

// Keeps ticks, creation and removal of one query apart until the transaction ends.
void LockQuery(int32 query_id);

// A 32-bit id near `next`, as 64 bits.
inline FullTransactionId WidenXid(TransactionId xid, FullTransactionId next) {
  const auto age = static_cast<uint32>(XidFromFullTransactionId(next) - xid);
  return FullTransactionIdFromU64(U64FromFullTransactionId(next) - age);
}

}  // namespace weir::continuous
