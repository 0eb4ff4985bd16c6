// Every difference between server versions that the tree knows. Shims take the newest form.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/stratnum.h"
#include "catalog/dependency.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "executor/execdesc.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "parser/parse_relation.h"
#include "pgstat.h"
#include "replication/slot.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
// 16 moved query ids to the nodes, and the macros for variable-length values out of postgres.h.
#if PG_VERSION_NUM >= 160000
#include "nodes/queryjumble.h"
#include "varatt.h"
#else
#include "utils/queryjumble.h"
#endif
// 18 split the header of EXPLAIN.
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#include "optimizer/optimizer.h"
#endif
}

namespace weir::pg {

// Number of this process in the server's array of processes, below ProcessCount(). 17 replaced
// backend ids by process numbers.
inline int MyProcessNumber() {
#if PG_VERSION_NUM >= 170000
  return MyProcNumber;
#else
  return MyProc->pgprocno;
#endif
}

// Processes that can run statements: everything but auxiliary processes.
inline int ProcessCount() { return MaxBackends; }

// Where a relation's file is. 16 renamed it.
inline auto LocatorOf(Relation relation) {
#if PG_VERSION_NUM >= 160000
  return relation->rd_locator;
#else
  return relation->rd_node;
#endif
}

// 17 has a limit for whole transactions.
#if PG_VERSION_NUM >= 170000
constexpr bool kLimitsTransactions = true;
#else
constexpr bool kLimitsTransactions = false;
#endif

// Whether a buffer holds a block of a file's main fork. 16 took the parts of its tag apart.
inline bool IsMainForkOf(const BufferTag &tag, const decltype(LocatorOf(nullptr)) &file) {
#if PG_VERSION_NUM >= 160000
  return tag.relNumber == file.relNumber && tag.dbOid == file.dbOid && tag.spcOid == file.spcOid &&
         tag.forkNum == MAIN_FORKNUM;
#else
  return tag.rnode.relNode == file.relNode && tag.rnode.dbNode == file.dbNode &&
         tag.rnode.spcNode == file.spcNode && tag.forkNum == MAIN_FORKNUM;
#endif
}

// 18 made query ids signed, as SQL shows them.
inline uint64 QueryId(int64 id) { return static_cast<uint64>(id); }
inline uint64 QueryId(uint64 id) { return id; }

// 18 dropped `execute_once` from the executor's run hook.
#if PG_VERSION_NUM >= 180000
#define WEIR_RUN_PARAMETERS QueryDesc *query_desc, ScanDirection direction, uint64 count
#define WEIR_RUN_ARGUMENTS query_desc, direction, count
#else
#define WEIR_RUN_PARAMETERS \
  QueryDesc *query_desc, ScanDirection direction, uint64 count, bool execute_once
#define WEIR_RUN_ARGUMENTS query_desc, direction, count, execute_once
#endif

// 17 split block times into shared and local ones.
inline double BlockReadMs(const BufferUsage &usage) {
#if PG_VERSION_NUM >= 170000
  return INSTR_TIME_GET_MILLISEC(usage.shared_blk_read_time) +
         INSTR_TIME_GET_MILLISEC(usage.local_blk_read_time);
#else
  return INSTR_TIME_GET_MILLISEC(usage.blk_read_time);
#endif
}

inline double BlockWriteMs(const BufferUsage &usage) {
#if PG_VERSION_NUM >= 170000
  return INSTR_TIME_GET_MILLISEC(usage.shared_blk_write_time) +
         INSTR_TIME_GET_MILLISEC(usage.local_blk_write_time);
#else
  return INSTR_TIME_GET_MILLISEC(usage.blk_write_time);
#endif
}

// Reads a heap page and finds its visible rows. 17 left reading the page to the caller.
inline void LoadHeapPage(TableScanDesc scan, BlockNumber block) {
#if PG_VERSION_NUM >= 170000
  auto *heap = reinterpret_cast<HeapScanDesc>(scan);
  if (BufferIsValid(heap->rs_cbuf)) ReleaseBuffer(heap->rs_cbuf);
  heap->rs_cbuf =
      ReadBufferExtended(scan->rs_rd, MAIN_FORKNUM, block, RBM_NORMAL, heap->rs_strategy);
  heap->rs_cblock = block;
  heap_prepare_pagescan(scan);
#else
  heapgetpage(scan, block);
#endif
}

// 17 dropped old_snapshot_threshold.
inline void CheckSnapshotAge(TableScanDesc scan, Page page) {
#if PG_VERSION_NUM < 170000
  TestForOldSnapshot(scan->rs_snapshot, scan->rs_rd, page);
#endif
}

// 16 dropped the prefixes.
inline void CountRowsRead(Relation relation, int64 rows) {
  if (relation->pgstat_info == nullptr) return;
#if PG_VERSION_NUM >= 160000
  relation->pgstat_info->counts.tuples_returned += rows;
#else
  relation->pgstat_info->t_counts.t_tuples_returned += rows;
#endif
}

// The columns of a range table entry, as names and variables. 18 tells old rows from new ones.
inline void ExpandColumns(RangeTblEntry *rte, int index, List **names, List **variables) {
#if PG_VERSION_NUM >= 180000
  expandRTE(rte, index, 0, VAR_RETURNING_DEFAULT, -1, false, names, variables);
#else
  expandRTE(rte, index, 0, -1, false, names, variables);
#endif
}

// Raises unless the user may call the function. 16 merged the checks of all objects.
inline void CheckMayExecute(Oid function, Oid user) {
#if PG_VERSION_NUM >= 160000
  const AclResult result = object_aclcheck(ProcedureRelationId, function, user, ACL_EXECUTE);
#else
  const AclResult result = pg_proc_aclcheck(function, user, ACL_EXECUTE);
#endif
  if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
  InvokeFunctionExecuteHook(function);
}
inline void CheckMayExecute(Oid function) { CheckMayExecute(function, GetUserId()); }

// 18 made it a field.
inline bool ComparesLikeC(Oid collation) {
#if PG_VERSION_NUM >= 180000
  return pg_newlocale_from_collation(collation)->collate_is_c;
#else
  return lc_collate_is_c(collation);
#endif
}

// 17 moved it from the clause to the path.
inline List *RunConditionOf(const WindowAggPath *path) {
#if PG_VERSION_NUM >= 170000
  return path->runCondition;
#else
  return path->winclause->runCondition;
#endif
}

// 17 and 18 gave slots more parameters.
inline void CreatePhysicalSlot(const char *name) {
#if PG_VERSION_NUM >= 170000
  ReplicationSlotCreate(name, false, RS_PERSISTENT, false, false, false);
#else
  ReplicationSlotCreate(name, false, RS_PERSISTENT, false);
#endif
}

inline void AcquireSlot(const char *name) {
#if PG_VERSION_NUM >= 180000
  ReplicationSlotAcquire(name, true, false);
#else
  ReplicationSlotAcquire(name, true);
#endif
}

// Raises where the server removes rows that somebody holds. 17 dropped old_snapshot_threshold.
inline void RequireKeptRows() {
#if PG_VERSION_NUM < 170000
  if (old_snapshot_threshold < 0) return;
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("continuous queries cannot run with old_snapshot_threshold"),
          errhint("Set old_snapshot_threshold = -1 in postgresql.conf and restart the server."));
#endif
}

