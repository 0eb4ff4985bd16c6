#include "continuous/changes/late_rows.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
}

namespace weir::continuous {
namespace {

constexpr int kAtOnce = 1000;

// Late rows are no errors of the query's: a warning's code tells them from rows that are.
void AddLetters(int32 query_id, Datum rows) {
  const RightsBefore before = TakeExtensionRights();
  SPI_connect();
  Oid types[] = {INT4OID, JSONBARRAYOID};
  Datum values[] = {Int32GetDatum(query_id), rows};
  pg::Execute(
      "INSERT INTO weir.dead_letter_rows (query_id, \"row\", sqlstate, message)"
      " SELECT $1, r, '01000', 'the row was late: its window was closed'"
      " FROM pg_catalog.unnest($2) r",
      SPI_OK_INSERT, 2, types, values);
  SPI_finish();
  GiveRightsBack(before);
}

Datum ArrayOfFetched() {
  const auto count = static_cast<int>(SPI_processed);
  auto *rows = static_cast<Datum *>(palloc(sizeof(Datum) * SPI_processed));
  for (int i = 0; i < count; i++) {
    bool is_null;
    rows[i] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);
  }
  return PointerGetDatum(construct_array(rows, count, JSONBOID, -1, false, TYPALIGN_INT));
}

}  // namespace

int64 DroppedRows(int32 query_id) {
  pg::Execute(psprintf("SELECT pg_catalog.sum(dropped_rows)::bigint FROM weir_state.%s",
                       StateName(query_id, "_time")),
              SPI_OK_SELECT);
  bool is_null;
  return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
}

void KeepLateRows(int32 query_id) {
  const char *sql = psprintf("SELECT event FROM weir_state.%s", StateName(query_id, "_late"));
  Portal portal = SPI_cursor_open_with_args(nullptr, sql, 0, nullptr, nullptr, nullptr, false, 0);
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    SPI_cursor_fetch(portal, true, kAtOnce);
    if (SPI_processed == 0) break;
    SPITupleTable *fetched = SPI_tuptable;
    AddLetters(query_id, ArrayOfFetched());
    SPI_freetuptable(fetched);
  }
  SPI_cursor_close(portal);
}

}  // namespace weir::continuous
