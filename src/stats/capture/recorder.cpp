#include "stats/capture/recorder.hpp"

#include "settings.hpp"
#include "stats/capture/session.hpp"

extern "C" {
#include "common/pg_prng.h"
}

namespace weir::stats {

namespace {

// Only this process writes its area, so a load and a store do.
void Add(SharedU64 &counter, std::uint64_t n) {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

bool IsWakeRequested() { return session.slot->wake_requested.load(std::memory_order_relaxed) != 0; }

void RequestWake() {
  if (session.slot->wake_requested.exchange(1) == 0) WakeWorker(*session.slot);
}

void WakeWorkerWhenDue() {
  if (IsWakeRequested()) return;
  // A small ring must not fill up before it holds a batch.
  const std::uint32_t due =
      Min(static_cast<std::uint32_t>(settings.flush_batch), session.ring->capacity() / 2);
  if (session.ring->InUse() >= due) RequestWake();
}

bool Push(const core::QueryRecord &record) {
  if (!session.ring->TryPush(record, record.calls)) return false;
  WakeWorkerWhenDue();
  return true;
}

bool Fold(const core::QueryRecord &record) {
  BackendArea &area = *session.area;
  if (!area.folds().Fold(record, area.group.load(std::memory_order_relaxed))) {
    // The worker makes room in the table as well as in the ring.
    if (!IsWakeRequested()) RequestWake();
    return false;
  }
  Add(area.folded, record.calls);
  return true;
}

}  // namespace

bool Submit(const core::QueryRecord &record, Route route) {
  Add(session.area->captured, record.calls);
  const bool kept =
      route == Route::kRing ? Push(record) || Fold(record) : Fold(record) || Push(record);
  if (!kept) Add(session.area->dropped, record.calls);
  return kept;
}

Route ChooseRoute(const core::QueryRecord &record) {
  if (unlikely(settings.min_duration_ms > 0) && record.exec.total < settings.min_duration_ms) {
    return Route::kFold;
  }
  if (unlikely(settings.sample_rate < 1.0) &&
      pg_prng_double(&pg_global_prng_state) >= settings.sample_rate) {
    return Route::kFold;
  }
  return Route::kRing;
}

}  // namespace weir::stats
