#include "server/capture_cost.hpp"

#include <fmt/format.h>

#include <fstream>
#include <vector>

#include "server/connection.hpp"
#include "server/machine.hpp"
#include "support/failure.hpp"
#include "support/interrupt.hpp"

namespace weir::sim {
namespace {

constexpr int kPairs = 24;
constexpr int kStatements = 1000;

// Nanoseconds that a process has spent on a CPU.
double CpuNs(int pid) {
  std::ifstream file(fmt::format("/proc/{}/schedstat", pid));
  double nanoseconds = 0;
  file >> nanoseconds;
  return nanoseconds;
}

double Once(Connection &connection, const char *capture) {
  connection.Run(fmt::format("SET weir.capture = {}", capture));
  const double before = CpuNs(connection.BackendPid());
  for (int i = 0; i < kStatements; ++i) connection.Run("EXECUTE look_up");
  return (CpuNs(connection.BackendPid()) - before) / kStatements;
}

}  // namespace

std::optional<CaptureCost> MeasureCaptureCost() {
  Connection connection("weirsim cost");
  if (!SharesMachine(connection) || CpuNs(connection.BackendPid()) == 0) return std::nullopt;
  if (connection.Value("SELECT current_setting('is_superuser')") != "on") return std::nullopt;
  connection.Run("PREPARE look_up AS SELECT name FROM weirsim.contacts WHERE id = 1");
  Once(connection, "off");
  std::vector<double> differences;
  double without = 0;
  for (int pair = 0; pair < kPairs && !IsInterrupted(); ++pair) {
    // Every other pair begins with the other one, so that a drift meets both alike.
    const bool on_first = pair % 2 == 1;
    const double first = Once(connection, on_first ? "top" : "off");
    const double second = Once(connection, on_first ? "off" : "top");
    differences.push_back(on_first ? first - second : second - first);
    without += (on_first ? second : first) / kPairs;
  }
  CaptureCost cost;
  cost.ns_per_statement = PairedInterval(differences);
  cost.ns_without = without;
  return cost;
}

}  // namespace weir::sim
