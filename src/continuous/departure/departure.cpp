// Rows that leave a source without having been deleted, by TRUNCATE or with their partition, are
// counted before they go. Rows that come with a partition are not new, which is said.
#include "continuous/departure/departure.hpp"

#include "continuous/delta/frontier.hpp"
#include "continuous/departure/drain.hpp"
#include "continuous/hold/hold.hpp"
#include "pg/compat.hpp"
#include "pg/hook.hpp"
#include "pg/utility_hook.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
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

// Of Departure *: whose tables the command takes away.
List *Drain(Node *command) {
  List *departures = NIL;
  if (IsA(command, TruncateStmt)) {
    DrainTruncated(reinterpret_cast<TruncateStmt *>(command));
  } else if (IsA(command, DropStmt)) {
    departures = OfDropped(reinterpret_cast<DropStmt *>(command));
    DrainAll(departures, "drop");
  } else {
    departures = OfDetached(reinterpret_cast<AlterTableStmt *>(command));
    DrainAll(departures, "detach");
  }
  return departures;
}

void ForgetFiles(const List *departures) {
  ListCell *cell;
  foreach (cell, departures) {
    const auto *departure = static_cast<const Departure *>(lfirst(cell));
    ListCell *table;
    foreach (table, departure->tables) ForgetFile(departure->query_id, lfirst_oid(table));
  }
}

bool HasRows(Oid table) {
  Relation relation = table_open(table, AccessShareLock);
  bool has_rows = false;
  if (relation->rd_rel->relkind == RELKIND_RELATION) {
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    TableScanDesc scan = table_beginscan(relation, snapshot, 0, nullptr);
    has_rows = table_scan_getnextslot(scan, ForwardScanDirection, slot);
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
  }
  table_close(relation, NoLock);
  return has_rows;
}

// Which of its rows are older than the query's last step, nobody can tell from the outside.
void WarnOfRows(const RangeVar *name) {
  const Oid partition = RangeVarGetRelid(name, NoLock, true);
  if (!OidIsValid(partition)) return;
  ListCell *cell;
  foreach (cell, DeparturesFrom(partition, Leaving::kWithTable)) {
    const auto *departure = static_cast<const Departure *>(lfirst(cell));
    ListCell *table;
    foreach (table, departure->tables) {
      if (!HasRows(lfirst_oid(table))) continue;
      ereport(
          WARNING, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("continuous query \"%s\" may not count rows that \"%s\" had before",
                 get_rel_name(departure->result), get_rel_name(lfirst_oid(table))),
          errhint("Run SELECT weir.refresh_query('%s') to build it anew from the rows there are.",
                  get_rel_name(departure->result)));
    }
  }
}

void Welcome(const AlterTableStmt *command) {
  ListCell *cell;
  foreach (cell, command->cmds) {
    const auto *part = lfirst_node(AlterTableCmd, cell);
    if (part->subtype == AT_AttachPartition) {
      WarnOfRows(castNode(PartitionCmd, part->def)->name);
    } else if (part->subtype == AT_AddInherit) {
      WarnOfRows(command->relation);
    }
  }
}

// Without a hold no query has anything to lose, and that is known without a look into a table.
bool IsActive() {
  return IsTransactionState() && !RecoveryInProgress() && !XactReadOnly && ReadHold().exists;
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
  UtilityHook::Next(WEIR_UTILITY_ARGUMENTS);
  if (!IsTransactionState()) return;
  ForgetFiles(gone);
  if (IsA(command, AlterTableStmt)) Welcome(reinterpret_cast<AlterTableStmt *>(command));
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
