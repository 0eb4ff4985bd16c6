// What weir.health() says of the flush worker and of losses.
#include "settings.hpp"
#include "stats/sql/health_report.hpp"

extern "C" {
#include "access/xlog.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

namespace {

constexpr int kFullPercent = 75;

void CheckPresence(HealthReport &report, const DatabaseSlot &slot) {
  constexpr char kCheck[] = "flush_worker";
  const std::int32_t pid = slot.worker_pid.load();
  if (RecoveryInProgress()) {
    report.Ok(kCheck, "This server is in recovery: records wait until it is promoted.");
  } else if (pid > 0) {
    report.Ok(kCheck, psprintf("Process %d writes the records.", pid));
  } else if (shared->worker_slots_exhausted.load() != 0 || !worker::LauncherIsUp()) {
    report.Error(kCheck, "No background worker slot is free for the launcher or the flush worker.",
                 psprintf("Run ALTER SYSTEM SET max_worker_processes = %d and restart the server.",
                          max_worker_processes + settings.max_databases + 1));
  } else {
    report.Warning(kCheck, "No flush worker is running; records wait in the ring.",
                   "Run SELECT weir.flush(), which starts it, and look into the server log.");
  }
}

const char *TimeText(TimestampTz time) { return timestamptz_to_str(time); }

void CheckFlushes(HealthReport &report, const DatabaseSlot &slot) {
  constexpr char kCheck[] = "flushes";
  LWLockAcquire(shared->lock, LW_SHARED);
  const FlushError error = slot.last_error;
  LWLockRelease(shared->lock);
  const std::uint64_t errors = slot.flush_errors.load();
  if (error.at == 0) return report.Ok(kCheck, "No flush has failed.");
  const char *failure = psprintf("The last of " UINT64_FORMAT " failures was at %s: %s.", errors,
                                 TimeText(error.at), error.message);
  if (error.at < slot.last_flush.load()) {
    return report.Ok(kCheck, psprintf("%s Flushes have succeeded since.", failure));
  }
  report.Error(kCheck, failure,
               "Nothing is lost yet. Remove the cause, then run SELECT weir.flush();");
}

void CheckRing(HealthReport &report, const DatabaseSlot &slot) {
  const Ring &ring = RingOf(slot);
  const int percent = static_cast<int>(ring.InUse() * 100 / ring.capacity());
  const char *detail = psprintf("The ring is filled to %d %%.", percent);
  if (percent <= kFullPercent) return report.Ok("ring", detail);
  report.Warning("ring", detail,
                 psprintf("If this lasts and the flushes do not fail, run ALTER SYSTEM SET "
                          "weir.ring_size = %d and restart the server.",
                          settings.ring_size * 2));
}

void CheckDropped(HealthReport &report, const DatabaseSlot &slot) {
  const Counts counts = CountsOf(slot);
  const char *detail = psprintf(UINT64_FORMAT " of " UINT64_FORMAT " statements were dropped.",
                                counts.dropped, counts.captured);
  if (counts.dropped == 0) return report.Ok("dropped", detail);
  report.Warning("dropped", detail,
                 psprintf("Run ALTER SYSTEM SET weir.ring_size = %d and restart the server.",
                          settings.ring_size * 2));
}

void CheckNames(HealthReport &report, const DatabaseSlot &slot) {
  constexpr char kCheck[] = "names";
  const core::StringTable &tenants = TenantsOf(slot);
  const core::StringTable &sessions = SessionNamesOf(slot);
  const std::uint64_t rejected = slot.names_rejected.load();
  if (rejected == 0) {
    return report.Ok(kCheck, "All tenants, tables and applications go by their own names.");
  }
  const char *detail = psprintf(UINT64_FORMAT " times a name was replaced by __other__.", rejected);
  if (tenants.size() == tenants.capacity()) {
    report.Warning(kCheck, detail,
                   psprintf("Run ALTER SYSTEM SET weir.max_tenants = %d and restart the server.",
                            settings.max_tenants * 4));
  } else if (sessions.size() == sessions.capacity()) {
    report.Warning(kCheck,
                   psprintf("%s There is room for %u applications and client addresses.", detail,
                            kSessionNameCapacity - 1),
                   "Let applications keep to few values of application_name, then restart the "
                   "server.");
  } else {
    report.Warning(
        kCheck, psprintf("%s There is room for %u tables and columns.", detail, kNameCapacity - 1),
        "Let applications reuse the names of temporary tables, then restart the server.");
  }
}

void CheckTexts(HealthReport &report, const DatabaseSlot &slot) {
  const std::uint64_t rejected = slot.texts_rejected.load();
  const char *detail = psprintf(
      "Query texts found no room " UINT64_FORMAT " times and were tried again later.", rejected);
  if (rejected == 0) return report.Ok("texts", "Query texts found room.");
  report.Warning("texts", detail,
                 psprintf("Run ALTER SYSTEM SET weir.text_buffer = '%dkB' and restart the server.",
                          settings.text_buffer_kb * 2));
}

}  // namespace

void CheckWorker(HealthReport &report, const DatabaseSlot &slot) {
  CheckPresence(report, slot);
  CheckFlushes(report, slot);
}

void CheckLosses(HealthReport &report, const DatabaseSlot &slot) {
  CheckRing(report, slot);
  CheckDropped(report, slot);
  CheckNames(report, slot);
  CheckTexts(report, slot);
}

}  // namespace weir::stats
