#include "continuous/changes/streams.hpp"

#include <initializer_list>

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
}

namespace weir::continuous {
namespace {

// Of a statement; some are null.
struct Parameters {
  int count;
  Oid types[14];
  Datum values[14];
  char nulls[14];
};

void Put(Parameters *row, Oid type, Datum value, bool is_null = false) {
  row->types[row->count] = type;
  row->values[row->count] = value;
  row->nulls[row->count++] = is_null ? 'n' : ' ';
}

void PutText(Parameters *row, const char *text) {
  Put(row, TEXTOID, text == nullptr ? Datum{0} : CStringGetTextDatum(text), text == nullptr);
}

void PutInterval(Parameters *row, const Interval *interval) {
  Put(row, INTERVALOID, IntervalPGetDatum(interval), interval == nullptr);
}

void ExecuteFor(int32 query_id, const char *sql, int expected) {
  Oid types[] = {INT4OID};
  Datum values[] = {Int32GetDatum(query_id)};
  pg::Execute(sql, expected, 1, types, values);
}

// Zero when it is null.
Datum ColumnOfFirst(int column) {
  bool is_null;
  const Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null);
  return is_null ? Datum{0} : value;
}

char *TextOfFirst(int column, MemoryContext context) {
  const Datum value = ColumnOfFirst(column);
  if (value == Datum{0}) return nullptr;
  return MemoryContextStrdup(context, TextDatumGetCString(value));
}

const Interval *IntervalOfFirst(int column, MemoryContext context) {
  const Datum value = ColumnOfFirst(column);
  if (value == Datum{0}) return nullptr;
  auto *interval = static_cast<Interval *>(MemoryContextAlloc(context, sizeof(Interval)));
  *interval = *DatumGetIntervalP(value);
  return interval;
}

const char *NameOf(pg::EmitMode mode) {
  return mode == pg::EmitMode::kChanges ? "changes" : "final";
}

}  // namespace

void AddStream(int32 query_id, const Rewrite *rewrite) {
  const Emission &emission = *rewrite->emission;
  Parameters row{};
  Put(&row, INT4OID, Int32GetDatum(query_id));
  PutText(&row, KeepsLog(emission) ? NameOf(emission.mode) : nullptr);
  Put(&row, BOOLOID, BoolGetDatum(emission.notifies));
  PutInterval(&row, emission.retention);
  const bool has_time = rewrite->time != nullptr;
  PutInterval(&row, has_time ? emission.lateness : nullptr);
  PutText(&row, has_time ? NameOf(emission.late) : nullptr);
  PutInterval(&row, has_time ? emission.idle_timeout : nullptr);
  PutInterval(&row, has_time ? emission.max_future : nullptr);
  PutText(&row, has_time ? ClosingOf(rewrite, query_id, false) : nullptr);
  PutText(&row, has_time ? ClosingOf(rewrite, query_id, true) : nullptr);
  PutText(&row, has_time ? ForgettingOf(rewrite, query_id) : nullptr);
  PutText(&row, has_time ? MergeOf(rewrite, query_id) : nullptr);
  const bool has_log = KeepsLog(emission);
  Put(&row, INT4OID, Int32GetDatum(LogIdOf(emission, query_id)), !has_log);
  PutText(&row, has_log ? ShownRowsOf(rewrite, query_id) : nullptr);
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  const int code = SPI_execute_with_args(
      "INSERT INTO weir.query_streams (query_id, emit, notify, retention, lateness, late,"
      " idle_timeout, max_future, closing, idle, forgetting, merging, log_id, showing)"
      " VALUES ($1, $2, $3, $4, COALESCE($5, '0'), $6, $7, $8, $9, $10, $11, $12, $13, $14)",
      row.count, row.types, row.values, row.nulls, false, 0);
  if (code != SPI_OK_INSERT) elog(ERROR, "could not store a query's options: %d", code);
  SPI_finish();
  GiveRightsBack(before);
}

void FreeStream(Stream *stream) {
  if (stream == nullptr) return;
  for (char *text : {stream->closing, stream->idle, stream->forgetting, stream->merging}) {
    if (text != nullptr) pfree(text);
  }
  pfree(stream);
}

