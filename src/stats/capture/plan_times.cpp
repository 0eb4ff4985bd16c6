#include "stats/capture/plan_times.hpp"

namespace weir::stats {

namespace {

// Direct-mapped by query id. A planning that is pushed out before its statement runs was of a
// statement that was prepared and not executed.
constexpr std::size_t kSlots = 64;

struct PlanTimes {
  std::uint64_t query_id;
  std::uint32_t plans;
  core::DurationSummary times;
};

PlanTimes waiting[kSlots];

}  // namespace

void AddPlanTime(std::uint64_t query_id, double ms) {
  if (query_id == 0) return;
  PlanTimes &entry = waiting[query_id % kSlots];
  if (entry.query_id != query_id) entry = {query_id, 0, {}};
  entry.times.Merge(entry.plans, core::DurationSummary::Of(ms), 1);
  entry.plans++;
}

void TakePlanTimes(core::QueryRecord &record) {
  PlanTimes &entry = waiting[record.query_id % kSlots];
  if (entry.plans == 0 || entry.query_id != record.query_id) return;
  record.plans = entry.plans;
  record.counters.plan = entry.times;
  entry.plans = 0;
}

}  // namespace weir::stats
