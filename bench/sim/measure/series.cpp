#include "measure/series.hpp"

#include <algorithm>
#include <cmath>

namespace weir::sim {
namespace {

constexpr double kMostSteps = 80;
constexpr int kBoundsPerDecade = 5;
constexpr double kUsPerMs = 1000;
constexpr double kUsPerS = 1e6;

std::size_t StepOf(const Transaction &transaction, std::int64_t start_us, double step_s,
                   std::size_t steps) {
  const double at = static_cast<double>(transaction.end_us - start_us) / kUsPerS / step_s;
  return std::min(static_cast<std::size_t>(std::max(at, 0.0)), steps - 1);
}

// Logarithmic, with the whole decades around all latencies that occur.
std::vector<double> BoundsFor(const std::vector<Transaction> &transactions) {
  double low = 1e9;
  double high = 0;
  for (const Transaction &transaction : transactions) {
    if (transaction.is_failed) continue;
    const double ms = std::max(static_cast<double>(transaction.latency_us), 1.0) / kUsPerMs;
    low = std::min(low, ms);
    high = std::max(high, ms);
  }
  std::vector<double> bounds;
  if (high == 0) return bounds;
  const int first = static_cast<int>(std::floor(std::log10(low) * kBoundsPerDecade));
  const int last = static_cast<int>(std::ceil(std::log10(high) * kBoundsPerDecade));
  for (int i = first; i <= std::max(last, first + 1); ++i) {
    bounds.push_back(std::pow(10.0, static_cast<double>(i) / kBoundsPerDecade));
  }
  return bounds;
}

std::size_t ColumnOf(const std::vector<double> &bounds, double ms) {
  const auto above = std::upper_bound(bounds.begin(), bounds.end(), ms) - bounds.begin();
  return static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(above - 1, 0, static_cast<std::ptrdiff_t>(bounds.size()) - 2));
}

// The last step is whatever is left of the run: from half a step to one and a half.
double LengthOf(std::size_t step, std::size_t steps, double step_s, double seconds) {
  if (step + 1 < steps) return step_s;
  return std::max(seconds - static_cast<double>(step) * step_s, step_s / 10);
}

}  // namespace

double StepFor(double seconds) {
  double step = 0.1;
  for (int i = 0; seconds / step > kMostSteps; ++i) step *= i % 3 == 1 ? 2.5 : 2;
  return step;
}

Series MakeSeries(const std::vector<Transaction> &transactions, std::int64_t start_us,
                  double seconds) {
  Series series;
  series.step_s = StepFor(seconds);
  const auto steps =
      std::max<std::size_t>(1, static_cast<std::size_t>(std::round(seconds / series.step_s)));
  series.buckets.resize(steps);
  series.heat_map.bounds_ms = BoundsFor(transactions);
  const std::size_t columns =
      series.heat_map.bounds_ms.empty() ? 0 : series.heat_map.bounds_ms.size() - 1;
  series.heat_map.counts.assign(steps, std::vector<std::int64_t>(columns, 0));

  std::vector<std::vector<double>> latencies(steps);
  for (const Transaction &transaction : transactions) {
    const std::size_t step = StepOf(transaction, start_us, series.step_s, steps);
    if (transaction.is_failed) {
      ++series.buckets[step].failed;
      continue;
    }
    const double ms = static_cast<double>(transaction.latency_us) / kUsPerMs;
    latencies[step].push_back(ms);
    series.buckets[step].lag_ms += static_cast<double>(transaction.lag_us) / kUsPerMs;
    ++series.heat_map.counts[step][ColumnOf(series.heat_map.bounds_ms, ms)];
  }
  for (std::size_t step = 0; step < steps; ++step) {
    Bucket &bucket = series.buckets[step];
    bucket.start_s = static_cast<double>(step) * series.step_s;
    bucket.latency = Summarize(std::move(latencies[step]));
    const auto count = static_cast<double>(bucket.latency.count);
    bucket.throughput = count / LengthOf(step, steps, series.step_s, seconds);
    if (count > 0) bucket.lag_ms /= count;
  }
  return series;
}

}  // namespace weir::sim
