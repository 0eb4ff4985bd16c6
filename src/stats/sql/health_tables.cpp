// What weir.health() reads from this database's tables.
#include "pg/spi.hpp"
#include "settings.hpp"
#include "stats/sql/health_report.hpp"

extern "C" {
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
}

namespace weir::stats {

namespace {

// One row: does a partition take a row of now, and the name of one that retention should have
// dropped, a day of grace included. The function's own search_path and DateStyle apply; the
// caller's standard_conforming_strings does, so there is no backslash.
constexpr char kPartitions[] =
    "SELECT count(*) FILTER (WHERE b.lower <= now() AND b.upper > now()) > 0,"
    " min(b.name) FILTER (WHERE $1 > 0 AND b.upper < now() - make_interval(days => 1, secs => $1))"
    " FROM (SELECT c.relname::text AS name,"
    "  substring(e.bound, 'FROM [(]''([^'']+)''[)]')::timestamptz AS lower,"
    "  substring(e.bound, 'TO [(]''([^'']+)''[)]')::timestamptz AS upper"
    "  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,"
    "  LATERAL pg_get_expr(c.relpartbound, c.oid) AS e(bound)"
    "  WHERE i.inhparent = 'weir.query_stats'::regclass) b";

constexpr char kInterruptions[] =
    "SELECT count(*), max(until)::text, max(until) > now() - '1 day'::interval"
    " FROM weir.interruptions";

// Of the first row, as text; null for NULL.
const char *ResultText(int column) {
  return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);
}

bool ResultIsTrue(int column) {
  const char *text = ResultText(column);
  return text != nullptr && text[0] == 't';
}

void CheckPartitions(HealthReport &report) {
  Oid types[] = {FLOAT8OID};
  Datum values[] = {Float8GetDatum(settings.retention_s)};
  pg::Execute(kPartitions, SPI_OK_SELECT, 1, types, values);
  if (ResultIsTrue(1)) {
    report.Ok("partitions", "There is a partition for today.");
  } else {
    report.Error("partitions", "weir.query_stats has no partition for today.",
                 RecoveryInProgress() ? "Look at weir.health() on the primary."
                                      : "Run SELECT weir.flush(), which makes it.");
  }
  const char *expired = ResultText(2);
  if (expired == nullptr) {
    report.Ok("retention", settings.retention_s == 0
                               ? "Records are kept for ever."
                               : "No partition is older than weir.retention.");
  } else {
    report.Warning(
        "retention", psprintf("Partition weir.%s is older than weir.retention.", expired),
        "End sessions that hold locks on weir.query_stats; the flush worker drops old "
        "partitions every ten minutes. A partition that does not belong to the extension "
        "stays until you drop it.");
  }
}

void CheckInterruptions(HealthReport &report) {
  pg::Execute(kInterruptions, SPI_OK_SELECT);
  const char *last = ResultText(2);
  if (last == nullptr) {
    return report.Ok("interruptions", "The server never stopped without a last flush.");
  }
  const char *detail = psprintf(
      "%s times the server stopped without a last flush, until %s most "
      "recently.",
      ResultText(1), last);
  if (!ResultIsTrue(3)) return report.Ok("interruptions", detail);
  report.Warning("interruptions", detail,
                 "Statements of those times may be missing: see weir.interruptions, and the server "
                 "log for the cause.");
}

}  // namespace

void CheckTables(HealthReport &report) {
  SPI_connect();
  CheckPartitions(report);
  CheckInterruptions(report);
  SPI_finish();
}

}  // namespace weir::stats
