// weir.health()
#include "pg/compat.hpp"
#include "pg/sql_function.hpp"
#include "settings.hpp"
#include "stats/capture/session.hpp"
#include "stats/sql/health_report.hpp"
#include "stats/sql/require.hpp"

extern "C" {
#include "utils/builtins.h"
}

namespace weir::stats {

HealthReport::HealthReport(FunctionCallInfo fcinfo) {
  InitMaterializedSRF(fcinfo, 0);
  result_ = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
}

void HealthReport::Add(const char *check, const char *status, const char *detail,
                       const char *hint) {
  Datum values[] = {CStringGetTextDatum(check), CStringGetTextDatum(status),
                    CStringGetTextDatum(detail),
                    hint == nullptr ? Datum{0} : CStringGetTextDatum(hint)};
  bool nulls[] = {false, false, false, hint == nullptr};
  tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls);
}

namespace {

const char *CaptureName() {
  return settings.capture == kCaptureAll ? "all" : settings.capture == kCaptureTop ? "top" : "off";
}

void CheckCapture(HealthReport &report) {
  const char *detail = psprintf(
      "weir.capture is %s, weir.capture_utility is %s, weir.capture_texts is %s in this session.",
      CaptureName(), settings.capture_utility ? "on" : "off",
      settings.capture_texts ? "on" : "off");
  if (settings.capture != kCaptureOff) return report.Ok("capture", detail);
  report.Warning("capture", detail,
                 "Run ALTER SYSTEM SET weir.capture = 'top'; SELECT pg_reload_conf();");
}

void CheckQueryIds(HealthReport &report) {
  if (IsQueryIdEnabled()) return report.Ok("query_ids", "Statements get query identifiers.");
  report.Warning("query_ids",
                 "compute_query_id is off: statements are recorded without identifier and text.",
                 "Run ALTER SYSTEM SET compute_query_id = 'auto'; SELECT pg_reload_conf();");
}

}  // namespace

void CheckSettings(HealthReport &report) {
  CheckCapture(report);
  CheckQueryIds(report);
}

void CheckPlaces(HealthReport &report, const DatabaseSlot *slot) {
  const char *hint =
      psprintf("Run ALTER SYSTEM SET weir.max_databases = %d and restart the server.",
               settings.max_databases * 2);
  int used = 0;
  for (int i = 0; i < SlotCount(); i++) used += SlotAt(i).active.load() != 0 ? 1 : 0;
  const char *detail = psprintf("%d of %d places for databases are taken.", used, SlotCount());
  if (slot == nullptr) {
    report.Error("databases", psprintf("This database is not recorded: %s", detail), hint);
  } else if (shared->slots_exhausted.load() > 0 && used == SlotCount()) {
    report.Warning("databases", psprintf("Another database found no place: %s", detail), hint);
  } else {
    report.Ok("databases", detail);
  }
}

}  // namespace weir::stats

WEIR_FUNCTION(weir_health) {
  using namespace weir::stats;
  RequireSharedMemory();
  const DatabaseSlot *slot = IsRecording() ? session.slot : nullptr;
  HealthReport report(fcinfo);
  report.Ok("preload", "pg_weir was loaded when the server started.");
  CheckSettings(report);
  CheckPlaces(report, slot);
  if (slot != nullptr) {
    CheckWorker(report, *slot);
    CheckLosses(report, *slot);
  }
  CheckTables(report);
  CheckQueries(report);
  return Datum{0};
}
