#include "plan/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "support/failure.hpp"

namespace weir::sim {
namespace {

constexpr std::pair<const char *, Mode> kModes[] = {{"burst", Mode::kBurst},
                                                    {"production", Mode::kProduction},
                                                    {"ramp", Mode::kRamp},
                                                    {"overhead", Mode::kOverhead},
                                                    {"connections", Mode::kConnections}};

constexpr int kSecondsBetweenSpikes = 30;
constexpr int kMostSteps = 20;

}  // namespace

Mode FindMode(const std::string &name) {
  std::string names;
  for (const auto &[known, mode] : kModes) {
    if (name == known) return mode;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", known);
  }
  throw Failure(Exit::kUsage, "unknown mode \"{}\"; there are {}", name, names);
}

const char *NameOf(Mode mode) {
  for (const auto &[name, known] : kModes) {
    if (mode == known) return name;
  }
  return "";
}

std::string Describe(const Load &load) {
  std::string text =
      fmt::format("{} start {:.3f} clients {} rate {:.3f} transactions {} duration {} seed {} {}\n",
                  load.name, load.start_s, load.clients, load.rate, load.transactions,
                  load.duration_s, load.seed, load.reconnects ? "reconnects" : "stays");
  for (const WeightedScript &script : load.scripts) {
    text += fmt::format("{} {}\n{}", script.name, script.weight, script.text);
  }
  return text;
}

Schedule BurstSchedule(const Scenario &scenario, const LoadOptions &options) {
  Schedule schedule;
  Load load;
  load.name = "burst";
  load.clients = options.clients;
  load.threads = options.clients;
  load.rate = options.rate;
  load.transactions = (scenario.TotalQueries() + options.clients - 1) / options.clients;
  load.seed = options.seed;
  load.scripts = options.scripts;
  schedule.loads.push_back(load);
  return schedule;
}

Schedule ProductionSchedule(const Scenario &scenario, const LoadOptions &options) {
  Load base;
  base.name = "base";
  base.clients = options.clients;
  base.threads = std::min(options.clients, options.cores);
  base.rate = options.rate;
  base.duration_s = options.duration_s;
  base.seed = options.seed;
  base.scripts = options.scripts;

  Schedule schedule;
  schedule.loads.push_back(base);
  const int spikes = std::max(1, options.duration_s / kSecondsBetweenSpikes);
  const double every = static_cast<double>(options.duration_s) / spikes;
  const int length = std::max(1, static_cast<int>(std::lround(scenario.spike_share * every)));
  double calm_from = 0;
  const auto add = [&](const std::string &kind, double from, double to) {
    const double factor = kind == "spike" ? scenario.spike_factor : 1;
    const int clients = options.clients * (kind == "spike" ? 2 : 1);
    schedule.phases.push_back({fmt::format("{} {}", kind, schedule.phases.size() / 2 + 1), kind,
                               from, to, options.rate * factor, clients});
  };
  for (int i = 0; i < spikes; ++i) {
    const double from = std::floor(every * (i + 0.5) - length / 2.0);
    Load spike = base;
    spike.name = fmt::format("spike {}", i + 1);
    spike.start_s = std::max(0.0, from);
    spike.duration_s = length;
    spike.rate = options.rate * (scenario.spike_factor - 1);
    spike.seed = options.seed + i + 1;
    schedule.loads.push_back(spike);
    add("calm", calm_from, spike.start_s);
    add("spike", spike.start_s, spike.start_s + length);
    calm_from = spike.start_s + length;
  }
  add("calm", calm_from, options.duration_s);
  return schedule;
}

Schedule RampSchedule(const LoadOptions &options) {
  Schedule schedule;
  const int steps = std::min({options.clients, kMostSteps, std::max(1, options.duration_s / 3)});
  const double ramp_s = options.duration_s * 2.0 / 3;
  int running = 0;
  for (int i = 0; i < steps; ++i) {
    Load load;
    load.name = fmt::format("step {}", i + 1);
    load.start_s = ramp_s * i / steps;
    load.clients = options.clients * (i + 1) / steps - running;
    load.threads = std::min(load.clients, options.cores);
    load.duration_s = std::max(1, options.duration_s - static_cast<int>(std::floor(load.start_s)));
    load.seed = options.seed + i;
    load.scripts = options.scripts;
    running += load.clients;
    schedule.loads.push_back(load);
    const bool is_last = i + 1 == steps;
    schedule.phases.push_back(
        {fmt::format("{} clients", running), is_last ? "hold" : "ramp", load.start_s,
         is_last ? options.duration_s : ramp_s * (i + 1) / steps, 0, running});
  }
  return schedule;
}

}  // namespace weir::sim
