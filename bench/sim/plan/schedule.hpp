// Which load runs when: a mode's pgbench processes and the stretches of time a report speaks of.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plan/scenario.hpp"

namespace weir::sim {

enum class Mode { kBurst, kProduction, kRamp, kOverhead, kConnections };
Mode FindMode(const std::string &name);
const char *NameOf(Mode mode);

struct WeightedScript {
  std::string name;
  std::string text;
  int weight = 1;
};

// One pgbench process.
struct Load {
  std::string name;
  double start_s = 0;
  int clients = 1;
  int threads = 1;
  double rate = 0;                // transactions a second; 0 is as fast as they go
  std::int64_t transactions = 0;  // of each client; 0 means that duration_s decides
  int duration_s = 0;
  std::int64_t seed = 0;
  bool reconnects = false;  // a connection for each transaction
  int operations = 1;       // in each transaction
  std::vector<std::pair<std::string, std::string>> settings = {};  // of its sessions
  std::vector<WeightedScript> scripts = {};
};

// A stretch of time with a name. Kinds: "calm", "spike", "ramp", "hold", "burst", "off", "on" ...
struct Phase {
  std::string name;
  std::string kind;
  double from_s = 0;
  double to_s = 0;
  double offered_rate = 0;  // 0: whatever the server takes
  int clients = 0;
};

struct Schedule {
  std::vector<Load> loads;
  std::vector<Phase> phases;
};

struct LoadOptions {
  int clients = 8;
  double rate = 0;
  int duration_s = 60;
  std::int64_t seed = 1;
  int cores = 1;
  std::vector<WeightedScript> scripts;
};

// Everything that decides what a load does, as text.
std::string Describe(const Load &load);

// All queries back to back. One thread for each client makes every client's choices repeatable.
Schedule BurstSchedule(const Scenario &scenario, const LoadOptions &options);

// A Poisson stream of the whole length, and for each spike a second one on top of it.
Schedule ProductionSchedule(const Scenario &scenario, const LoadOptions &options);

// Clients join in steps during the first two thirds and stay to the end.
Schedule RampSchedule(const LoadOptions &options);

}  // namespace weir::sim
