// What a mode does with the server, and what only that mode finds out.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "command/options.hpp"
#include "load/driver.hpp"
#include "plan/schedule.hpp"

namespace weir::sim {

struct ModeResult {
  std::vector<Phase> phases;
  std::vector<std::string> plan;              // the loads, described
  bool is_counted = true;                     // every client does a fixed number of transactions
  nlohmann::ordered_json findings = nullptr;  // of modes that compare
};

// The options with what the mode wants in place of zeros.
RunOptions WithDefaults(RunOptions options, Mode mode, const Scenario &scenario);

ModeResult RunMode(Mode mode, const RunOptions &options, const Scenario &scenario, Driver &driver,
                   Connection &control);

}  // namespace weir::sim
