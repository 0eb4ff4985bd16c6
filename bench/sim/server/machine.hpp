// The machine this runs on, and what the flush worker takes of it.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>

#include "server/connection.hpp"

namespace weir::sim {

nlohmann::ordered_json MachineOf(Connection &connection);

int Cores();

struct ProcessUsage {
  double cpu_s = 0;
  double private_mb = 0;  // memory that is its alone
};

// Of a process of this machine; nothing when it is not here or not ours to read.
std::optional<ProcessUsage> UsageOf(int pid);

// Whether the server's processes are in this machine's list.
bool SharesMachine(Connection &connection);

}  // namespace weir::sim
