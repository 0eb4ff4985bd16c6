#include "continuous/sql/upstream.hpp"

#include "continuous/delta/frontier.hpp"
#include "continuous/rewrite/names.hpp"
#include "continuous/rewrite/sources.hpp"
#include "continuous/worker/commit.hpp"

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

Oid StateRelation(int32 query_id, const char *suffix) {
  return get_relname_relid(StateName(query_id, suffix), get_namespace_oid("weir_state", false));
}

// Groups are merged into; rows of filters and projections stay as they were added.
bool OnlyAddsRows(int32 query_id) {
  Relation view = relation_open(StateRelation(query_id, "_definition"), AccessShareLock);
  const Query *query = get_view_query(view);
  const bool only_adds =
      !query->hasAggs && query->groupClause == NIL && query->havingQual == nullptr;
  relation_close(view, NoLock);
  return only_adds;
}

void RequireSelect(Oid table) {
  if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK) return;
  const char *name = QualifiedRelation(table);
  ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
          errmsg("permission denied for table %s, which holds the result's rows", name),
          errhint("As its owner, run GRANT SELECT ON %s TO %s.", name,
                  quote_identifier(GetUserNameFromId(GetUserId(), false))));
}

// The table has the view's columns in their order, under other names.
void ReplaceByTable(RangeTblEntry *view, Oid table) {
  LockRelationOid(table, AccessShareLock);
  view->relid = table;
  view->relkind = RELKIND_RELATION;
  view->alias = static_cast<Alias *>(copyObjectImpl(view->eref));
}

}  // namespace

void ReadStoredResult(const Definition &definition) {
  if (definition.query->jointree->fromlist == NIL) return;
  RangeTblEntry *stream = SourceOf(definition.query);
  if (stream->rtekind != RTE_RELATION || stream->relkind != RELKIND_VIEW) return;
  const QueryRow *row = FindQuery(stream->relid);
  if (row == nullptr) return;
  if (!OnlyAddsRows(row->id)) {
    Refuse(definition.text,
           {LocationOfFirstTable(definition.written), "a stream of groups",
            "Groups change with each row; write the query over the table that they come from."});
  }
  const Oid table = StateRelation(row->id, "");
  RequireSelect(table);
  ReplaceByTable(stream, table);
}

QueryRow *QueryBehind(Oid table) {
  if (get_rel_namespace(table) != get_namespace_oid("weir_state", true)) return nullptr;
  const char *name = get_rel_name(table);
  if (name == nullptr || name[0] != 'q') return nullptr;
  char *end;
  const long number = strtol(name + 1, &end, 10);
  if (*end != '\0' || number <= 0 || number > PG_INT32_MAX) return nullptr;
  return FindQueryById(static_cast<int32>(number));
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

void RequireNoReaders(const QueryRow &row) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  int32 reader;
  const int count = QueriesOf(StateRelation(row.id, ""), snapshot, &reader, 1);
  UnregisterSnapshot(snapshot);
  const QueryRow *found = count == 0 ? nullptr : FindQueryById(reader);
  if (found == nullptr) return;
  const char *name = QualifiedRelation(found->result);
  ereport(ERROR, errcode(ERRCODE_OBJECT_IN_USE),
          errmsg("cannot rebuild \"%s\": continuous query %s has counted its rows",
                 get_rel_name(row.result), name),
          errhint("Run SELECT weir.drop_query('%s') and create it again afterwards.", name));
}

}  // namespace weir::continuous
