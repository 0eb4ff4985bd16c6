// The JSON document of a run: everything the report shows and the comparison compares.
#pragma once

#include <nlohmann/json.hpp>

#include "command/modes.hpp"
#include "command/options.hpp"
#include "plan/scenario.hpp"
#include "server/capture_cost.hpp"
#include "server/crm.hpp"
#include "server/machine.hpp"
#include "server/observe.hpp"
#include "server/ring.hpp"

namespace weir::sim {

constexpr int kDocumentVersion = 1;

struct RunFacts {
  RunOptions options;
  Mode mode = Mode::kBurst;
  Scenario scenario;
  Seeding seeding;
  ModeResult result;
  Json machine;
  Json settings;
  Json tenants;
  Json queries;
  Json fields;
  Json continuous = nullptr;
  Logged logged;
  LogWindow window;
  RingSample ring;  // the change over the whole run, after the last flush
  std::vector<RingSample> ring_series;
  std::vector<Transaction> transactions;
  std::vector<int> operations_of_load;
  std::vector<std::string> errors;
  std::int64_t operations = 0;
  std::int64_t failed = 0;
  std::int64_t start_us = 0;
  double seconds = 0;
  std::optional<ProcessUsage> worker;  // what it used during the run; memory at its end
  std::optional<CaptureCost> capture_cost;
  bool is_interrupted = false;
};

// `script_names` are those of the operations by their number; empty when scripts hold several.
Json MakeDocument(const RunFacts &facts, const std::vector<std::string> &script_names);

// Whether this is a whole document of this version.
bool IsDocument(const Json &document);

}  // namespace weir::sim
