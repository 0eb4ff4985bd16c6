#include "continuous/retract/change_log.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/touched_arms.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
}

namespace weir::continuous {
namespace {

Oid LogOf(int32 query_id) {
  return get_relname_relid(StateName(query_id, "_gone"), get_namespace_oid("weir_state", false));
}

}  // namespace

void MakeChangeLog(const Rewrite *rewrite, int32 query_id, Oid schema) {
  MakeStateCopy(schema, StateName(query_id, "_gone"), LogColumnsOf(rewrite, query_id));
  MakeStateView(schema, StateName(query_id, "_touched"), ColumnList(rewrite->columns),
                TouchedArms(rewrite, query_id));
}

// Row triggers come to partitions by themselves, old and new ones, and fire for changes that a
// subscription applies.
void WatchChanges(Oid source, int32 query_id) {
  const char *sql = psprintf(
      "CREATE TRIGGER weir_retract_%d AFTER UPDATE OR DELETE ON %s FOR EACH ROW "
      "EXECUTE FUNCTION weir.log_change('%d')",
      query_id, QualifiedRelation(source), query_id);
  RawStmt *raw = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
  CreateTriggerFiringOn(castNode(CreateTrigStmt, raw->stmt), sql, InvalidOid, InvalidOid,
                        InvalidOid, InvalidOid, InvalidOid, InvalidOid, nullptr, false, false,
                        TRIGGER_FIRES_ALWAYS);
  CommandCounterIncrement();
}

// Whoever changed the source unseen had its transaction id before the triggers were there, and this
// row's is newer: it is that of a savepoint made here. So no step that has the row is without them.
void MarkEverything(int32 query_id) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  BeginInternalSubTransaction(nullptr);
  AppendChange(LogOf(query_id), nullptr);
  ReleaseCurrentSubTransaction();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
}

void BeginRetraction(Oid source, int32 query_id) {
  WatchChanges(source, query_id);
  MarkEverything(query_id);
}

bool HasChangeLog(int32 query_id) { return OidIsValid(LogOf(query_id)); }

void RequireLogForm(Relation log, TupleDesc columns) {
  TupleDesc found = RelationGetDescr(log);
  bool is_right = log->rd_rel->relkind == RELKIND_RELATION &&
                  log->rd_tableam == GetHeapamTableAmRoutine() && found->natts > 0 &&
                  TupleDescAttr(found, found->natts - 1)->atttypid == BOOLOID;
  if (columns != nullptr) is_right = is_right && found->natts == columns->natts;
  for (int i = 0; is_right && columns != nullptr && i < found->natts; i++) {
    is_right = TupleDescAttr(found, i)->atttypid == TupleDescAttr(columns, i)->atttypid;
  }
  if (is_right) return;
  ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
          errmsg("table weir_state.%s is not as it was made", RelationGetRelationName(log)),
          errhint("Drop the continuous query and create it again."));
}

// Whoever changes a row needs no right on the table.
void AppendChange(Oid log, const ChangedKey *key) {
  Relation relation = table_open(log, RowExclusiveLock);
  RequireLogForm(relation, key != nullptr ? key->columns : nullptr);
  const int count = RelationGetDescr(relation)->natts - 1;
  auto *values = static_cast<Datum *>(palloc0(sizeof(Datum) * (count + 1)));
  auto *are_null = static_cast<bool *>(palloc(sizeof(bool) * (count + 1)));
  for (int i = 0; i < count; i++) {
    are_null[i] = key == nullptr || key->nulls[i];
    if (!are_null[i]) values[i] = key->values[i];
  }
  values[count] = BoolGetDatum(key == nullptr);
  are_null[count] = false;
  HeapTuple tuple = heap_form_tuple(RelationGetDescr(relation), values, are_null);
  simple_heap_insert(relation, tuple);
  heap_freetuple(tuple);
  pfree(values);
  pfree(are_null);
  table_close(relation, NoLock);
}

}  // namespace weir::continuous
