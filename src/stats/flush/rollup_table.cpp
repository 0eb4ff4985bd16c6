#include "stats/flush/rollup_table.hpp"

#include "stats/sql/histogram_value.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "nodes/execnodes.h"
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::stats {

namespace {

using core::DurationSummary;
using core::RollupFigures;

// Columns of weir.rollups, from 0.
enum Column : int {
  kMinutes,
  kBucket,
  kKind,
  kUser,
  kCalls,
  kPlans,
  kFirstSeen,
  kLastSeen,
  kExec,  // total, min, max, m2
  kPlan = kExec + 4,
  kCounts = kPlan + 4,
  kTimes = kCounts + core::kRollupCounts,
  kDurations = kTimes + core::kRollupTimes,
  kColumns
};

// A row as values and nulls.
struct Row {
  Datum values[kColumns];
  bool nulls[kColumns];

  void Set(int column, Datum value) {
    values[column] = value;
    nulls[column] = false;
  }
  // What is 0 is left null.
  void Set(int column, std::int64_t value) {
    values[column] = Int64GetDatum(value);
    nulls[column] = value == 0;
  }
  void Set(int column, double value) {
    values[column] = Float8GetDatum(value);
    nulls[column] = value == 0;
  }
  std::int64_t Count(int column) const { return nulls[column] ? 0 : DatumGetInt64(values[column]); }
  double Time(int column) const { return nulls[column] ? 0 : DatumGetFloat8(values[column]); }
};

void FormTimes(Row &row, const RollupFigures &figures) {
  // The first three belong to every row, be they 0.
  row.Set(kExec, Float8GetDatum(figures.exec.total));
  row.Set(kExec + 1, Float8GetDatum(figures.exec.min));
  row.Set(kExec + 2, Float8GetDatum(figures.exec.max));
  row.Set(kExec + 3, figures.exec.m2);
  row.Set(kPlan, figures.plan.total);
  row.Set(kPlan + 1, figures.plan.min);
  row.Set(kPlan + 2, figures.plan.max);
  row.Set(kPlan + 3, figures.plan.m2);
}

void FormRow(Row &row, const RollupPlace &place, const RollupFigures &figures) {
  row.Set(kMinutes, Int16GetDatum(kMinutesOf[static_cast<int>(place.width)]));
  row.Set(kBucket, TimestampTzGetDatum(place.bucket));
  row.Set(kKind, Int64GetDatum(place.kind));
  row.Set(kUser, ObjectIdGetDatum(place.user_id));
  row.Set(kCalls, figures.calls);
  row.Set(kPlans, figures.plans);
  row.Set(kFirstSeen, TimestampTzGetDatum(figures.first_seen));
  row.Set(kLastSeen, TimestampTzGetDatum(figures.last_seen));
  FormTimes(row, figures);
  for (int i = 0; i < core::kRollupCounts; i++) row.Set(kCounts + i, figures.counts[i]);
  for (int i = 0; i < core::kRollupTimes; i++) row.Set(kTimes + i, figures.times[i]);
  row.Set(kDurations, PointerGetDatum(StoreHistogram(figures.durations)));
}

DurationSummary ReadSummary(const Row &row, int column) {
  return {row.Time(column), row.Time(column + 1), row.Time(column + 2), row.Time(column + 3)};
}

void ReadFigures(const Row &row, RollupFigures *figures) {
  *figures = RollupFigures{};
  figures->calls = row.Count(kCalls);
  figures->plans = row.Count(kPlans);
  figures->first_seen = DatumGetTimestampTz(row.values[kFirstSeen]);
  figures->last_seen = DatumGetTimestampTz(row.values[kLastSeen]);
  figures->exec = ReadSummary(row, kExec);
  figures->plan = ReadSummary(row, kPlan);
  for (int i = 0; i < core::kRollupCounts; i++) figures->counts[i] = row.Count(kCounts + i);
  for (int i = 0; i < core::kRollupTimes; i++) figures->times[i] = row.Time(kTimes + i);
  MergeStored(figures->durations, PG_DETOAST_DATUM_PACKED(row.values[kDurations]));
}

// Rows that this transaction has changed already have to be seen.
SysScanDesc FindRow(const RollupTable &table, const RollupPlace &place, ScanKeyData *keys) {
  ScanKeyInit(&keys[0], kBucket + 1, BTEqualStrategyNumber, F_TIMESTAMPTZ_EQ,
              TimestampTzGetDatum(place.bucket));
  ScanKeyInit(&keys[1], kKind + 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(place.kind));
  return systable_beginscan(table.relation, table.primary_key, true, SnapshotSelf, 2, keys);
}

void MergeFound(const RollupTable &table, HeapTuple found, RollupFigures &figures) {
  Row row;
  heap_deform_tuple(found, RelationGetDescr(table.relation), row.values, row.nulls);
  RollupFigures stored;
  ReadFigures(row, &stored);
  stored.Merge(figures);
  figures = stored;
}

// Rows are written past the executor, which would be needed for any other kind of index.
bool IsAsMade(Relation relation, CatalogIndexState indexes) {
  if (RelationGetNumberOfAttributes(relation) != kColumns) return false;
  for (int i = 0; i < indexes->ri_NumIndices; i++) {
    const IndexInfo *index = indexes->ri_IndexRelationInfo[i];
    if (index->ii_Expressions != NIL || index->ii_Predicate != NIL ||
        index->ii_ExclusionOps != nullptr) {
      return false;
    }
  }
  return OidIsValid(relation->rd_pkindex);
}

}  // namespace

RollupTable OpenRollups(Width width) {
  RangeVar *name = makeRangeVar(const_cast<char *>("weir"),
                                const_cast<char *>(kTableOf[static_cast<int>(width)]), -1);
  Relation relation = table_openrv(name, RowExclusiveLock);
  CatalogIndexState indexes = CatalogOpenIndexes(relation);
  if (!IsAsMade(relation, indexes)) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("table weir.%s is not as pg_weir made it", RelationGetRelationName(relation)),
            errdetail("It needs its columns and its primary key, and may not have indexes on "
                      "expressions, with a condition, or for exclusion."),
            errhint("Drop such indexes, or create the extension again."));
  }
  return {relation, relation->rd_pkindex, indexes};
}

