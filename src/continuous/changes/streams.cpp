#include "continuous/changes/streams.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
}

namespace weir::continuous {
namespace {

constexpr int kColumns = 4;

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

const char *NameOf(pg::EmitMode mode) {
  return mode == pg::EmitMode::kChanges ? "changes" : "final";
}

}  // namespace

void AddStream(int32 query_id, const Emission &emission) {
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  Oid types[kColumns] = {INT4OID, TEXTOID, BOOLOID, INTERVALOID};
  Datum values[kColumns] = {Int32GetDatum(query_id), CStringGetTextDatum(NameOf(emission.mode)),
                            BoolGetDatum(emission.notifies), IntervalPGetDatum(emission.retention)};
  char nulls[kColumns + 1] = {' ', KeepsLog(emission) ? ' ' : 'n', ' ',
                              emission.retention == nullptr ? 'n' : ' ', '\0'};
  const int code = SPI_execute_with_args(
      "INSERT INTO weir.query_streams (query_id, emit, notify, retention) VALUES ($1, $2, $3, $4)",
      kColumns, types, values, nulls, false, 0);
  if (code != SPI_OK_INSERT) elog(ERROR, "could not store a query's options: %d", code);
  SPI_finish();
  GiveRightsBack(before);
}

Stream *FindStream(int32 query_id) {
  MemoryContext caller = CurrentMemoryContext;
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  ExecuteFor(query_id,
             "SELECT emit IS NOT NULL, (EXTRACT(epoch FROM retention) * 1000000)::bigint"
             " FROM weir.query_streams WHERE query_id = $1",
             SPI_OK_SELECT);
  Stream *stream = nullptr;
  if (SPI_processed > 0) {
    stream = static_cast<Stream *>(MemoryContextAllocZero(caller, sizeof(Stream)));
    stream->has_log = DatumGetBool(ColumnOfFirst(1));
    stream->retention_us = DatumGetInt64(ColumnOfFirst(2));
  }
  SPI_finish();
  GiveRightsBack(before);
  return stream;
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
