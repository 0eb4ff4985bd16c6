// The rows of weir.health().
#pragma once

#include "pg/pg.hpp"
#include "stats/shared_state.hpp"

extern "C" {
#include "funcapi.h"
}

namespace weir::stats {

// Collects findings. Texts are copied. A hint says exactly what to do, and is null when all is
// well.
class HealthReport {
 public:
  explicit HealthReport(FunctionCallInfo fcinfo);

  void Ok(const char *check, const char *detail) { Add(check, "ok", detail, nullptr); }
  void Warning(const char *check, const char *detail, const char *hint) {
    Add(check, "warning", detail, hint);
  }
  void Error(const char *check, const char *detail, const char *hint) {
    Add(check, "error", detail, hint);
  }

 private:
  void Add(const char *check, const char *status, const char *detail, const char *hint);

  ReturnSetInfo *result_;
};

// What the settings keep from being recorded.
void CheckSettings(HealthReport &report);

// Places in shared memory, of all databases.
void CheckPlaces(HealthReport &report, const DatabaseSlot *slot);

void CheckWorker(HealthReport &report, const DatabaseSlot &slot);
void CheckLosses(HealthReport &report, const DatabaseSlot &slot);

// Partitions, retention and interruptions, as this database's tables show them.
void CheckTables(HealthReport &report);

// Continuous queries that do not go on as they should, and what they keep from vacuum.
void CheckQueries(HealthReport &report);

}  // namespace weir::stats
