#include "continuous/worker/keeper.hpp"

#include "continuous/catalog/catalog.hpp"
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/frontier/frontier.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/objects/query_objects.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/shared/places.hpp"
#include "continuous/worker/step.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

List *unserved = NIL;  // owners for whose workers there was no place

// A list of numbers, the first column of a result, in the memory of the caller.
List *Numbers(const char *sql) {
  MemoryContext caller = CurrentMemoryContext;
  SPI_connect();
  pg::Execute(sql, SPI_OK_SELECT);
  List *numbers = NIL;
  MemoryContext old = MemoryContextSwitchTo(caller);
  for (uint64 i = 0; i < SPI_processed; i++) {
    bool is_null;
    numbers = lappend_oid(numbers, DatumGetObjectId(SPI_getbinval(
                                       SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null)));
  }
  MemoryContextSwitchTo(old);
  SPI_finish();
  return numbers;
}

// Views are dropped in many ways: with their tables, owners and schemas.
List *Orphans() {
  return Numbers(
      "SELECT q.id::oid FROM weir.continuous_queries q"
      " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = q.result::oid)");
}

// False: somebody has a view over the tables, which stay with it.
bool DropTables(int32 id) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  ErrorData *volatile error = nullptr;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    DropStateObjects(id);
    DropResultLog(id);
    ReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  if (error == nullptr) return true;
  if (error->sqlerrcode != ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST) ReThrowError(error);
  return false;
}

void RemoveOrphan(int32 id) {
  ReleaseHold();
  DropFrontier(id);
  DropGuards(id);
  const bool are_gone = DropTables(id);
  DeleteQuery(id);
  FreeQueryPlace(MyDatabaseId, id);
  ReloadAtCommit();
  if (are_gone) return;
  ereport(LOG, errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
          errmsg("tables of continuous query %d, which is gone, are used by other objects", id),
          errhint("DROP TABLE weir_state.q%d CASCADE drops them with what depends on them.", id));
}

// Each in a transaction of its own; the list is in memory that outlives them.
void RemoveOrphans(const List *orphans) {
  ListCell *cell;
  foreach (cell, orphans) {
    StartTransactionCommand();
    if (LockExtensionAgainstDrop()) {
      PushActiveSnapshot(GetTransactionSnapshot());
      RemoveOrphan(static_cast<int32>(lfirst_oid(cell)));
      PopActiveSnapshot();
    }
    CommitTransactionCommand();
  }
}

void WantOwners() {
  List *owners = Numbers(
      "SELECT DISTINCT r.oid FROM weir.continuous_queries q"
      " JOIN pg_catalog.pg_class c ON c.oid = q.result::oid"
      " JOIN pg_catalog.pg_roles r ON r.oid = c.relowner WHERE r.rolcanlogin");
  list_free(unserved);
  unserved = NIL;
  ListCell *cell;
  foreach (cell, owners) {
    if (WantWorker(MyDatabaseId, lfirst_oid(cell))) continue;
    MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
    unserved = lappend_oid(unserved, lfirst_oid(cell));
    MemoryContextSwitchTo(old);
  }
}

}  // namespace

bool KeepDatabase() {
  if (RecoveryInProgress()) {
    StartTransactionCommand();
    FollowHold();
    const bool may_have_queries = OidIsValid(FrontiersOid());
    CommitTransactionCommand();
    return may_have_queries;
  }
  SeeDatabase(MyDatabaseId);
  MemoryContext lasting = CurrentMemoryContext;
  List *orphans = NIL;
  StartTransactionCommand();
  if (LockExtensionAgainstDrop()) {
    PushActiveSnapshot(GetTransactionSnapshot());
    // First: whoever waits for a worker does not wait for the others' locks.
    WantOwners();
    MemoryContextSwitchTo(lasting);
    orphans = Orphans();
    PopActiveSnapshot();
  }
  CommitTransactionCommand();
  MemoryContextSwitchTo(lasting);
  RemoveOrphans(orphans);
  list_free(orphans);
  StartTransactionCommand();
  DropUnusedHold();
  CommitTransactionCommand();
  return false;
}

void GivePlaceAway() {
  ListCell *cell;
  foreach (cell, unserved) {
    if (WantWorker(MyDatabaseId, lfirst_oid(cell))) continue;
    ereport(LOG, errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
            errmsg("no place is free for a worker of continuous queries"),
            errhint("Increase weir.max_query_workers and restart the server."));
    return;
  }
}

}  // namespace weir::continuous
