#include "continuous/worker/own_settings.hpp"

#include "pg/compat.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/guc.h"
}

namespace weir::continuous {
namespace {

constexpr int kWorkMemKb = 32 * 1024;  // at least, for a step after a stall

void Override(const char *name, const char *value) {
  SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

// Who waits for us looks for a deadlock after deadlock_timeout. By then we have found it, or do not
// wait any more: a step is tried again, and ALTER TABLE and DROP win.
void GiveWay() {
  constexpr int kLongestMs = 2000;
  const int patience = DeadlockTimeout;
  Override("lock_timeout", psprintf("%d", Max(Min(patience / 2, kLongestMs), 1)));
  Override("deadlock_timeout", psprintf("%d", Max(patience / 20, 1)));
}

}  // namespace

void UseOwnSettings() {
  GiveWay();
  Override("search_path", "pg_catalog, pg_temp");
  Override("standard_conforming_strings", "on");
  Override("statement_timeout", "0");
  if constexpr (pg::kLimitsTransactions) Override("transaction_timeout", "0");
  Override("idle_in_transaction_session_timeout", "0");
  Override("default_transaction_isolation", "read committed");
  Override("default_transaction_read_only", "off");
  Override("session_replication_role", "origin");
  Override("TimeZone", "UTC");
  Override("DateStyle", "ISO, YMD");
  Override("IntervalStyle", "postgres");
  Override("extra_float_digits", "1");
  Override("row_security", "on");
  Override("weir.capture", "off");
  // Plans are kept for steps of many rows, and most have few.
  Override("jit", "off");
  // The hold may reach the disk before a frontier whose commit nobody waited for.
  if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF) Override("synchronous_commit", "local");
  if (work_mem < kWorkMemKb) Override("work_mem", psprintf("%d", kWorkMemKb));
}

}  // namespace weir::continuous
