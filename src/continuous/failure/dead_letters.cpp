#include "continuous/failure/dead_letters.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
}

namespace weir::continuous {
namespace {

// One statement of ours, as the extension.
uint64 Run(const char *sql, int expected, int count, Oid *types, Datum *values) {
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  pg::Execute(sql, expected, count, types, values);
  const uint64 rows = SPI_processed;
  SPI_finish();
  GiveRightsBack(before);
  return rows;
}

Datum StateOf(const ErrorData *error) {
  return CStringGetTextDatum(unpack_sql_state(error->sqlerrcode));
}

Datum MessageOf(const ErrorData *error) {
  return CStringGetTextDatum(error->message != nullptr ? error->message : "");
}

}  // namespace

void AddDeadLetter(int32 query_id, Datum row, const ErrorData *error) {
  Oid types[] = {INT4OID, JSONBOID, TEXTOID, TEXTOID};
  Datum values[] = {Int32GetDatum(query_id), row, StateOf(error), MessageOf(error)};
  Run("INSERT INTO weir.dead_letter_rows (query_id, \"row\", sqlstate, message)"
      " VALUES ($1, $2, $3, $4)",
      SPI_OK_INSERT, 4, types, values);
}

void CountSkipped(int32 query_id) {
  Oid types[] = {INT4OID};
  Datum values[] = {Int32GetDatum(query_id)};
  Run("UPDATE weir.continuous_queries SET skipped = skipped + 1 WHERE id = $1", SPI_OK_UPDATE, 1,
      types, values);
}

void ForgetDeadLetters(int32 query_id) {
  Oid types[] = {INT4OID};
  Datum values[] = {Int32GetDatum(query_id)};
  Run("DELETE FROM weir.dead_letter_rows WHERE query_id = $1", SPI_OK_DELETE, 1, types, values);
}

void MoveDeadLetters(int32 query_id, int32 to) {
  Oid types[] = {INT4OID, INT4OID};
  Datum values[] = {Int32GetDatum(query_id), Int32GetDatum(to)};
  Run("UPDATE weir.dead_letter_rows SET query_id = $2 WHERE query_id = $1", SPI_OK_UPDATE, 2, types,
      values);
}

List *LockDeadLetters(int32 query_id) {
  MemoryContext caller = CurrentMemoryContext;
  Oid types[] = {INT4OID};
  Datum values[] = {Int32GetDatum(query_id)};
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  pg::Execute(
      "SELECT id, \"row\" FROM weir.dead_letter_rows WHERE query_id = $1 ORDER BY id"
      " FOR UPDATE",
      SPI_OK_SELECT, 1, types, values);
  MemoryContext of_spi = MemoryContextSwitchTo(caller);
  List *letters = NIL;
  for (uint64 i = 0; i < SPI_processed; i++) {
    bool is_null;
    HeapTuple tuple = SPI_tuptable->vals[i];
    auto *letter = static_cast<DeadLetter *>(palloc(sizeof(DeadLetter)));
    letter->id = DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &is_null));
    letter->row = datumCopy(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2, &is_null), false, -1);
    letters = lappend(letters, letter);
  }
  MemoryContextSwitchTo(of_spi);
  SPI_finish();
  GiveRightsBack(before);
  return letters;
}

void DeleteDeadLetter(int64 id) {
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(id)};
  Run("DELETE FROM weir.dead_letter_rows WHERE id = $1", SPI_OK_DELETE, 1, types, values);
}

void KeepDeadLetter(int64 id, const ErrorData *error) {
  Oid types[] = {INT8OID, TEXTOID, TEXTOID};
  Datum values[] = {Int64GetDatum(id), StateOf(error), MessageOf(error)};
  Run("UPDATE weir.dead_letter_rows SET sqlstate = $2, message = $3,"
      " at = pg_catalog.clock_timestamp() WHERE id = $1",
      SPI_OK_UPDATE, 3, types, values);
}

}  // namespace weir::continuous
