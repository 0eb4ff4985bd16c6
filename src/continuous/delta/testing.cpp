// Steps of a continuous query as SQL, for tests that bring a result table of their own. Not in
// release builds.
#ifdef WEIR_FAILPOINTS

#include "continuous/delta/delta.hpp"
#include "continuous/hold/hold.hpp"
#include "pg/failpoint.hpp"
#include "pg/spi.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"
}

namespace weir::continuous {
namespace {

void Run(const char *sql) {
  SPI_connect();
  if (SPI_execute(sql, false, 0) < 0) elog(ERROR, "could not run \"%s\"", sql);
  SPI_finish();
}

const char *RunTick(int32 query_id, const char *sql) {
  Tick tick;
  switch (OpenTick(query_id, &tick)) {
    case TickStart::kIdle:
      return "idle";
    case TickStart::kStale:
      return "stale";
    case TickStart::kOpen:
      break;
  }
  Run(sql);
  WEIR_FAILPOINT("delta.before_close");
  CloseTick(&tick);
  WEIR_FAILPOINT("delta.before_commit");
  return psprintf("%s " INT64_FORMAT " rows " INT64_FORMAT " read " INT64_FORMAT " skipped",
                  tick.is_saved ? "saved" : "noted", tick.rows_found, tick.pages_read,
                  tick.pages_skipped);
}

// Fills a result from the rows below `h`.
void RunAtHorizon(FullTransactionId h, const char *sql) {
  SPI_connect();
  Snapshot snapshot = RegisterHorizonSnapshot(h);
  SPIPlanPtr plan = SPI_prepare(sql, 0, nullptr);
  if (plan == nullptr ||
      SPI_execute_snapshot(plan, nullptr, nullptr, snapshot, InvalidSnapshot, false, true, 0) < 0) {
    elog(ERROR, "could not run \"%s\"", sql);
  }
  UnregisterSnapshot(snapshot);
  SPI_finish();
}

}  // namespace
}  // namespace weir::continuous

using namespace weir::continuous;

// weir_test_watch(query integer, source oid, fill text) RETURNS xid8
WEIR_FUNCTION(weir_test_watch) {
  const int32 query_id = PG_GETARG_INT32(0);
  const Oid source = PG_GETARG_OID(1);
  RequireWatchable(source);
  AcquireHold();
  const FullTransactionId h = CurrentHorizon();
  if (!PG_ARGISNULL(2)) RunAtHorizon(h, text_to_cstring(PG_GETARG_TEXT_PP(2)));
  InitFrontier(query_id, h, source);
  PG_RETURN_FULLTRANSACTIONID(h);
}

// weir_test_tick(query integer, statement text) RETURNS text
WEIR_FUNCTION(weir_test_tick) {
  const char *sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
  PG_RETURN_TEXT_P(cstring_to_text(RunTick(PG_GETARG_INT32(0), sql)));
}

// weir_test_advance() RETURNS xid8
WEIR_FUNCTION(weir_test_advance) {
  AdvanceHold();
  const HoldStatus hold = ReadHold();
  if (!hold.exists) PG_RETURN_NULL();
  PG_RETURN_FULLTRANSACTIONID(hold.xmin);
}

// weir_test_drop(query integer) RETURNS void
WEIR_FUNCTION(weir_test_drop) {
  DropFrontier(PG_GETARG_INT32(0));
  ReleaseHold();
  PG_RETURN_VOID();
}

// weir_test_sweep() RETURNS void
WEIR_FUNCTION(weir_test_sweep) {
  DropUnusedHold();
  SweepHolds();
  PG_RETURN_VOID();
}

#endif