Stream *FindStream(int32 query_id) {
  MemoryContext caller = CurrentMemoryContext;
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  ExecuteFor(
      query_id,
      "SELECT emit IS NOT NULL, notify,"
      " (EXTRACT(epoch FROM retention) * 1000000)::bigint,"
      " (EXTRACT(epoch FROM idle_timeout) * 1000000)::bigint, closing, idle, forgetting,"
      " merging, late IS NOT DISTINCT FROM 'dead_letter', emit IS NOT DISTINCT FROM 'final', log_id"
      " FROM weir.query_streams WHERE query_id = $1",
      SPI_OK_SELECT);
  Stream *stream = nullptr;
  if (SPI_processed > 0) {
    stream = static_cast<Stream *>(MemoryContextAllocZero(caller, sizeof(Stream)));
    stream->has_log = DatumGetBool(ColumnOfFirst(1));
    stream->notifies = DatumGetBool(ColumnOfFirst(2));
    stream->retention_us = DatumGetInt64(ColumnOfFirst(3));
    stream->idle_us = DatumGetInt64(ColumnOfFirst(4));
    stream->closing = TextOfFirst(5, caller);
    stream->idle = TextOfFirst(6, caller);
    stream->forgetting = TextOfFirst(7, caller);
    stream->merging = TextOfFirst(8, caller);
    stream->keeps_late = DatumGetBool(ColumnOfFirst(9));
    stream->is_final = DatumGetBool(ColumnOfFirst(10));
    stream->log_id = DatumGetInt32(ColumnOfFirst(11));
  }
  SPI_finish();
  GiveRightsBack(before);
  return stream;
}

Emission *StoredEmission(int32 query_id) {
  MemoryContext caller = CurrentMemoryContext;
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  ExecuteFor(query_id,
             "SELECT emit, notify, retention, lateness, idle_timeout, max_future, late,"
             " closing IS NOT NULL, log_id FROM weir.query_streams WHERE query_id = $1",
             SPI_OK_SELECT);
  if (SPI_processed == 0) elog(ERROR, "the stream of continuous query %d is missing", query_id);
  auto *emission = static_cast<Emission *>(MemoryContextAllocZero(caller, sizeof(Emission)));
  const char *emit = TextOfFirst(1, caller);
  if (emit != nullptr) {
    emission->mode = strcmp(emit, "final") == 0 ? pg::EmitMode::kFinal : pg::EmitMode::kChanges;
  }
  emission->notifies = DatumGetBool(ColumnOfFirst(2));
  emission->retention = IntervalOfFirst(3, caller);
  emission->log_id = DatumGetInt32(ColumnOfFirst(9));
  if (DatumGetBool(ColumnOfFirst(8))) {
    emission->lateness = IntervalOfFirst(4, caller);
    emission->idle_timeout = IntervalOfFirst(5, caller);
    emission->max_future = IntervalOfFirst(6, caller);
    const char *late = TextOfFirst(7, caller);
    if (late != nullptr) (void)FindLate(late, &emission->late);
  }
  SPI_finish();
  GiveRightsBack(before);
  return emission;
}

void ReplaceStream(int32 query_id, int32 by, const Rewrite *rewrite) {
  AddStream(by, rewrite);
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  Oid types[] = {INT4OID, INT4OID};
  Datum values[] = {Int32GetDatum(query_id), Int32GetDatum(by)};
  pg::Execute(
      "UPDATE weir.query_streams s SET trimmed_to = o.trimmed_to FROM weir.query_streams o"
      " WHERE s.query_id = $2 AND o.query_id = $1",
      SPI_OK_UPDATE, 2, types, values);
  ExecuteFor(query_id, "DELETE FROM weir.query_streams WHERE query_id = $1", SPI_OK_DELETE);
  SPI_finish();
  GiveRightsBack(before);
}

char *ShowingOf(int32 query_id) {
  MemoryContext caller = CurrentMemoryContext;
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  ExecuteFor(query_id, "SELECT showing FROM weir.query_streams WHERE query_id = $1", SPI_OK_SELECT);
  char *showing = SPI_processed > 0 ? TextOfFirst(1, caller) : nullptr;
  SPI_finish();
  GiveRightsBack(before);
  return showing;
}

int32 QueryOfLog(int32 log_id) {
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  ExecuteFor(log_id, "SELECT query_id FROM weir.query_streams WHERE log_id = $1", SPI_OK_SELECT);
  const int32 query_id = SPI_processed > 0 ? DatumGetInt32(ColumnOfFirst(1)) : 0;
  SPI_finish();
  GiveRightsBack(before);
  return query_id;
}

void NoteTrimmed(int32 query_id, int64 position) {
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  Oid types[] = {INT4OID, INT8OID};
  Datum values[] = {Int32GetDatum(query_id), Int64GetDatum(position)};
  pg::Execute("UPDATE weir.query_streams SET trimmed_to = $2 WHERE query_id = $1", SPI_OK_UPDATE, 2,
              types, values);
  SPI_finish();
  GiveRightsBack(before);
}

int64 TrimmedTo(int32 query_id) {
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  ExecuteFor(query_id,
             "SELECT trimmed_to FROM weir.query_streams WHERE query_id = $1 AND emit IS NOT NULL",
             SPI_OK_SELECT);
  const int64 position = SPI_processed > 0 ? DatumGetInt64(ColumnOfFirst(1)) : -1;
  SPI_finish();
  GiveRightsBack(before);
  return position;
}

}  // namespace weir::continuous
