#include "measure/summary.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weir::sim {

double Percentile(const std::vector<double> &sorted, double share) {
  if (sorted.empty()) return 0;
  const auto count = static_cast<double>(sorted.size());
  // 0.95 * 20 is a hair more than 19 in binary; the rank is 19.
  const double rank = std::ceil(share * count - 1e-9);
  return sorted[static_cast<std::size_t>(std::clamp(rank, 1.0, count)) - 1];
}

LatencySummary Summarize(std::vector<double> latencies_ms) {
  LatencySummary summary;
  if (latencies_ms.empty()) return summary;
  std::sort(latencies_ms.begin(), latencies_ms.end());
  summary.count = static_cast<std::int64_t>(latencies_ms.size());
  summary.avg_ms = std::accumulate(latencies_ms.begin(), latencies_ms.end(), 0.0) /
                   static_cast<double>(latencies_ms.size());
  summary.p50_ms = Percentile(latencies_ms, 0.50);
  summary.p95_ms = Percentile(latencies_ms, 0.95);
  summary.p99_ms = Percentile(latencies_ms, 0.99);
  summary.max_ms = latencies_ms.back();
  return summary;
}

double JainIndex(const std::vector<double> &shares) {
  double sum = 0;
  double squares = 0;
  for (const double share : shares) {
    sum += share;
    squares += share * share;
  }
  if (squares == 0) return 1;
  return sum * sum / (static_cast<double>(shares.size()) * squares);
}

}  // namespace weir::sim
