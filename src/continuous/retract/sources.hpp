// Whether the files of a source are those that the state of a query was made from. TRUNCATE, and
// partitions that come and go, change them and fire no triggers.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/transam.h"
#include "nodes/pg_list.h"
#include "utils/snapshot.h"
}

namespace weir::continuous {

// The state is as stored in what the snapshot sees; the tables are as they are now, as for any
// query.
bool HasSameFiles(int32 query_id, Snapshot snapshot);

// Locks the tables with rows, so that their files stay.
void LockFiles(int32 query_id);

// Raises when a table's file was changed by a transaction that is not below `h`: rows that COPY
// FREEZE has put there are seen by any snapshot, and would be counted twice.
void RequireFilesBelow(int32 query_id, FullTransactionId h);

// The state is made from the files that are there now.
void NoteFiles(int32 query_id);

// Notes tables that have come and have only rows of transactions from `h` on, none of them changed:
// they are new rows like any others.
void AdoptFreshTables(int32 query_id, FullTransactionId h);

// Raises when a table has come while the tick was under way, so that it is done again.
void RequireSameFiles(int32 query_id);

}  // namespace weir::continuous
