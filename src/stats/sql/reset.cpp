// weir.reset(): the tables at once, the counters when the transaction commits.
#include "pg/spi.hpp"
#include "pg/sql_function.hpp"
#include "stats/sql/flush.hpp"
#include "stats/sql/require.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "utils/syscache.h"
}

namespace weir::stats {

namespace {

// Depth of the (sub)transaction whose commit restarts the counters; 0: none does.
int pending_depth = 0;

void OnTransactionEnd(XactEvent event, void *) {
  if (pending_depth == 0) return;
  switch (event) {
    case XACT_EVENT_COMMIT:
      // Before the locks on the tables go, so that the first row and the first count come together.
      if (DatabaseSlot *slot = FindSlot(MyDatabaseId)) ResetCounts(*slot);
      pending_depth = 0;
      break;
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
      pending_depth = 0;
      break;
    default:
      break;
  }
}

void OnSubtransactionEnd(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
  const int depth = GetCurrentTransactionNestLevel();
  if (pending_depth < depth) return;
  if (event == SUBXACT_EVENT_COMMIT_SUB) pending_depth = depth - 1;
  if (event == SUBXACT_EVENT_ABORT_SUB) pending_depth = 0;
}

void ResetCountsAtCommit() {
  static bool registered = false;
  if (!registered) {
    RegisterXactCallback(OnTransactionEnd, nullptr);
    RegisterSubXactCallback(OnSubtransactionEnd, nullptr);
    registered = true;
  }
  if (pending_depth == 0) pending_depth = GetCurrentTransactionNestLevel();
}

Oid OwnerOfLog() {
  RangeVar *name = makeRangeVar(const_cast<char *>("weir"), const_cast<char *>("query_stats"), -1);
  const Oid relation = RangeVarGetRelid(name, NoLock, false);
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  return owner;
}

// As the tables' owner: whoever was granted the function need not own them. An error restores the
// user with the (sub)transaction. The tables are locked in the order in which the worker does.
void EmptyTables() {
  const Oid owner = OwnerOfLog();
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
  SPI_connect();
  pg::Execute(
      "TRUNCATE weir.interruptions, weir.query_texts, weir.query_stats,"
      " weir.rollup_kinds, weir.rollups",
      SPI_OK_UTILITY);
  SPI_finish();
  SetUserIdAndSecContext(user, context);
}

}  // namespace

}  // namespace weir::stats

WEIR_FUNCTION(weir_reset) {
  using namespace weir::stats;
  DatabaseSlot &slot = RequireSlot();
  // What was captured before is written first, so that nothing of it comes after. A transaction
  // that has reset before keeps the worker out already.
  if (pending_depth == 0) FlushAndWait(slot);
  EmptyTables();
  // Every text is sent again; when this transaction aborts, for nothing.
  FingerprintsOf(slot).Clear();
  ResetCountsAtCommit();
  PG_RETURN_VOID();
}
