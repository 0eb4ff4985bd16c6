#include "continuous/sql/restore.hpp"

#include "continuous/catalog/catalog.hpp"
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/objects/query_objects.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/sql/upstream.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xact.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

constexpr char kTail[] = "_tail";

// The number in weir_state.q<number>, followed by `suffix`, or 0.
int32 NumberOf(const RangeVar *relation, const char *suffix) {
  if (relation == nullptr || relation->schemaname == nullptr) return 0;
  if (strcmp(relation->schemaname, "weir_state") != 0 || relation->relname[0] != 'q') return 0;
  char *end;
  const long number = strtol(relation->relname + 1, &end, 10);
  if (strcmp(end, suffix) != 0 || number <= 0 || number > PG_INT32_MAX ||
      !OidIsValid(ExtensionOid()))
    return 0;
  return static_cast<int32>(number);
}

bool IsTail(const RangeVar *relation) {
  return relation != nullptr && NumberOf(relation, kTail) != 0;
}

void AppendColumns(StringInfo out, const List *columns) {
  if (columns == NIL) appendStringInfoChar(out, '*');
  ListCell *cell;
  foreach (cell, columns) {
    appendStringInfo(out, "%s%s", foreach_current_index(cell) > 0 ? ", " : "",
                     quote_identifier(strVal(lfirst(cell))));
  }
}

bool OwnerMayRead(const List *tables, Oid owner) {
  ListCell *cell;
  foreach (cell, tables) {
    if (pg_class_aclcheck(lfirst_oid(cell), owner, ACL_SELECT) != ACLCHECK_OK) return false;
  }
  return true;
}

// A query whose owner may not read its tables any more has a state up to then, and no newer rows.
bool MayRead(const QueryRow &row) {
  const List *tables = TablesOfQuery(row.id);
  if (tables == NIL || !has_privs_of_role(GetUserId(), row.owner)) return false;
  if (OwnerMayRead(tables, row.owner)) return true;
  ereport(
      WARNING, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
      errmsg("the copied state of continuous query %d is without rows it has not consumed", row.id),
      errhint("Grant its owner SELECT on the tables that it reads."));
  return false;
}

void SetForNow(const char *name, const char *value) {
  if (GetConfigOption(name, true, false) == nullptr) return;
  set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

void Anchor(int32 query_id) {
  const QueryRow *row = FindQueryById(query_id);
  FullTransactionId frontier;
  if (row == nullptr || ReadFrontier(query_id, &frontier)) return;
  const Oid source = SourceOfQuery(query_id);
  if (!OidIsValid(source)) return;
  TieViews(row->result, query_id);
  TieToUpstream(row->result, source);
  // The dump of a result holds newer rows that its readers have not counted, so they count anew.
  if (QueryBehind(source) != nullptr) return;
  AcquireHold();
  // Everything restored is below, also what this very transaction has restored.
  InitFrontier(query_id, ReadNextFullTransactionId(), source);
  if (HasChangeLog(query_id)) MarkEverything(query_id);
  WantKeeperAtCommit();
}

void WarnOfAnchor(int32 query_id, const ErrorData *error) {
  ereport(WARNING, errcode(error->sqlerrcode),
          errmsg("continuous query %d was restored but cannot go on: %s", query_id, error->message),
          errhint("SELECT * FROM weir.queries shows what to do."));
}

}  // namespace

int32 QueryToCopy(Node *command) {
  if (!IsA(command, CopyStmt)) return 0;
  const auto *copy = reinterpret_cast<const CopyStmt *>(command);
  if (copy->is_from || copy->filename != nullptr) return 0;
  const int32 number = NumberOf(copy->relation, IsTail(copy->relation) ? kTail : "");
  const QueryRow *row = number == 0 ? nullptr : FindQueryById(number);
  FullTransactionId frontier;
  if (row == nullptr || !ReadFrontier(number, &frontier)) return 0;
  return MayRead(*row) ? number : 0;
}

PlannedStmt *CopyOfContents(PlannedStmt *statement, int32 query_id) {
  auto *changed = static_cast<PlannedStmt *>(copyObjectImpl(statement));
  auto *copy = reinterpret_cast<CopyStmt *>(changed->utilityStmt);
  StringInfoData sql;
  initStringInfo(&sql);
  appendStringInfoString(&sql, "SELECT ");
  AppendColumns(&sql, copy->attlist);
  if (IsTail(copy->relation)) {
    appendStringInfo(&sql, " FROM weir_state.%s state", StateName(query_id, "_next"));
  } else {
    appendStringInfo(&sql, " FROM (%s) state", ContentsOf(query_id));
  }
  copy->relation = nullptr;
  copy->attlist = NIL;
  copy->query = linitial_node(RawStmt, raw_parser(sql.data, RAW_PARSE_DEFAULT))->stmt;
  return changed;
}

OwnerRights TakeOwnerRights(int32 query_id) {
  const QueryRow *row = FindQueryById(query_id);
  OwnerRights before{};
  GetUserIdAndSecContext(&before.user, &before.security_context);
  SetUserIdAndSecContext(row->owner, before.security_context | SECURITY_LOCAL_USERID_CHANGE |
                                         SECURITY_RESTRICTED_OPERATION);
  before.setting_level = PinSearchPath();
  // Dumps forbid views and row security so that nothing runs as who dumps; nothing does here.
  SetForNow("restrict_nonsystem_relation_kind", "");
  SetForNow("row_security", "on");
  return before;
}

void GiveOwnerRightsBack(const OwnerRights &before) {
  UnpinSearchPath(before.setting_level);
  SetUserIdAndSecContext(before.user, before.security_context);
}

int32 QueryToAnchor(Node *command) {
  if (!IsA(command, IndexStmt)) return 0;
  return NumberOf(reinterpret_cast<const IndexStmt *>(command)->relation, "");
}

// What keeps the query from going on must not keep the index from being restored.
void AnchorRestored(int32 query_id) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  BeginInternalSubTransaction(nullptr);
  PG_TRY();
  {
    PushActiveSnapshot(GetLatestSnapshot());
    Anchor(query_id);
    PopActiveSnapshot();
    ReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData *error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    WarnOfAnchor(query_id, error);
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
}

}  // namespace weir::continuous
