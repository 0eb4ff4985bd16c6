// Continuous queries at work beside the load, on servers whose extension has them.
#pragma once

#include <nlohmann/json.hpp>

#include "server/connection.hpp"

namespace weir::sim {

class ContinuousQueries {
 public:
  explicit ContinuousQueries(Connection &) {}
  nlohmann::ordered_json Read() { return nullptr; }
};

}  // namespace weir::sim
