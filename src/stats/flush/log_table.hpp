// Rows on their way into weir.query_stats, many to a page visit.
#pragma once

#include "stats/flush/log_row.hpp"

extern "C" {
#include "access/heapam.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
}

struct PartitionTupleRouting;

namespace weir::stats {

// An open table, and rows for one of its partitions that wait to be written together.
struct LogTable {
  Relation relation;
  Oid sequence;   // of the identity; invalid when the table is not as it was made
  EState *state;  // of PostgreSQL's executor, which finds partitions and fills indexes
  ModifyTableState *insertion;
  PartitionTupleRouting *routing;
  TupleTableSlot *row;
  MemoryContext row_context;
  ResultRelInfo *partition;  // the last one met
  bool partition_is_plain;
  BulkInsertState bulk;
  TupleTableSlot **waiting;
  int waiting_count;
};

// Locks and opens weir.query_stats, with memory of the current context, which has to live until
// CloseLog().
LogTable OpenLog();

// Puts a record among the waiting rows, or writes it at once where the table or its partition has
// triggers, rules, constraints or columns that somebody added. Raises 23514 when no partition takes
// it, 22000 when a trigger or a rule made nothing of it.
void AppendToLog(LogTable *log, const DatabaseSlot &slot, const core::QueryRecord &record);

// Writes what waits. The lock stays until the transaction ends.
void CloseLog(LogTable *log);

}  // namespace weir::stats
