#include "continuous/objects/query_objects.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "continuous/rewrite/windows.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "commands/tablecmds.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace weir::continuous {
namespace {

// Room on the page, so that merging into a row seldom moves it to another page.
constexpr char kStorage[] = "WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1)";

// Where rows have no keys, the index holds late rows only, or nothing: dumps make it when all rows
// are restored, and that tells that they are.
Oid MakeStateTable(const Rewrite *rewrite, int32 query_id, Oid schema) {
  const char *name = StateName(query_id, "");
  const char *full = quote_qualified_identifier(get_namespace_name(schema), NameBeforeMove(name));
  const char *keys = IndexKeysOf(rewrite);
  RunSql(psprintf("CREATE TABLE %s %s AS SELECT *%s FROM weir_state.%s WITH NO DATA", full,
                  kStorage, keys != nullptr ? ", 0 AS lane" : "", StateName(query_id, "_all")),
         SPI_OK_UTILITY);
  PublishWhole(full);
  if (keys != nullptr) {
    // While there is one lane, each row is a group, which the live view makes use of.
    RunSql(psprintf("ALTER TABLE %s ALTER lane SET NOT NULL, ALTER lane SET DEFAULT 0, "
                    "ADD CONSTRAINT one_lane CHECK (lane = 0)",
                    full),
           SPI_OK_UTILITY);
  }
  const char *index = StateName(query_id, "_key");
  const char *index_before = NameBeforeMove(index);
  RunSql(keys != nullptr ? psprintf("CREATE UNIQUE INDEX %s ON %s (%s) NULLS NOT DISTINCT",
                                    index_before, full, keys)
                         : psprintf("CREATE INDEX %s ON %s ((1)) WHERE %s", index_before, full,
                                    rewrite->window != nullptr ? "late" : "false"),
         SPI_OK_UTILITY);
  const bool has_window = rewrite->time != nullptr && NeedsWindowIndex(rewrite);
  const char *window = StateName(query_id, "_window");
  if (has_window) {
    RunSql(
        psprintf("CREATE INDEX %s ON %s (k%d)", NameBeforeMove(window), full, rewrite->time->key),
        SPI_OK_UTILITY);
  }
  const Oid state = MoveToState(schema, name);
  RenameRelationInternal(get_relname_relid(index_before, StateSchema()), index, true, true);
  if (has_window) {
    RenameRelationInternal(get_relname_relid(NameBeforeMove(window), StateSchema()), window, true,
                           true);
  }
  CommandCounterIncrement();
  return state;
}

// The last rows of each key, found by its hash.
void MakeTail(const Rewrite *rewrite, int32 query_id, Oid schema) {
  const char *name = StateName(query_id, "_tail");
  const char *index = StateName(query_id, "_tail_key");
  const char *full = quote_qualified_identifier(get_namespace_name(schema), NameBeforeMove(name));
  RunSql(psprintf("CREATE TABLE %s %s AS %s WITH NO DATA", full, kStorage, TailShapeOf(rewrite)),
         SPI_OK_UTILITY);
  PublishWhole(full);
  RunSql(psprintf("CREATE INDEX %s ON %s (key_hash)", NameBeforeMove(index), full), SPI_OK_UTILITY);
  MoveToState(schema, name);
  RenameRelationInternal(get_relname_relid(NameBeforeMove(index), StateSchema()), index, true,
                         true);
  CommandCounterIncrement();
}

void MakeWindowObjects(const Rewrite *rewrite, int32 query_id, Oid schema) {
  MakeTail(rewrite, query_id, schema);
  MakeStateView(schema, StateName(query_id, "_work"), WorkColumns(rewrite),
                WorkOf(rewrite, query_id));
  MakeStateView(schema, StateName(query_id, "_first"), FirstWorkColumns(rewrite),
                FirstWorkOf(rewrite, query_id));
  MakeStateView(schema, StateName(query_id, "_next"), TailColumns(rewrite),
                NextTailOf(rewrite, query_id));
}

void MakeTime(const Rewrite *rewrite, int32 query_id, Oid schema) {
  MakeStateSideTable(schema, StateName(query_id, "_time"), TimeTableOf(rewrite));
  MakeStateView(schema, StateName(query_id, "_seen"), "newest, future_count", SeenOf(rewrite));
  if (rewrite->emission->late != Late::kDeadLetter) return;
  MakeStateView(schema, StateName(query_id, "_late"), "event", LateRowsOf(rewrite, query_id));
}

Oid MakeView(const Target &target, const char *columns, const char *query,
             const char *create = "CREATE VIEW") {
  RunSql(psprintf("%s %s (%s) AS %s", create,
                  quote_qualified_identifier(get_namespace_name(target.schema), target.name),
                  columns, query),
         SPI_OK_UTILITY);
  return get_relname_relid(target.name, target.schema);
}

void TieTo(Oid result, const char *name) {
  const Oid object = get_relname_relid(name, StateSchema());
  if (!OidIsValid(object)) return;
  ObjectAddress child;
  ObjectAddress parent;
  ObjectAddressSet(child, RelationRelationId, object);
  ObjectAddressSet(parent, RelationRelationId, result);
  recordDependencyOn(&child, &parent, DEPENDENCY_AUTO);
}

void DropIfThere(const char *kind, const char *name) {
  if (!OidIsValid(get_relname_relid(name, StateSchema()))) return;
  RunSql(psprintf("DROP %s weir_state.%s", kind, name), SPI_OK_UTILITY);
}

}  // namespace

