// Rows that leave a source without having been deleted, by TRUNCATE or with their partition, are
// counted before they go. Rows that come with a partition are noted, so that they are counted, too.
#include "continuous/departure/departure.hpp"

#include "continuous/delta/delta.hpp"
#include "continuous/departure/drain.hpp"
#include "continuous/frontier/arrivals.hpp"
#include "continuous/frontier/frontier.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/shared/places.hpp"
#include "pg/compat.hpp"
#include "pg/hook.hpp"
#include "pg/utility_hook.hpp"

extern "C" {
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

struct DepartureTag;
using UtilityHook = pg::UtilityHook<DepartureTag>;
using AccessHook = pg::Hook<&object_access_hook, nullptr, DepartureTag>;

// Of Departure *. The command itself refuses what the user may not do; nothing is locked for that.
List *Departures(const RangeVar *name, Leaving how) {
  const Oid relation = RangeVarGetRelid(name, NoLock, true);
  if (!OidIsValid(relation)) return NIL;
  const char kind = get_rel_relkind(relation);
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) return NIL;
  const bool may = how == Leaving::kTruncated
                       ? pg_class_aclcheck(relation, GetUserId(), ACL_TRUNCATE) == ACLCHECK_OK
                       : pg::MayDrop(relation);
  return may ? DeparturesFrom(relation, how) : NIL;
}

void DrainTruncated(const TruncateStmt *command) {
  List *departures = NIL;
  ListCell *cell;
  foreach (cell, command->relations) {
    departures =
        list_concat(departures, Departures(lfirst_node(RangeVar, cell), Leaving::kTruncated));
  }
  DrainAll(departures, "truncate");
}

List *OfDropped(const DropStmt *command) {
  if (command->removeType != OBJECT_TABLE) return NIL;
  List *departures = NIL;
  ListCell *cell;
  foreach (cell, command->objects) {
    const RangeVar *name = makeRangeVarFromNameList(lfirst_node(List, cell));
    departures = list_concat(departures, Departures(name, Leaving::kWithTable));
  }
  return departures;
}

List *OfDetached(const AlterTableStmt *command) {
  List *departures = NIL;
  ListCell *cell;
  foreach (cell, command->cmds) {
    const auto *part = lfirst_node(AlterTableCmd, cell);
    const RangeVar *name = nullptr;
    if (part->subtype == AT_DetachPartition) name = castNode(PartitionCmd, part->def)->name;
    if (part->subtype == AT_DropInherit) name = command->relation;
    if (name != nullptr) {
      departures = list_concat(departures, Departures(name, Leaving::kWithTable));
    }
  }
  return departures;
}

void ForEachTable(const List *departures, void (*visit)(int32 query_id, Oid table)) {
  ListCell *cell;
  foreach (cell, departures) {
    const auto *departure = static_cast<const Departure *>(lfirst(cell));
    ListCell *table;
    foreach (table, departure->tables) visit(departure->query_id, lfirst_oid(table));
  }
}

void ForgetTable(int32 query_id, Oid table) { ForgetArrival(query_id, table); }

// It may come back, and what was counted is not to be counted again.
void NoteLeaving(int32 query_id, Oid table) {
  FullTransactionId h;
  if (!ReadFrontier(query_id, &h)) return;
  const FullTransactionId seen = SeenFrontier(MyDatabaseId, query_id);
  Relation relation = table_open(table, AccessShareLock);
  if (relation->rd_rel->relkind == RELKIND_RELATION) {
    NoteLeave(query_id, relation, FullTransactionIdPrecedes(h, seen) ? seen : h);
  }
  table_close(relation, NoLock);
}

void ForgetTableFile(int32 query_id, Oid table) { ForgetFile(query_id, table); }

// Of Departure *: whose tables the command takes away.
List *Drain(Node *command) {
  List *departures = NIL;
  if (IsA(command, TruncateStmt)) {
    DrainTruncated(reinterpret_cast<TruncateStmt *>(command));
  } else if (IsA(command, DropStmt)) {
    departures = OfDropped(reinterpret_cast<DropStmt *>(command));
    DrainAll(departures, "drop");
    ForEachTable(departures, ForgetTable);
  } else {
    departures = OfDetached(reinterpret_cast<AlterTableStmt *>(command));
    DrainAll(departures, "detach");
    ForEachTable(departures, NoteLeaving);
  }
  return departures;
}

