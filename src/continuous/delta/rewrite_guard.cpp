#include "continuous/delta/rewrite_guard.hpp"

#include "continuous/delta/range.hpp"
#include "continuous/frontier/frontier.hpp"
#include "pg/compat.hpp"
#include "pg/sql_function.hpp"
#include "pg/utility_hook.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/tablecmds.h"
#include "storage/latch.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
}

namespace weir::continuous {
namespace {

struct RewriteGuardTag;
using UtilityHook = pg::UtilityHook<RewriteGuardTag>;

constexpr int kMostQueries = 1000;
constexpr int kPatienceMs = 10'000;
constexpr long kStepMs = 20;

// Whether the command that runs is one ALTER TABLE and nothing else: then every row that carries
// its transaction's id afterwards is a copy.
bool is_alone = false;

bool MayRewrite(const AlterTableStmt *command) {
  ListCell *cell;
  foreach (cell, command->cmds) {
    switch (lfirst_node(AlterTableCmd, cell)->subtype) {
      case AT_AddColumn:
      case AT_AlterColumnType:
      case AT_SetLogged:
      case AT_SetUnLogged:
        return true;
      default:
        break;
    }
  }
  return false;
}

int KnownQueries(Oid relation, int32 *queries) {
  if (!OidIsValid(FrontiersOid())) return 0;
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const int count = QueriesOf(relation, snapshot, queries, kMostQueries);
  UnregisterSnapshot(snapshot);
  return count;
}

bool HasUnconsumed(Oid table) {
  int32 queries[kMostQueries];
  const int count = KnownQueries(table, queries);
  if (count == 0) return false;
  Relation relation = table_open(table, NoLock);
  bool found = false;
  for (int i = 0; i < count && !found; ++i) found = HasNewRows(queries[i], relation);
  table_close(relation, NoLock);
  return found;
}

bool IsDrained(List *tables) {
  ListCell *cell;
  foreach (cell, tables) {
    if (HasUnconsumed(lfirst_oid(cell))) return false;
  }
  return true;
}

// Writers are locked out and readers are not, so ticks go on; the rewrite itself finds nothing
// left. A transaction with an id would hold back the horizon that it waits for.
void WaitForTicks(const AlterTableStmt *command) {
  if (TransactionIdIsValid(GetTopTransactionIdIfAny())) return;
  const Oid table = RangeVarGetRelidExtended(command->relation, ShareRowExclusiveLock,
                                             RVR_MISSING_OK, RangeVarCallbackOwnsRelation, nullptr);
  if (!OidIsValid(table)) return;
  List *tables = find_all_inheritors(table, ShareRowExclusiveLock, nullptr);
  const TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kPatienceMs);
  while (!IsDrained(tables) && GetCurrentTimestamp() < end) {
    CHECK_FOR_INTERRUPTS();
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kStepMs,
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
  }
}

void OnUtility(WEIR_UTILITY_PARAMETERS) {
  Node *command = statement->utilityStmt;
  const bool was_alone = is_alone;
  is_alone = false;
  if (IsA(command, AlterTableStmt) && context == PROCESS_UTILITY_TOPLEVEL &&
      !IsInTransactionBlock(true) && OidIsValid(FrontiersOid())) {
    is_alone = true;
    if (MayRewrite(reinterpret_cast<AlterTableStmt *>(command))) {
      WaitForTicks(reinterpret_cast<AlterTableStmt *>(command));
    }
  }
  PG_TRY();
  { UtilityHook::Next(WEIR_UTILITY_ARGUMENTS); }
  PG_FINALLY();
  { is_alone = was_alone; }
  PG_END_TRY();
}

// The table is locked against everybody: what is there now is all that is copied.
void MarkRewritten(Oid table) {
  int32 queries[kMostQueries];
  const int count = KnownQueries(table, queries);
  if (count == 0) return;
  Relation relation = table_open(table, NoLock);
  if (!is_alone) {
    ereport(ERROR, errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
            errmsg("cannot rewrite \"%s\" inside a transaction block or function: a continuous "
                   "query reads it",
                   RelationGetRelationName(relation)),
            errhint("Run the ALTER TABLE by itself, or drop the query first."));
  }
  const FullTransactionId by = WidenXid(GetCurrentTransactionId(), ReadNextFullTransactionId());
  for (int i = 0; i < count; ++i) {
    if (HasNewRows(queries[i], relation)) {
      ereport(ERROR, errcode(ERRCODE_OBJECT_IN_USE),
              errmsg("cannot rewrite \"%s\": continuous query %d has not consumed its last rows",
                     RelationGetRelationName(relation), queries[i]),
              errhint("Resume the query if it is paused, end long transactions, and try again."));
    }
    StoreFile(queries[i], {table, pg::RelfilenodeOf(relation), ReadNextFullTransactionId(), by});
  }
  table_close(relation, NoLock);
}

}  // namespace

void InstallRewriteGuard() { UtilityHook::Install(OnUtility); }

}  // namespace weir::continuous

// An event trigger on table_rewrite, fired before each table is copied.
WEIR_FUNCTION(weir_on_rewrite) {
  const Datum table = DirectFunctionCall1(pg_event_trigger_table_rewrite_oid, 0);
  weir::continuous::MarkRewritten(DatumGetObjectId(table));
  PG_RETURN_NULL();
}