Oid MakeStateObjects(const Rewrite *rewrite, int32 query_id, Oid schema) {
  const char *columns = ColumnList(rewrite->columns);
  const char *names = ColumnList(rewrite->names);
  MakeStateView(schema, StateName(query_id, "_definition"), names, DefinitionOf(rewrite));
  const char *all = rewrite->window != nullptr ? WindowShapeOf(rewrite) : PartialsOf(rewrite, 0);
  MakeStateView(schema, StateName(query_id, "_all"), columns, all);
  if (rewrite->retracts) MakeChangeLog(rewrite, query_id, schema);
  if (rewrite->window != nullptr) MakeWindowObjects(rewrite, query_id, schema);
  const char *fresh = rewrite->window != nullptr ? NewResultsOf(rewrite, query_id)
                                                 : NewPartialsOf(rewrite, query_id);
  MakeStateView(schema, StateName(query_id, "_new"),
                psprintf("%s%s", columns, rewrite->time != nullptr ? kTimeColumns : ""), fresh);
  const Oid state = MakeStateTable(rewrite, query_id, schema);
  if (rewrite->time != nullptr) MakeTime(rewrite, query_id, schema);
  if (KeepsLog(*rewrite->emission)) MakeResultLog(rewrite, query_id, schema);
  return state;
}

Oid MakeObjects(const Rewrite *rewrite, int32 query_id, const Target &target) {
  MakeStateObjects(rewrite, query_id, target.schema);
  const Oid result = MakeView(target, ColumnList(rewrite->names), LiveOf(rewrite, query_id));
  TieViews(result, query_id);
  return result;
}

void ReplaceResult(const Rewrite *rewrite, int32 query_id, Oid result) {
  const Target target{get_rel_namespace(result), get_rel_name(result)};
  MakeView(target, ColumnList(rewrite->names), LiveOf(rewrite, query_id), "CREATE OR REPLACE VIEW");
  TieViews(result, query_id);
}

void TieViews(Oid result, int32 query_id) {
  TieTo(result, StateName(query_id, "_definition"));
  TieTo(result, StateName(query_id, "_all"));
  TieTo(result, StateName(query_id, "_new"));
  TieTo(result, StateName(query_id, "_seen"));
  TieTo(result, StateName(query_id, "_late"));
  TieTo(result, StateName(query_id, "_touched"));
  TieTo(result, StateName(query_id, "_next"));
  TieTo(result, StateName(query_id, "_work"));
  TieTo(result, StateName(query_id, "_first"));
}

void MakeGuard(Oid source, int32 query_id) {
  const char *table = QualifiedRelation(source);
  RunSql(psprintf("CREATE TRIGGER weir_guard_%d BEFORE UPDATE OR DELETE ON %s FOR EACH ROW "
                  "EXECUTE FUNCTION weir.refuse_change()",
                  query_id, table),
         SPI_OK_UTILITY);
  RunSql(psprintf("CREATE TRIGGER weir_guard_truncate_%d BEFORE TRUNCATE ON %s FOR EACH STATEMENT "
                  "EXECUTE FUNCTION weir.refuse_change()",
                  query_id, table),
         SPI_OK_UTILITY);
}

// The query's owner need not own the table.
void DropGuards(int32 query_id) {
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  pg::Execute(psprintf("SELECT pg_catalog.format('DROP TRIGGER %%I ON %%s', tgname, "
                       "tgrelid::pg_catalog.regclass) FROM pg_catalog.pg_trigger WHERE tgname IN "
                       "('weir_guard_%d', 'weir_guard_truncate_%d', 'weir_retract_%d') AND "
                       "tgparentid = 0 AND tgfoid IN (%u, %u)",
                       query_id, query_id, query_id, OurFunction("refuse_change"),
                       OurFunction("log_change")),
              SPI_OK_SELECT);
  const uint64 count = SPI_processed;
  SPITupleTable *rows = SPI_tuptable;
  for (uint64 i = 0; i < count; i++) {
    pg::Execute(SPI_getvalue(rows->vals[i], rows->tupdesc, 1), SPI_OK_UTILITY);
  }
  SPI_finish();
  GiveRightsBack(before);
}

void DropStateObjects(int32 query_id) {
  DropGuards(query_id);
  DropIfThere("VIEW", StateName(query_id, "_touched"));
  DropIfThere("VIEW", StateName(query_id, "_new"));
  DropIfThere("VIEW", StateName(query_id, "_next"));
  DropIfThere("VIEW", StateName(query_id, "_work"));
  DropIfThere("VIEW", StateName(query_id, "_first"));
  DropIfThere("VIEW", StateName(query_id, "_all"));
  DropIfThere("VIEW", StateName(query_id, "_seen"));
  DropIfThere("VIEW", StateName(query_id, "_late"));
  DropIfThere("VIEW", StateName(query_id, "_definition"));
  DropIfThere("TABLE", StateName(query_id, ""));
  DropIfThere("TABLE", StateName(query_id, "_time"));
  DropIfThere("TABLE", StateName(query_id, "_gone"));
  DropIfThere("TABLE", StateName(query_id, "_tail"));
}

}  // namespace weir::continuous
