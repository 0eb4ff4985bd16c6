#include "continuous/shared/figures.hpp"

namespace weir::continuous {

void ResetFigures(StepFigures &figures) {
  figures.groups.store(0);
  figures.split.store(0);
  figures.failures.store(0);
  figures.longest_us.store(0);
  for (core::SharedU32 &count : figures.durations) count.store(0, std::memory_order_relaxed);
}

void CountStep(StepFigures &figures, uint64 groups, uint64 us) {
  figures.groups.fetch_add(groups);
  if (us > figures.longest_us.load()) figures.longest_us.store(us);
  const int bucket = core::LatencyHistogram::BucketOf(static_cast<double>(us) / 1000.0);
  figures.durations[bucket].fetch_add(1, std::memory_order_relaxed);
}

core::LatencyHistogram DurationsOf(const StepFigures &figures) {
  core::LatencyHistogram histogram;
  for (int i = 0; i < core::LatencyHistogram::kBuckets; i++) {
    histogram.AddTo(i, figures.durations[i].load(std::memory_order_relaxed));
  }
  return histogram;
}

}  // namespace weir::continuous
