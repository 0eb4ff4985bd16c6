#include "continuous/departure/drain.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/delta/range.hpp"
#include "continuous/frontier/frontier.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/shared/places.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
}

namespace weir::continuous {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr long kStepMs = 20;

Datum ColumnAt(uint64 row, int column) {
  bool is_null;
  return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null);
}

// The user's command is recorded, and what is asked for its sake is not.
List *AllQueries() {
  MemoryContext caller = CurrentMemoryContext;
  const RightsBefore before = TakeExtensionRights();
  set_config_option("weir.capture", "off", PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                    false);
  SPI_connect();
  pg::Execute(
      "SELECT q.id, c.oid, c.relowner, q.paused, q.on_delete = 'ignore' FROM "
      "weir.continuous_queries q"
      " JOIN pg_catalog.pg_class c ON c.oid = q.result::oid"
      " WHERE q.on_delete <> 'retract' ORDER BY q.id",
      SPI_OK_SELECT);
  List *queries = NIL;
  MemoryContext old = MemoryContextSwitchTo(caller);
  for (uint64 i = 0; i < SPI_processed; i++) {
    auto *query = static_cast<Departure *>(palloc0(sizeof(Departure)));
    query->query_id = DatumGetInt32(ColumnAt(i, 1));
    query->result = DatumGetObjectId(ColumnAt(i, 2));
    query->owner = DatumGetObjectId(ColumnAt(i, 3));
    query->is_paused = DatumGetBool(ColumnAt(i, 4));
    query->ignores_changes = DatumGetBool(ColumnAt(i, 5));
    queries = lappend(queries, query);
  }
  MemoryContextSwitchTo(old);
  SPI_finish();
  GiveRightsBack(before);
  return queries;
}

// A query that has to be rebuilt, or whose owner may not read the table any more, has nothing to
// lose; so nobody can keep a table's owner from emptying it.
bool CanLose(const Departure &departure) {
  FullTransactionId h;
  return ReadFrontier(departure.query_id, &h) && HoldCovers(h) &&
         pg_class_aclcheck(departure.source, departure.owner, ACL_SELECT) == ACLCHECK_OK;
}

bool HasRowsToCount(const Departure &departure) {
  const FullTransactionId seen = SeenFrontier(MyDatabaseId, departure.query_id);
  ListCell *cell;
  foreach (cell, departure.tables) {
    Relation relation = try_relation_open(lfirst_oid(cell), NoLock);
    if (relation == nullptr) continue;
    const bool has_rows = relation->rd_rel->relkind == RELKIND_RELATION &&
                          HasNewRows(departure.query_id, relation, Whose::kOthers, seen);
    relation_close(relation, NoLock);
    if (has_rows) return true;
  }
  return false;
}

const Departure *FirstUndrained(List *departures) {
  ListCell *cell;
  foreach (cell, departures) {
    const auto *departure = static_cast<const Departure *>(lfirst(cell));
    if (CanLose(*departure) && HasRowsToCount(*departure)) return departure;
  }
  return nullptr;
}

// What to do, as a format for the query's name.
const char *Remedy(const Departure &departure, bool is_named) {
  if (departure.is_paused) return "Run SELECT weir.resume_query('%s'), or drop the query.";
  if (!is_named) return "Run SELECT weir.wait('%s') first, or name the table in the command.";
  if (TransactionIdIsValid(GetTopTransactionIdIfAny())) {
    return "Run SELECT weir.wait('%s') first, or the command by itself.";
  }
  return "SELECT * FROM weir.queries shows what is in the way of \"%s\"; end long transactions and "
         "try again, or drop the query.";
}

[[noreturn]] void RaiseUndrained(const Departure &departure, const char *command, bool is_named) {
  const char *result = get_rel_name(departure.result);
  ereport(ERROR, errcode(ERRCODE_OBJECT_IN_USE),
          errmsg("cannot %s \"%s\": continuous query \"%s\" has not counted its last rows", command,
                 get_rel_name(linitial_oid(departure.tables)), result),
          errhint(Remedy(departure, is_named), result));
  pg_unreachable();
}

// Parents first, as whoever writes through them does.
void LockOutWriters(List *departures) {
  ListCell *cell;
  foreach (cell, departures) {
    const auto *departure = static_cast<const Departure *>(lfirst(cell));
    LockRelationOid(departure->source, ShareRowExclusiveLock);
    ListCell *table;
    foreach (table, departure->tables) LockRelationOid(lfirst_oid(table), ShareRowExclusiveLock);
  }
}

void Hurry(List *departures) {
  ListCell *cell;
  foreach (cell, departures) {
    HurryWorker(MyDatabaseId, static_cast<const Departure *>(lfirst(cell))->owner);
  }
}

List *InBoth(const List *some, const List *others) {
  List *both = NIL;
  ListCell *cell;
  foreach (cell, some) {
    if (list_member_oid(others, lfirst_oid(cell))) both = lappend_oid(both, lfirst_oid(cell));
  }
  return both;
}

bool MayGetDrained(const Departure &departure) {
  return !departure.is_paused && !TransactionIdIsValid(GetTopTransactionIdIfAny());
}

}  // namespace

List *DeparturesFrom(Oid relation, Leaving how) {
  List *leaving = find_all_inheritors(relation, NoLock, nullptr);
  List *departures = NIL;
  ListCell *cell;
  foreach (cell, AllQueries()) {
    auto *departure = static_cast<Departure *>(lfirst(cell));
    departure->source = SourceOfQuery(departure->query_id);
    if (!OidIsValid(departure->source)) continue;
    if (how == Leaving::kTruncated && !departure->ignores_changes) continue;
    if (how == Leaving::kWithTable && list_member_oid(leaving, departure->source)) continue;
    departure->tables = InBoth(find_all_inheritors(departure->source, NoLock, nullptr), leaving);
    if (departure->tables != NIL) departures = lappend(departures, departure);
  }
  return departures;
}

void DrainAll(List *departures, const char *command) {
  if (departures == NIL) return;
  LockOutWriters(departures);
  const TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kPatienceMs);
  for (;;) {
    const Departure *undrained = FirstUndrained(departures);
    if (undrained == nullptr) return;
    if (!MayGetDrained(*undrained) || GetCurrentTimestamp() >= end) {
      RaiseUndrained(*undrained, command, true);
    }
    Hurry(departures);
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kStepMs,
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
}

void RequireDrained(List *departures, const char *command) {
  const Departure *undrained = FirstUndrained(departures);
  if (undrained != nullptr) RaiseUndrained(*undrained, command, false);
}

}  // namespace weir::continuous