void CloseRollups(const RollupTable &table) {
  CatalogCloseIndexes(table.indexes);
  table_close(table.relation, NoLock);
}

void AddToRow(const RollupTable &table, const RollupPlace &place, RollupFigures &figures) {
  ScanKeyData keys[2];
  SysScanDesc scan = FindRow(table, place, keys);
  HeapTuple found = systable_getnext(scan);
  if (HeapTupleIsValid(found)) MergeFound(table, found, figures);
  Row row;
  FormRow(row, place, figures);
  HeapTuple tuple = heap_form_tuple(RelationGetDescr(table.relation), row.values, row.nulls);
  if (HeapTupleIsValid(found)) {
    CatalogTupleUpdateWithInfo(table.relation, &found->t_self, tuple, table.indexes);
  } else {
    CatalogTupleInsertWithInfo(table.relation, tuple, table.indexes);
  }
  systable_endscan(scan);
  pfree(tuple);
  pfree(DatumGetPointer(row.values[kDurations]));
}

void ReadRow(HeapTuple tuple, TupleDesc description, RollupPlace *place, RollupFigures *figures) {
  Row row;
  heap_deform_tuple(tuple, description, row.values, row.nulls);
  place->bucket = DatumGetTimestampTz(row.values[kBucket]);
  place->kind = DatumGetInt64(row.values[kKind]);
  place->user_id = DatumGetObjectId(row.values[kUser]);
  ReadFigures(row, figures);
}

}  // namespace weir::stats
