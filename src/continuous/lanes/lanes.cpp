#include "continuous/lanes/lanes.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/delta/tick_state.hpp"
#include "continuous/lanes/helpers.hpp"
#include "continuous/rewrite/objects.hpp"
#include "pg/compat.hpp"
#include "settings.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"
}

namespace weir::continuous {
namespace {

Oid StateView(int32 query_id, const char *suffix) {
  return get_relname_relid(StateName(query_id, suffix), get_namespace_oid("weir_state", false));
}

bool IsSafe(int32 query_id) {
  Relation relation = table_open(StateView(query_id, "_definition"), AccessShareLock);
  const bool is_safe = IsParallelSafe(get_view_query(relation));
  table_close(relation, AccessShareLock);
  return is_safe;
}

void Load(Lanes *lanes, int32 query_id) {
  MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
  const LaneRow row = LanesOf(query_id);
  MemoryContextSwitchTo(old);
  lanes->parallelism = row.parallelism;
  lanes->statement = row.statement;
  lanes->is_safe = row.statement != nullptr && row.parallelism > 1 && IsSafe(query_id);
  lanes->is_loaded = true;
}

// The tables with rows, locked until the transaction ends.
List *LockSources(int32 query_id) {
  const Oid source = SourceOfQuery(query_id);
  if (OidIsValid(source)) LockRelationOid(source, AccessShareLock);
  if (!OidIsValid(source) || !SearchSysCacheExists1(RELOID, ObjectIdGetDatum(source))) {
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
            errmsg("the table of continuous query %d does not exist", query_id));
  }
  List *sources = NIL;
  ListCell *cell;
  foreach (cell, find_all_inheritors(source, AccessShareLock, nullptr)) {
    const Oid table = lfirst_oid(cell);
    if (get_rel_relkind(table) == RELKIND_RELATION) sources = lappend_oid(sources, table);
  }
  return sources;
}

uint64 PagesOf(const List *sources) {
  uint64 pages = 0;
  ListCell *cell;
  foreach (cell, sources) {
    Relation relation = table_open(lfirst_oid(cell), NoLock);
    pages += RelationGetNumberOfBlocks(relation);
    table_close(relation, NoLock);
  }
  return pages;
}

void AddCounts(const Shares &shares) {
  Tick *tick = OpenTickOf(shares.tick.query_id);
  tick->rows_found += static_cast<int64>(shares.rows_found.load());
  tick->rows_again += static_cast<int64>(shares.rows_again.load());
  tick->pages_read += static_cast<int64>(shares.pages_read.load());
  tick->pages_skipped += static_cast<int64>(shares.pages_skipped.load());
}

// What all lanes have found. In parallel mode, which forbids to write.
Tuplestorestate *Gather(const Lanes &lanes, int32 query_id, TupleDesc columns) {
  const List *sources = LockSources(query_id);
  // The tables are locked by now, so the snapshot knows of everything that happened to their files.
  PushActiveSnapshot(GetTransactionSnapshot());
  Tuplestorestate *rows = tuplestore_begin_heap(false, false, work_mem);
  EnterParallelMode();
  Helpers helpers{};
  StartHelpers(&helpers, *OpenTickOf(query_id), sources, lanes.parallelism - 1);
  JoinShares(helpers.shares);
  ReadNewRows(query_id, rows);
  LeaveShares();
  ReceiveRows(&helpers, columns, rows);
  AddCounts(*helpers.shares);
  EndHelpers(&helpers);
  ExitParallelMode();
  PopActiveSnapshot();
  return rows;
}

TupleDesc ColumnsOf(int32 query_id) {
  Relation view = table_open(StateView(query_id, "_new"), AccessShareLock);
  TupleDesc columns = CreateTupleDescCopy(RelationGetDescr(view));
  table_close(view, AccessShareLock);
  return columns;
}

uint64 Merge(Lanes *lanes, int32 query_id, TupleDesc columns, Tuplestorestate *rows) {
  EphemeralNamedRelationData found{};
  found.md.name = const_cast<char *>(kLaneRows);
  found.md.tupdesc = columns;
  found.md.enrtype = ENR_NAMED_TUPLESTORE;
  found.md.enrtuples = static_cast<double>(tuplestore_tuple_count(rows));
  found.reldata = rows;
  SPI_connect();
  if (SPI_register_relation(&found) != SPI_OK_REL_REGISTER) elog(ERROR, "could not show rows");
  if (lanes->plan == nullptr) {
    SPIPlanPtr plan = SPI_prepare(lanes->statement, 0, nullptr);
    if (plan == nullptr || SPI_keepplan(plan) != 0) {
      elog(ERROR, "could not prepare the merge of continuous query %d", query_id);
    }
    lanes->plan = plan;
  }
  const int code = SPI_execute_plan(lanes->plan, nullptr, nullptr, false, 0);
  if (code != SPI_OK_INSERT) elog(ERROR, "unexpected result of a merge: %d", code);
  const uint64 groups = SPI_processed;
  SPI_finish();
  return groups;
}

}  // namespace

void FreeLanes(Lanes *lanes) {
  if (lanes->plan != nullptr) SPI_freeplan(lanes->plan);
  if (lanes->statement != nullptr) pfree(lanes->statement);
  lanes->plan = nullptr;
  lanes->statement = nullptr;
  lanes->is_loaded = false;
}

bool TakesLanes(Lanes *lanes, int32 query_id) {
  if (!lanes->is_loaded) Load(lanes, query_id);
  lanes->is_split = false;
  if (lanes->parallelism <= 1 || !lanes->is_safe) return false;
  const uint64 pages = PagesOf(LockSources(query_id));
  const uint64 grown = pages > lanes->pages_before ? pages - lanes->pages_before : 0;
  lanes->pages_before = pages;
  const auto worth = static_cast<uint64>(settings.min_lane_pages);
  lanes->is_split = grown >= worth || static_cast<uint64>(lanes->pages_read_before) >= worth;
  return lanes->is_split;
}

uint64 RunInLanes(Lanes *lanes, int32 query_id) {
  TupleDesc columns = ColumnsOf(query_id);
  Tuplestorestate *rows = Gather(*lanes, query_id, columns);
  const uint64 groups = Merge(lanes, query_id, columns, rows);
  tuplestore_end(rows);
  return groups;
}

void NoteLanes(Lanes *lanes, int64 pages_read) { lanes->pages_read_before = pages_read; }

}  // namespace weir::continuous