// The name of a relation's file. 16 renamed it.
inline Oid RelfilenodeOf(Relation relation) {
#if PG_VERSION_NUM >= 160000
  return relation->rd_locator.relNumber;
#else
  return relation->rd_node.relNode;
#endif
}

// 18 knows orders by what they compare, no longer by the strategy numbers of b-trees.
inline bool IsDescending(const PathKey *key) {
#if PG_VERSION_NUM >= 180000
  return key->pk_cmptype == COMPARE_GT;
#else
  return key->pk_strategy == BTGreaterStrategyNumber;
#endif
}

inline bool OrderingFamilyOf(Oid operator_id, Oid *family, Oid *type) {
#if PG_VERSION_NUM >= 180000
  CompareType comparison;
#else
  int16 comparison;
#endif
  return get_ordering_op_properties(operator_id, family, type, &comparison);
}

// 18 asks whether a deferrable key will do.
inline Oid PrimaryKeyOf(Relation relation) {
#if PG_VERSION_NUM >= 180000
  return RelationGetPrimaryKeyIndex(relation, false);
#else
  return RelationGetPrimaryKeyIndex(relation);
#endif
}

// Fills the indexes of a new row. 16 told indexes that summarize from others.
inline void InsertIndexTuples(ResultRelInfo *table, TupleTableSlot *row, EState *state) {
#if PG_VERSION_NUM >= 160000
  ExecInsertIndexTuples(table, row, state, false, false, nullptr, NIL, false);
#else
  ExecInsertIndexTuples(table, row, state, false, false, nullptr, NIL);
#endif
}

