#include "stats/flush/log_table.hpp"

#include <cstring>

#include "pg/compat.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "commands/sequence.h"
#include "executor/execPartition.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace weir::stats {

namespace {

constexpr int kMostWaiting = 250;

bool HasLogColumns(TupleDesc columns) {
  if (columns->natts != kLogColumnCount) return false;
  for (int i = 0; i < kLogColumnCount; i++) {
    const FormData_pg_attribute *column = TupleDescAttr(columns, i);
    if (column->attisdropped || column->atttypid != kLogColumns[i].type ||
        (column->attnotnull && !kLogColumns[i].has_value) ||
        std::strcmp(NameStr(column->attname), kLogColumns[i].name) != 0) {
      return false;
    }
  }
  const TupleConstr *constraints = columns->constr;
  return constraints == nullptr ||
         (constraints->num_check == 0 && !constraints->has_generated_stored);
}

// Whether rows may be written past the executor's checks.
bool IsPlain(const ResultRelInfo *table) {
  return table->ri_TrigDesc == nullptr && table->ri_FdwRoutine == nullptr &&
         HasLogColumns(RelationGetDescr(table->ri_RelationDesc));
}

// Rules are the rewriter's, and a table of another kind has no partitions to look for.
bool IsPlainRoot(const ResultRelInfo *root) {
  const RelationData *relation = root->ri_RelationDesc;
  return relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE && relation->rd_rules == nullptr &&
         IsPlain(root);
}

Oid IdentityOf(Relation relation) {
  const FormData_pg_attribute *column = TupleDescAttr(RelationGetDescr(relation), 0);
  if (column->attidentity != ATTRIBUTE_IDENTITY_ALWAYS) return InvalidOid;
  return pg::IdentitySequence(relation, 1);
}

// What COPY would set up too.
void PrepareRouting(LogTable *log, ResultRelInfo *root) {
  log->state = CreateExecutorState();
  log->state->es_output_cid = GetCurrentCommandId(true);
  log->insertion = makeNode(ModifyTableState);
  log->insertion->ps.state = log->state;
  log->insertion->operation = CMD_INSERT;
  log->insertion->mt_nrels = 1;
  log->insertion->resultRelInfo = root;
  log->insertion->rootResultRelInfo = root;
  log->routing = ExecSetupPartitionTupleRouting(log->state, log->relation);
  log->bulk = GetBulkInsertState();
}

// A copy of the descriptor, since counting who uses the original takes longer than the copy.
void MakeSlots(LogTable *log) {
  TupleDesc columns = CreateTupleDescCopy(RelationGetDescr(log->relation));
  log->row = MakeSingleTupleTableSlot(columns, &TTSOpsVirtual);
  log->waiting = static_cast<TupleTableSlot **>(palloc(kMostWaiting * sizeof(TupleTableSlot *)));
  for (int i = 0; i < kMostWaiting; i++) {
    log->waiting[i] = MakeSingleTupleTableSlot(columns, &TTSOpsHeapTuple);
  }
}

void WriteWaiting(LogTable *log) {
  if (log->waiting_count == 0) return;
  ResultRelInfo *table = log->partition;
  table_multi_insert(table->ri_RelationDesc, log->waiting, log->waiting_count,
                     log->state->es_output_cid, 0, log->bulk);
  for (int i = 0; i < log->waiting_count; i++) {
    ResetPerTupleExprContext(log->state);
    if (table->ri_NumIndices > 0) pg::InsertIndexTuples(table, log->waiting[i], log->state);
    ExecClearTuple(log->waiting[i]);
  }
  log->waiting_count = 0;
}

// Rows wait for one partition at a time.
void FindPartition(LogTable *log) {
  ResultRelInfo *found = ExecFindPartition(log->insertion, log->insertion->rootResultRelInfo,
                                           log->routing, log->row, log->state);
  if (found == log->partition) return;
  WriteWaiting(log);
  ReleaseBulkInsertStatePin(log->bulk);
  log->partition = found;
  log->partition_is_plain = IsPlain(found);
}

char *InsertCommand() {
  StringInfoData columns;
  StringInfoData parameters;
  initStringInfo(&columns);
  initStringInfo(&parameters);
  for (int i = kFirstLogColumn; i < kLogColumnCount; i++) {
    const char *separator = i > kFirstLogColumn ? ", " : "";
    appendStringInfo(&columns, "%s%s", separator, kLogColumns[i].name);
    appendStringInfo(&parameters, "%s$%d", separator, i);
  }
  return psprintf("INSERT INTO weir.query_stats (%s) VALUES (%s)", columns.data, parameters.data);
}

// Kept for the life of the process; the server plans again what no longer fits.
SPIPlanPtr InsertPlan() {
  static SPIPlanPtr kept = nullptr;
  if (kept != nullptr) return kept;
  Oid types[kLogColumnCount];
  for (int i = 0; i < kLogColumnCount; i++) types[i] = kLogColumns[i].type;
  SPIPlanPtr plan =
      SPI_prepare(InsertCommand(), kLogColumnCount - kFirstLogColumn, types + kFirstLogColumn);
  if (plan == nullptr || SPI_keepplan(plan) != 0) {
    ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
            errmsg_internal("could not prepare the insertion of records"));
  }
  return kept = plan;
}

