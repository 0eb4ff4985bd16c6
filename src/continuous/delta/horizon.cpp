// Frontiers of new queries, and which tables can have one.
#include "continuous/delta/delta.hpp"
#include "continuous/delta/source.hpp"
#include "continuous/frontier/frontier.hpp"
#include "continuous/frontier/positions.hpp"
#include "continuous/hold/readers.hpp"
#include "continuous/hold/slot.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/catalog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

#include "pg/compat.hpp"

namespace weir::continuous {
namespace {

bool HasStorage(char kind) { return kind == RELKIND_RELATION; }

// Files that are there when a query begins. Bits of their visibility maps were set without its
// hold, so they count once the frontier has passed everything they can speak of.
void StoreFilesOf(int32 query_id, Oid source) {
  const FullTransactionId next = ReadNextFullTransactionId();
  ListCell *cell;
  foreach (cell, find_all_inheritors(source, AccessShareLock, nullptr)) {
    Relation relation = table_open(lfirst_oid(cell), NoLock);
    if (HasStorage(relation->rd_rel->relkind)) {
      StoreFile(query_id, {RelationGetRelid(relation), pg::RelfilenodeOf(relation), next,
                           InvalidFullTransactionId});
    }
    table_close(relation, NoLock);
  }
}

}  // namespace

const char *WhyNotWatchable(Relation relation) {
  const Form_pg_class form = relation->rd_rel;
  if (form->relkind == RELKIND_PARTITIONED_TABLE) return nullptr;
  if (form->relkind == RELKIND_FOREIGN_TABLE) return "Rows of foreign tables come without xmin.";
  if (!HasStorage(form->relkind)) return "It is not a table.";
  if (form->relpersistence == RELPERSISTENCE_TEMP) {
    return "Temporary tables are seen by one session only.";
  }
  if (form->relpersistence == RELPERSISTENCE_UNLOGGED) {
    return "Unlogged tables are emptied by a crash, and their pages carry no log position.";
  }
  if (relation->rd_tableam != GetHeapamTableAmRoutine()) {
    return "Its access method is not the heap.";
  }
  if (IsCatalogRelation(relation)) return "It is a system catalog.";
  return nullptr;
}

void RaiseNotWatchable(Relation relation, const char *why) {
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("cannot watch \"%s\" for new rows", RelationGetRelationName(relation)),
          errdetail_internal("%s", why),
          errhint("Continuous queries read ordinary permanent tables, and partitioned tables of "
                  "such."));
}

void RequireWatchable(Oid source) {
  RequireSlots();
  ListCell *cell;
  foreach (cell, find_all_inheritors(source, AccessShareLock, nullptr)) {
    Relation relation = table_open(lfirst_oid(cell), NoLock);
    const char *why = WhyNotWatchable(relation);
    if (why != nullptr) RaiseNotWatchable(relation, why);
    table_close(relation, NoLock);
  }
}

FullTransactionId CurrentHorizon() { return OldestWriter(); }

Snapshot RegisterHorizonSnapshot(FullTransactionId h) {
  Snapshot latest = RegisterSnapshot(GetLatestSnapshot());
  SnapshotData at_horizon = *latest;
  at_horizon.xmin = XidFromFullTransactionId(h);
  at_horizon.xmax = at_horizon.xmin;
  at_horizon.xcnt = 0;
  at_horizon.subxcnt = 0;
  at_horizon.suboverflowed = false;
  // The static one is copied when it is registered, as this one is to be.
  at_horizon.copied = false;
  at_horizon.active_count = 0;
  at_horizon.regd_count = 0;
  Snapshot registered = RegisterSnapshot(&at_horizon);
  UnregisterSnapshot(latest);
  return registered;
}

void InitFrontier(int32 query_id, FullTransactionId h, Oid source) {
  LockQuery(query_id);
  Frontier frontier{};
  frontier.h = h;
  frontier.lsn_low = PositionBelow(h);
  StoreFrontier(query_id, frontier);
  if (OidIsValid(source)) AddSource(query_id, source);
}

void AddSource(int32 query_id, Oid source) { StoreFilesOf(query_id, source); }

void DropFrontier(int32 query_id) {
  LockQuery(query_id);
  ForgetQuery(query_id);
}

bool ReadFrontier(int32 query_id, FullTransactionId *h) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Frontier frontier;
  const bool found = FindFrontier(query_id, snapshot, &frontier);
  UnregisterSnapshot(snapshot);
  if (found) *h = frontier.h;
  return found;
}

}  // namespace weir::continuous
