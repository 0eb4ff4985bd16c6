#include "continuous/rewrite/objects.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/sources.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "commands/tablecmds.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace weir::continuous {

Oid StateSchema() { return get_namespace_oid("weir_state", false); }

const char *NameBeforeMove(const char *name) { return psprintf("weir_state_%s", name); }

Oid MoveToState(Oid schema, const char *name) {
  const Oid object = get_relname_relid(NameBeforeMove(name), schema);
  if (!OidIsValid(object)) elog(ERROR, "relation %s was not made", name);
  Relation relation = relation_open(object, AccessExclusiveLock);
  ObjectAddresses *moved = new_object_addresses();
  if (schema != StateSchema()) AlterTableNamespaceInternal(relation, schema, StateSchema(), moved);
  free_object_addresses(moved);
  relation_close(relation, NoLock);
  CommandCounterIncrement();
  RenameRelationInternal(object, name, true, false);
  CommandCounterIncrement();
  return object;
}

void RunSql(const char *sql, int expected) {
  SPI_connect();
  pg::Execute(sql, expected);
  SPI_finish();
}

void PublishWhole(const char *table) {
  RunSql(psprintf("ALTER TABLE %s REPLICA IDENTITY FULL", table), SPI_OK_UTILITY);
}

void MakeStateSideTable(Oid schema, const char *name, const char *definition) {
  const char *full = quote_qualified_identifier(get_namespace_name(schema), NameBeforeMove(name));
  RunSql(psprintf("CREATE TABLE %s (%s)", full, definition), SPI_OK_UTILITY);
  PublishWhole(full);
  MoveToState(schema, name);
}

Oid MakeStateView(Oid schema, const char *name, const char *columns, const char *query) {
  RunSql(psprintf("CREATE VIEW %s (%s) AS %s",
                  quote_qualified_identifier(get_namespace_name(schema), NameBeforeMove(name)),
                  columns, query),
         SPI_OK_UTILITY);
  return MoveToState(schema, name);
}

Oid MakeStateCopy(Oid schema, const char *name, const char *query) {
  // It is nearly always empty, and plans should know.
  const char *full = quote_qualified_identifier(get_namespace_name(schema), NameBeforeMove(name));
  RunSql(psprintf("CREATE TABLE %s WITH (autovacuum_vacuum_scale_factor = 0.1, "
                  "autovacuum_analyze_scale_factor = 0) AS %s WITH NO DATA",
                  full, query),
         SPI_OK_UTILITY);
  RunSql(psprintf("ANALYZE %s", full), SPI_OK_UTILITY);
  PublishWhole(full);
  return MoveToState(schema, name);
}

Oid StateRelation(int32 query_id, const char *suffix) {
  return get_relname_relid(StateName(query_id, suffix), StateSchema());
}

List *TablesOfQuery(int32 query_id) {
  const Oid view = get_relname_relid(StateName(query_id, "_definition"), StateSchema());
  if (!OidIsValid(view)) return NIL;
  Relation relation = try_relation_open(view, AccessShareLock);
  if (relation == nullptr) return NIL;
  List *tables = NIL;
  ListCell *cell;
  foreach (cell, TablesOf(get_view_query(relation))) {
    tables = lappend_oid(tables, lfirst_node(RangeTblEntry, cell)->relid);
  }
  relation_close(relation, AccessShareLock);
  return tables;
}

Oid SourceOfQuery(int32 query_id) {
  const List *tables = TablesOfQuery(query_id);
  return tables == NIL ? InvalidOid : linitial_oid(tables);
}

bool HasTail(int32 query_id) {
  return OidIsValid(get_relname_relid(StateName(query_id, "_tail"), StateSchema()));
}

}  // namespace weir::continuous