// As anybody would, for tables that somebody changed.
void InsertByCommand(const LogRow &row) {
  char nulls[kLogColumnCount];
  for (int i = 0; i < kLogColumnCount; i++) nulls[i] = row.nulls[i] ? 'n' : ' ';
  SPI_execute_plan(InsertPlan(), row.values + kFirstLogColumn, nulls + kFirstLogColumn, false, 0);
  if (SPI_processed == 1) return;
  ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("weir.query_stats did not take a record"),
          errhint("Remove triggers and rules from weir.query_stats."));
}

}  // namespace

LogTable OpenLog() {
  RangeVar *name = makeRangeVar(const_cast<char *>("weir"), const_cast<char *>("query_stats"), -1);
  LogTable log{};
  log.relation = table_openrv(name, RowExclusiveLock);
  log.row_context =
      AllocSetContextCreate(CurrentMemoryContext, "weir log row", ALLOCSET_SMALL_SIZES);
  MakeSlots(&log);
  ResultRelInfo *root = makeNode(ResultRelInfo);
  InitResultRelInfo(root, log.relation, 0, nullptr, 0);
  if (!IsPlainRoot(root)) return log;
  log.sequence = IdentityOf(log.relation);
  if (OidIsValid(log.sequence)) PrepareRouting(&log, root);
  return log;
}

void AppendToLog(LogTable *log, const DatabaseSlot &slot, const core::QueryRecord &record) {
  const LogRow row{log->row->tts_values, log->row->tts_isnull};
  ExecClearTuple(log->row);
  MemoryContextReset(log->row_context);
  MemoryContext previous = MemoryContextSwitchTo(log->row_context);
  FormLogRow(slot, record, row);
  MemoryContextSwitchTo(previous);
  if (!OidIsValid(log->sequence)) return InsertByCommand(row);
  row.values[0] = Int64GetDatum(nextval_internal(log->sequence, false));
  row.nulls[0] = false;
  ExecStoreVirtualTuple(log->row);
  FindPartition(log);
  if (!log->partition_is_plain) return InsertByCommand(row);
  HeapTuple tuple = heap_form_tuple(log->row->tts_tupleDescriptor, row.values, row.nulls);
  ExecStoreHeapTuple(tuple, log->waiting[log->waiting_count++], true);
  if (log->waiting_count == kMostWaiting) WriteWaiting(log);
}

void CloseLog(LogTable *log) {
  if (OidIsValid(log->sequence)) {
    WriteWaiting(log);
    FreeBulkInsertState(log->bulk);
    ExecCleanupTupleRouting(log->insertion, log->routing);
    FreeExecutorState(log->state);
  }
  for (int i = 0; i < kMostWaiting; i++) ExecDropSingleTupleTableSlot(log->waiting[i]);
  ExecDropSingleTupleTableSlot(log->row);
  table_close(log->relation, NoLock);
}

}  // namespace weir::stats
