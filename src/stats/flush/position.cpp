#include "stats/flush/position.hpp"

#include "pg/pg.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
}

namespace weir::stats {

namespace {

// Reads the position of the ring with this epoch. False when there is none.
bool ReadPosition(std::uint64_t epoch, std::uint64_t *position) {
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(static_cast<std::int64_t>(epoch))};
  pg::Execute("SELECT position FROM weir.flush_state WHERE epoch = $1", SPI_OK_SELECT, 1, types,
              values);
  if (SPI_processed == 0) return false;
  bool is_null = false;
  const Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
  *position = static_cast<std::uint64_t>(DatumGetInt64(value));
  return !is_null;
}

void NoteInterruption() {
  pg::Execute(
      "INSERT INTO weir.interruptions (since, until, reason)"
      " SELECT flushed_at, clock_timestamp(), 'the ring was lost before it was flushed'"
      " FROM weir.flush_state WHERE NOT clean AND flushed_at IS NOT NULL",
      SPI_OK_INSERT);
}

}  // namespace

std::uint64_t OpenPosition(std::uint64_t epoch, std::uint64_t tail) {
  std::uint64_t position = tail;
  if (!ReadPosition(epoch, &position)) NoteInterruption();
  WritePosition(epoch, position, false);
  return position;
}

void WritePosition(std::uint64_t epoch, std::uint64_t position, bool closing) {
  Oid types[] = {INT8OID, INT8OID, BOOLOID};
  Datum values[] = {Int64GetDatum(static_cast<std::int64_t>(epoch)),
                    Int64GetDatum(static_cast<std::int64_t>(position)), BoolGetDatum(closing)};
  pg::Execute(
      "UPDATE weir.flush_state SET epoch = $1, position = $2, clean = $3,"
      " flushed_at = clock_timestamp()",
      SPI_OK_UPDATE, 3, types, values);
  if (SPI_processed > 0) return;
  pg::Execute(
      "INSERT INTO weir.flush_state (epoch, position, clean, flushed_at)"
      " VALUES ($1, $2, $3, clock_timestamp())",
      SPI_OK_INSERT, 3, types, values);
}

}  // namespace weir::stats
