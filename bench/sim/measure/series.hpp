// What happened when: throughput and latencies in steps of time, and a map of all latencies.
#pragma once

#include <cstdint>
#include <vector>

#include "measure/summary.hpp"
#include "measure/transaction.hpp"

namespace weir::sim {

struct Bucket {
  double start_s = 0;
  LatencySummary latency;
  double throughput = 0;
  double lag_ms = 0;  // the mean
  std::int64_t failed = 0;
};

// Rows are steps of time, columns latencies: column i holds those from bounds_ms[i] up to
// bounds_ms[i + 1], the first also what is faster, the last what is slower.
struct HeatMap {
  std::vector<double> bounds_ms;
  std::vector<std::vector<std::int64_t>> counts;
};

struct Series {
  double step_s = 1;
  std::vector<Bucket> buckets;
  HeatMap heat_map;
};

// A step that makes a legible chart of that many seconds: 0.1, 0.2, 0.5, 1, 2, 5 ...
double StepFor(double seconds);

// `seconds` is the length of the run that began at `start_us`; what ended after it is in the last
// step.
Series MakeSeries(const std::vector<Transaction> &transactions, std::int64_t start_us,
                  double seconds);

}  // namespace weir::sim
