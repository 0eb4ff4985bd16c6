#include "server/machine.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace weir::sim {
namespace {

// The text after "NAME<blanks>:" in a file of /proc.
std::string Field(const std::string &path, const std::string &name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) != 0) continue;
    const auto colon = line.find(':');
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    return colon == std::string::npos || begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

double Kilobytes(const std::string &path, const std::string &name) {
  const std::string text = Field(path, name);
  return text.empty() ? 0 : std::stod(text);
}

}  // namespace

int Cores() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

nlohmann::ordered_json MachineOf(Connection &connection) {
  utsname system = {};
  uname(&system);
  double load[3] = {0, 0, 0};
  if (getloadavg(load, 3) < 0) load[0] = 0;
  const std::string model = Field("/proc/cpuinfo", "model name");
  return {{"cpu", model.empty() ? system.machine : model},
          {"cores", Cores()},
          {"memory_gb", std::round(Kilobytes("/proc/meminfo", "MemTotal") / 1048576 * 10) / 10},
          {"kernel", std::string(system.sysname) + " " + system.release},
          {"load_average_before", std::round(load[0] * 100) / 100},
          {"server", connection.Value("SELECT 'PostgreSQL ' || current_setting('server_version')")},
          {"extension", connection.Value("SELECT 'pg_weir ' || extversion FROM pg_extension WHERE "
                                         "extname = 'pg_weir'")},
          {"server_is_local", SharesMachine(connection)}};
}

std::optional<ProcessUsage> UsageOf(int pid) {
  const std::string directory = "/proc/" + std::to_string(pid);
  std::ifstream file(directory + "/stat");
  std::string line;
  if (pid <= 0 || !std::getline(file, line)) return std::nullopt;
  // The name in parentheses may hold anything; eleven words follow before the times.
  std::istringstream words(line.substr(line.rfind(')') + 1));
  std::string word;
  for (int i = 0; i < 11; ++i) words >> word;
  double user = 0;
  double system = 0;
  words >> user >> system;
  ProcessUsage usage;
  usage.cpu_s = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  usage.private_mb = Kilobytes(directory + "/status", "RssAnon") / 1024;
  return usage;
}

bool SharesMachine(Connection &connection) {
  if (!connection.IsLocal()) return false;
  std::ifstream file("/proc/" + std::to_string(connection.BackendPid()) + "/cmdline");
  std::string title;
  std::getline(file, title);
  return title.find("postgres") != std::string::npos;
}

}  // namespace weir::sim
