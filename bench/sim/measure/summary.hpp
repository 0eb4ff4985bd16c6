// Percentiles and means of latencies, and how evenly tenants are served.
#pragma once

#include <cstdint>
#include <vector>

namespace weir::sim {

// The smallest value that at least this share of the values does not exceed, as percentile_disc()
// has it; 0 of no values. Sorted values only.
double Percentile(const std::vector<double> &sorted, double share);

struct LatencySummary {
  std::int64_t count = 0;
  double avg_ms = 0;
  double p50_ms = 0;
  double p95_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};
LatencySummary Summarize(std::vector<double> latencies_ms);

// Jain's index: 1 when all are equal, 1/n when one has everything. 1 of nothing.
double JainIndex(const std::vector<double> &shares);

}  // namespace weir::sim
