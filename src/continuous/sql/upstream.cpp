#include "continuous/sql/upstream.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/changes/streams.hpp"
#include "continuous/frontier/frontier.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/sources.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/sql/stored_groups.hpp"
#include "continuous/sql/stored_log.hpp"

extern "C" {
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

// Groups are merged into; rows of filters and projections stay as they were added.
bool OnlyAddsRows(int32 query_id) {
  Relation view = relation_open(StateRelation(query_id, "_definition"), AccessShareLock);
  const Query *query = get_view_query(view);
  const bool only_adds =
      !query->hasAggs && query->groupClause == NIL && query->havingQual == nullptr;
  relation_close(view, NoLock);
  return only_adds;
}

// Who follows changes of the rows has them written down, by a trigger.
void RequireRights(Oid table, bool retracts) {
  const AclMode wanted = retracts ? ACL_SELECT | ACL_TRIGGER : ACL_SELECT;
  if (pg_class_aclmask(table, GetUserId(), wanted, ACLMASK_ALL) == wanted) return;
  const char *name = QualifiedRelation(table);
  ereport(
      ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
      errmsg("permission denied for table %s, which holds the result's rows", name),
      errhint("As its owner, run GRANT %s ON %s TO %s.", retracts ? "SELECT, TRIGGER" : "SELECT",
              name, quote_identifier(GetUserNameFromId(GetUserId(), false))));
}

// The table has the view's columns in their order, under other names.
void ReplaceByTable(RangeTblEntry *view, Oid table) {
  LockRelationOid(table, AccessShareLock);
  view->relid = table;
  view->relkind = RELKIND_RELATION;
  view->alias = static_cast<Alias *>(copyObjectImpl(view->eref));
}

QueryRow *RequireFollowed(Oid result) {
  QueryRow *row = FindQuery(result);
  const char *name = get_rel_name(result);
  if (row == nullptr) {
    ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
            errmsg("\"%s\" is not a continuous query", name != nullptr ? name : "?"),
            errhint("SELECT * FROM weir.queries shows the continuous queries of this database."));
  }
  return row;
}

void ReadChanges(const Definition &definition, bool retracts) {
  const QueryRow *row = RequireFollowed(ResultFollowed(definition));
  const Oid log = StateRelation(row->log_id, kLogSuffix);
  if (!OidIsValid(log)) {
    Refuse(definition.text,
           {LocationOfFirstTable(definition.written), "weir.changes() of a query that keeps no log",
            "Create that query with EMIT CHANGES or EMIT FINAL at the end."});
  }
  RequireRights(log, retracts);
  ReadStoredLog(definition, log);
}

// What the stream's rows are, when they are groups or rows that are taken back.
void RequireFollowable(const Definition &definition, const QueryRow &row, bool retracts) {
  const int location = LocationOfFirstTable(definition.written);
  if (!retracts) {
    Refuse(definition.text,
           {location, row.retracts ? "a stream whose rows are taken back" : "a stream of groups",
            "Its rows change: follow them with on_delete => 'retract', read their changes FROM "
            "weir.changes(), or write the query over the table that they come from."});
  }
  const Stream *stream = FindStream(row.id);
  if (stream == nullptr || !stream->is_final) return;
  Refuse(definition.text,
         {location, "a stream of windows that close",
          "They appear without a change of what is stored: read them FROM weir.changes()."});
}

void ReadResult(const Definition &definition, bool retracts) {
  RangeTblEntry *stream = SourceOf(definition.query);
  const QueryRow *row = FindQuery(stream->relid);
  if (row == nullptr) return;
  const bool only_adds = OnlyAddsRows(row->id);
  if (!only_adds || row->retracts) RequireFollowable(definition, *row, retracts);
  const Oid table = StateRelation(row->id, "");
  RequireRights(table, retracts);
  if (only_adds) {
    ReplaceByTable(stream, table);
  } else {
    ReadStoredGroups(definition, row->result, table);
  }
}

}  // namespace

void ReadStoredResult(const Definition &definition, bool retracts) {
  if (definition.query->jointree->fromlist == NIL) return;
  const RangeTblEntry *stream = SourceOf(definition.query);
  if (ReadsChanges(definition)) {
    ReadChanges(definition, retracts);
  } else if (stream->rtekind == RTE_RELATION && stream->relkind == RELKIND_VIEW) {
    ReadResult(definition, retracts);
  }
}

QueryRow *QueryBehind(Oid table) {
  if (get_rel_namespace(table) != get_namespace_oid("weir_state", true)) return nullptr;
  const char *name = get_rel_name(table);
  if (name == nullptr || name[0] != 'q') return nullptr;
  char *end;
  const long number = strtol(name + 1, &end, 10);
  if (*end != '\0' && strcmp(end, kLogSuffix) != 0) return nullptr;
  if (number <= 0 || number > PG_INT32_MAX) return nullptr;
  const auto id = static_cast<int32>(number);
  return FindQueryById(*end == '\0' ? id : QueryOfLog(id));
}

void TieToUpstream(Oid result, Oid source) {
  const QueryRow *upstream = QueryBehind(source);
  if (upstream == nullptr) return;
  ObjectAddress child;
  ObjectAddress parent;
  ObjectAddressSet(child, RelationRelationId, result);
  ObjectAddressSet(parent, RelationRelationId, upstream->result);
  recordDependencyOn(&child, &parent, DEPENDENCY_NORMAL);
  // Its worker is to know that it is read.
  ReloadAtCommit();
}

void UntieFromUpstream(Oid result, Oid source) {
  const QueryRow *upstream = QueryBehind(source);
  if (upstream == nullptr) return;
  deleteDependencyRecordsForSpecific(RelationRelationId, result, DEPENDENCY_NORMAL,
                                     RelationRelationId, upstream->result);
  CommandCounterIncrement();
}

namespace {

constexpr int kMostReaders = 1000;

void RequireNoReaders(const QueryRow &row, bool only_counting) {
  int32 readers[kMostReaders];
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const int count = QueriesOf(StateRelation(row.id, ""), snapshot, readers, kMostReaders);
  UnregisterSnapshot(snapshot);
  for (int i = 0; i < count; i++) {
    const QueryRow *found = FindQueryById(readers[i]);
    if (found == nullptr || (only_counting && found->retracts)) continue;
    const char *name = QualifiedRelation(found->result);
    ereport(ERROR, errcode(ERRCODE_OBJECT_IN_USE),
            errmsg("cannot rebuild \"%s\": continuous query %s has counted its rows",
                   get_rel_name(row.result), name),
            errhint("Run SELECT weir.drop_query('%s') and create it again afterwards.", name));
  }
}

}  // namespace

void RequireReplaceable(const QueryRow &row) { RequireNoReaders(row, false); }

void RequireRebuildable(const QueryRow &row) { RequireNoReaders(row, true); }

}  // namespace weir::continuous