void WarnOfStale(Oid result, Oid table) {
  ereport(WARNING, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("continuous query \"%s\" cannot tell which rows of \"%s\" it has to count",
                 get_rel_name(result), get_rel_name(table)),
          errdetail("Rows of it were counted before; since then it was updated, rewritten, or away "
                    "for too many transactions."),
          errhint("Run SELECT weir.refresh_query('%s') to build it anew from the rows there are.",
                  get_rel_name(result)));
}

// The table is locked against everybody.
void CountWhatIsIn(const Departure &departure, Oid table) {
  Relation relation = table_open(table, NoLock);
  const bool is_plain = relation->rd_rel->relkind == RELKIND_RELATION;
  if (is_plain && !NoteArrival(departure.query_id, relation)) {
    MakeStale(departure.query_id);
    WarnOfStale(departure.result, table);
  }
  table_close(relation, NoLock);
}

// It or a partition of it. Nothing stays locked, as the command is to lock more than this does.
bool HasPages(Oid table) {
  ListCell *cell;
  foreach (cell, find_all_inheritors(table, NoLock, nullptr)) {
    Relation relation = try_relation_open(lfirst_oid(cell), AccessShareLock);
    if (relation == nullptr) continue;
    const bool has_pages =
        relation->rd_rel->relkind == RELKIND_RELATION && RelationGetNumberOfBlocks(relation) > 0;
    relation_close(relation, AccessShareLock);
    if (has_pages) return true;
  }
  return false;
}

// A query that is being created counts the rows by itself only if it looks after the table has
// come. It is waited for before the command locks anything that it may need.
void AwaitQueries(Oid table) {
  if (pg::MayDrop(table) && HasPages(table)) KeepQueries();
}

void WelcomeTable(Oid partition) {
  if (!HasPages(partition)) return;
  KeepQueries();
  ListCell *cell;
  foreach (cell, DeparturesFrom(partition, Leaving::kWithTable)) {
    const auto *departure = static_cast<const Departure *>(lfirst(cell));
    ListCell *table;
    foreach (table, departure->tables) CountWhatIsIn(*departure, lfirst_oid(table));
  }
}

// The tables that a command brings to others.
void ForEachComing(const Node *command, void (*visit)(Oid table)) {
  if (!IsA(command, AlterTableStmt)) return;
  const auto *alteration = reinterpret_cast<const AlterTableStmt *>(command);
  ListCell *cell;
  foreach (cell, alteration->cmds) {
    const auto *part = lfirst_node(AlterTableCmd, cell);
    const RangeVar *name = nullptr;
    if (part->subtype == AT_AttachPartition) name = castNode(PartitionCmd, part->def)->name;
    if (part->subtype == AT_AddInherit) name = alteration->relation;
    const Oid table = name == nullptr ? InvalidOid : RangeVarGetRelid(name, NoLock, true);
    if (OidIsValid(table)) visit(table);
  }
}

// Without a hold no query has anything to lose, and that is known without a look into a table. It
// may outlive the extension a little.
bool IsActive() {
  return IsTransactionState() && !RecoveryInProgress() && !XactReadOnly && ReadHold().exists &&
         OidIsValid(FrontiersOid());
}

bool IsConcerned(const Node *command) {
  return IsA(command, TruncateStmt) || IsA(command, DropStmt) || IsA(command, AlterTableStmt);
}

void OnUtility(WEIR_UTILITY_PARAMETERS) {
  Node *command = statement->utilityStmt;
  if (!IsConcerned(command) || !IsActive()) {
    UtilityHook::Next(WEIR_UTILITY_ARGUMENTS);
    return;
  }
  const List *gone = Drain(command);
  ForEachComing(command, AwaitQueries);
  UtilityHook::Next(WEIR_UTILITY_ARGUMENTS);
  if (!IsTransactionState()) return;
  ForEachTable(gone, ForgetTableFile);
  ForEachComing(command, WelcomeTable);
}

// Also where CASCADE has found the table.
void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void *argument) {
  if (AccessHook::HasNext()) AccessHook::Next(access, class_id, object, sub_id, argument);
  if (access != OAT_TRUNCATE || !IsActive()) return;
  RequireDrained(DeparturesFrom(object, Leaving::kTruncated), "truncate");
}

}  // namespace

void InstallDeparture() {
  UtilityHook::Install(OnUtility);
  AccessHook::Install(OnObjectAccess);
}

}  // namespace weir::continuous