// The sequence of an identity column. 17 asks for the open relation.
inline Oid IdentitySequence(Relation relation, AttrNumber column) {
#if PG_VERSION_NUM >= 170000
  return getIdentitySequence(relation, column, false);
#else
  return getIdentitySequence(RelationGetRelid(relation), column, false);
#endif
}

// Whether the current user may drop the relation. 16 made the check one of many kinds.
inline bool MayDrop(Oid relation) {
  const Oid schema = get_rel_namespace(relation);
#if PG_VERSION_NUM >= 160000
  return object_ownercheck(RelationRelationId, relation, GetUserId()) ||
         object_ownercheck(NamespaceRelationId, schema, GetUserId());
#else
  return pg_class_ownercheck(relation, GetUserId()) || pg_namespace_ownercheck(schema, GetUserId());
#endif
}

// What a hash table of tuples is made of. 18 asks for the kind of slots, and has one name for both
// of the functions there were.
struct KeyTable {
  TupleDesc descriptor;
  int count;
  AttrNumber *columns;
  Oid *equal;
  FmgrInfo *hash;
  Oid *collations;
};
inline TupleHashTable BuildKeyTable(PlanState *parent, const KeyTable &keys, MemoryContext context,
                                    MemoryContext short_lived) {
#if PG_VERSION_NUM >= 180000
  return BuildTupleHashTable(parent, keys.descriptor, nullptr, keys.count, keys.columns, keys.equal,
                             keys.hash, keys.collations, 256, 0, context, context, short_lived,
                             false);
#else
  return BuildTupleHashTableExt(parent, keys.descriptor, keys.count, keys.columns, keys.equal,
                                keys.hash, keys.collations, 256, 0, context, context, short_lived,
                                false);
#endif
}

// 18 keeps group keys in a range table entry of their own; this puts them where they were.
inline void FlattenGroups(Query *query) {
#if PG_VERSION_NUM >= 180000
  if (!query->hasGroupRTE) return;
  query->targetList = reinterpret_cast<List *>(
      flatten_group_exprs(nullptr, query, reinterpret_cast<Node *>(query->targetList)));
  query->havingQual = flatten_group_exprs(nullptr, query, query->havingQual);
  query->rtable = list_delete_last(query->rtable);
  query->hasGroupRTE = false;
#else
  static_cast<void>(query);
#endif
}

// What the planner groups by: 16 gave it a list of its own.
inline List **GroupClauseOf(PlannerInfo *root) {
#if PG_VERSION_NUM >= 160000
  return &root->processed_groupClause;
#else
  return &root->parse->groupClause;
#endif
}

// 18 dropped `execute_once`.
inline void RunToEnd(QueryDesc *query) {
#if PG_VERSION_NUM >= 180000
  ExecutorRun(query, ForwardScanDirection, 0);
#else
  ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

// 16 gave the function a name of its own for what it returns.
inline const LocalPgBackendStatus *LocalBackend(int index) {
#if PG_VERSION_NUM >= 160000
  return pgstat_get_local_beentry_by_index(index);
#else
  return pgstat_fetch_stat_local_beentry(index);
#endif
}

}  // namespace weir::pg
