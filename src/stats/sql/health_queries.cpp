// What weir.health() says of continuous queries.
#include "pg/spi.hpp"
#include "settings.hpp"
#include "stats/sql/health_report.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace weir::stats {

namespace {

constexpr int kPatienceS = 60;

// One row for each query that is not well: its name, what is wrong, whether nothing helps but
// somebody, and what to do.
constexpr char kTroubled[] =
    "SELECT name::text, t.detail, t.is_error, t.hint FROM weir.queries q, LATERAL (SELECT"
    " CASE state"
    "  WHEN 'stale' THEN 'has lost rows that it had not consumed.'"
    "  WHEN 'void' THEN 'has no frontier on this server.'"
    "  WHEN 'no login' THEN format('cannot go on: its owner %s may not log in.', owner)"
    "  WHEN 'failing' THEN format('has failed %s times, last with: %s (%s).', failures, last_error,"
    "   sqlstate)"
    "  WHEN 'starting' THEN format('has had no worker since %s.', created_at::timestamptz(0))"
    "  WHEN 'paused' THEN format('is paused, and vacuum keeps what %s transactions have deleted.',"
    "   hold_age)"
    "  WHEN 'waiting' THEN format('has waited %s s for transaction %s.', lag_seconds::bigint,"
    "   blocker_xid)"
    "  ELSE format('is %s s behind.', lag_seconds::bigint) END AS detail,"
    " state IN ('stale', 'void', 'no login', 'failing') AS is_error,"
    " CASE WHEN remedy IS NOT NULL THEN format('Run %s;', remedy)"
    "  WHEN state = 'failing' THEN format('Remove the cause, then run SELECT weir.resume_query(%L);"
    "', name)"
    "  WHEN state = 'starting' THEN format('Run ALTER SYSTEM SET weir.max_query_workers = %s; and"
    " ALTER SYSTEM SET max_worker_processes = %s; then restart the server.',"
    "   2 * current_setting('weir.max_query_workers')::integer,"
    "   2 * current_setting('weir.max_query_workers')::integer"
    "   + current_setting('max_worker_processes')::integer)"
    "  WHEN state = 'waiting' AND blocker_pid = 0 THEN 'End the prepared transaction: see SELECT *"
    " FROM pg_prepared_xacts, then COMMIT PREPARED or ROLLBACK PREPARED.'"
    "  WHEN state = 'waiting' THEN format('End the transaction: SELECT pg_terminate_backend(%s);',"
    "   blocker_pid)"
    "  ELSE format('See SELECT * FROM weir.query_metrics WHERE name = %L::regclass;', name) END"
    "  AS hint) t"
    " WHERE state IN ('stale', 'void', 'no login', 'failing')"
    "  OR state = 'starting' AND created_at < now() - make_interval(secs => $1::integer)"
    "  OR state = 'paused' AND hold_age > $2 / 2"
    "  OR state IN ('waiting', 'running') AND lag_seconds > $1"
    " ORDER BY t.is_error DESC, name::text";

constexpr char kCounts[] = "SELECT count(*), max(hold_age) FROM weir.queries";

const char *ResultText(SPITupleTable *rows, uint64 row, int column) {
  const char *text = SPI_getvalue(rows->vals[row], rows->tupdesc, column);
  return text == nullptr ? "" : text;
}

void CheckTroubled(HealthReport &report) {
  Oid types[] = {INT4OID, INT4OID};
  Datum values[] = {Int32GetDatum(kPatienceS), Int32GetDatum(settings.max_hold_age)};
  pg::Execute(kTroubled, SPI_OK_SELECT, 2, types, values);
  SPITupleTable *rows = SPI_tuptable;
  const uint64 count = SPI_processed;
  for (uint64 i = 0; i < count; i++) {
    const char *detail =
        psprintf("Continuous query %s %s", ResultText(rows, i, 1), ResultText(rows, i, 2));
    const char *hint = ResultText(rows, i, 4);
    if (ResultText(rows, i, 3)[0] == 't') {
      report.Error("queries", detail, hint);
    } else {
      report.Warning("queries", detail, hint);
    }
  }
  if (count > 0) return;
  pg::Execute(kCounts, SPI_OK_SELECT);
  report.Ok("queries",
            psprintf("%s continuous queries are up to date.", ResultText(SPI_tuptable, 0, 1)));
}

// Which query it is, weir.queries tells: the one whose frontier is lowest.
void CheckHold(HealthReport &report) {
  Oid types[] = {INT4OID};
  Datum values[] = {Int32GetDatum(settings.max_hold_age)};
  pg::Execute("SELECT coalesce(age, 0), coalesce(age > $1 / 2, false) FROM weir.hold_status()",
              SPI_OK_SELECT, 1, types, values);
  const char *age = ResultText(SPI_tuptable, 0, 1);
  const bool is_old = ResultText(SPI_tuptable, 0, 2)[0] == 't';
  const char *detail = psprintf(
      "Continuous queries keep vacuum from removing what the last %s transactions deleted.", age);
  if (!is_old) return report.Ok("query_hold", detail);
  report.Warning("query_hold", detail,
                 "Let the query go on that is last in SELECT * FROM weir.queries ORDER BY frontier "
                 "DESC, or drop it with weir.drop_query().");
}

}  // namespace

void CheckQueries(HealthReport &report) {
  SPI_connect();
  CheckTroubled(report);
  CheckHold(report);
  SPI_finish();
}

}  // namespace weir::stats
