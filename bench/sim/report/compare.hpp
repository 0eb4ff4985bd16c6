// Whether one run is worse than another.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace weir::sim {

struct Change {
  std::string what;
  std::string unit;
  double before = 0;
  double after = 0;
  double percent = 0;  // above 0 is more
  bool is_regression = false;
};

// Throughput that fell, or a latency that rose, by more than `percent` is a regression. Throws a
// Failure for documents that are none, or of runs that did different things.
std::vector<Change> Compare(const nlohmann::ordered_json &before,
                            const nlohmann::ordered_json &after, double percent);

}  // namespace weir::sim
