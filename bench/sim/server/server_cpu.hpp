// The CPU time that the server spends on a load: sessions that have ended, and the flush worker.
#pragma once

#include <optional>

#include "server/connection.hpp"

namespace weir::sim {

class ServerCpu {
 public:
  explicit ServerCpu(Connection &control) : control_(control) {}

  // Seconds so far, read when no session of the load is left; nothing when the server is elsewhere.
  // What a session used counts from when it ended.
  std::optional<double> Spent();

 private:
  Connection &control_;
};

}  // namespace weir::sim
