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
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

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
void RemoveOrphans() {
  List *orphans = Numbers(
      "SELECT q.id::oid FROM weir.continuous_queries q"
      " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = q.result::oid)");
  if (orphans == NIL) return;
  ReleaseHold();
  ListCell *cell;
  foreach (cell, orphans) {
    const auto id = static_cast<int32>(lfirst_oid(cell));
    DropFrontier(id);
    DropStateObjects(id);
    DropResultLog(id);
    DeleteQuery(id);
    FreeQueryPlace(MyDatabaseId, id);
  }
  ReloadAtCommit();
}

void WantOwners() {
  List *owners = Numbers(
      "SELECT DISTINCT r.oid FROM weir.continuous_queries q"
      " JOIN pg_catalog.pg_class c ON c.oid = q.result::oid"
      " JOIN pg_catalog.pg_roles r ON r.oid = c.relowner WHERE r.rolcanlogin");
  ListCell *cell;
  foreach (cell, owners) {
    if (WantWorker(MyDatabaseId, lfirst_oid(cell))) continue;
    ereport(LOG, errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
            errmsg("no place is free for a worker of continuous queries"),
            errhint("Increase weir.max_query_workers and restart the server."));
    return;
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
  StartTransactionCommand();
  if (LockExtensionAgainstDrop()) {
    PushActiveSnapshot(GetTransactionSnapshot());
    RemoveOrphans();
    WantOwners();
    PopActiveSnapshot();
  }
  CommitTransactionCommand();
  StartTransactionCommand();
  DropUnusedHold();
  CommitTransactionCommand();
  return false;
}

}  // namespace weir::continuous
