#include "command/modes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "command/comparisons.hpp"
#include "plan/mix.hpp"
#include "server/machine.hpp"

namespace weir::sim {
namespace {

std::vector<WeightedScript> ScriptsOf(const RunOptions &options) {
  std::vector<WeightedScript> scripts;
  for (const Operation &operation : FindMix(options.mix, options.writes)) {
    scripts.push_back({operation.name, ScriptOf(operation.name), operation.weight});
  }
  return scripts;
}

ModeResult RunSchedule(Schedule schedule, Driver &driver) {
  ModeResult result;
  for (const Load &load : schedule.loads) {
    result.plan.push_back(Describe(load));
    result.is_counted = result.is_counted && load.transactions > 0;
  }
  const std::vector<LoadResult> loads = driver.Run(schedule.loads);
  result.phases = std::move(schedule.phases);
  if (result.phases.empty()) {
    const Load &load = schedule.loads.front();
    result.phases.push_back(
        {load.name, load.name, loads.front().from_s, loads.front().to_s, load.rate, load.clients});
  }
  return result;
}

}  // namespace

RunOptions WithDefaults(RunOptions options, Mode mode, const Scenario &scenario) {
  constexpr int kQueriesPerTenantAndSecond = 10;
  const auto choose = [](auto &value, auto usual) {
    if (value == 0) value = usual;
  };
  switch (mode) {
    case Mode::kBurst:
    case Mode::kOverhead:
    case Mode::kConnections:
      choose(options.clients, 8);
      break;
    case Mode::kProduction:
      choose(options.clients, 16);
      choose(options.duration_s, 60);
      choose(options.rate, static_cast<double>(scenario.tenants * kQueriesPerTenantAndSecond));
      break;
    case Mode::kRamp:
      choose(options.clients, 100);
      choose(options.duration_s, 90);
      break;
  }
  return options;
}

ModeResult RunMode(Mode mode, const RunOptions &options, const Scenario &scenario, Driver &driver,
                   Connection &control) {
  const LoadOptions load = {.clients = options.clients,
                            .rate = options.rate,
                            .duration_s = options.duration_s,
                            .seed = options.seed,
                            .cores = Cores(),
                            .scripts = ScriptsOf(options)};
  const Comparison comparison = {load, scenario, options.pairs, options.mix, options.writes};
  switch (mode) {
    case Mode::kBurst:
      return RunSchedule(BurstSchedule(scenario, load), driver);
    case Mode::kProduction:
      return RunSchedule(ProductionSchedule(scenario, load), driver);
    case Mode::kRamp:
      return RunSchedule(RampSchedule(load), driver);
    case Mode::kOverhead:
      return CompareCapture(comparison, driver, control);
    case Mode::kConnections:
      return CompareConnections(comparison, driver);
  }
  return {};
}

}  // namespace weir::sim
