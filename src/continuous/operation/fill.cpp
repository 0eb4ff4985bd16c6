#include "continuous/operation/fill.hpp"

#include "continuous/catalog/catalog.hpp"
#include "continuous/rewrite/objects.hpp"

extern "C" {
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {

void Fill(const FillTask &task, const char *sql, FullTransactionId horizon) {
  const TimestampTz started = GetCurrentTimestamp();
  BeginWork(task.work, task.query_id, GetUserId());
  const uint64 pages = ExpectPages(task.source);
  const int level = NewGUCNestLevel();
  if (HasTail(task.query_id)) PreferStream();
  const uint64 groups = RunAtHorizon(sql, horizon);
  AtEOXact_GUC(true, level);
  EndWork();
  const auto took = static_cast<double>(GetCurrentTimestamp() - started);
  NoteBackfill({.query_id = task.query_id,
                .pages = static_cast<int64>(pages),
                .groups = static_cast<int64>(groups),
                .took_ms = took / 1000.0});
}

}  // namespace weir::continuous
