#include "server/server_cpu.hpp"

#include <chrono>
#include <thread>

#include "server/machine.hpp"
#include "server/ring.hpp"

namespace weir::sim {
namespace {

constexpr int kMostWaits = 200;
constexpr std::chrono::milliseconds kWait{5};

// A session leaves pg_stat_activity a little before its process ends; the kernel adds its time to
// the postmaster's then.
constexpr std::chrono::milliseconds kForProcessesToEnd{20};

}  // namespace

std::optional<double> ServerCpu::Spent() {
  if (!SharesMachine(control_)) return std::nullopt;
  for (int i = 0; i < kMostWaits; ++i) {
    if (control_.Value("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                       "'weirsim'") == "0") {
      break;
    }
    std::this_thread::sleep_for(kWait);
  }
  std::this_thread::sleep_for(kForProcessesToEnd);
  const auto session = UsageOf(control_.BackendPid());
  const auto worker = UsageOf(SampleRing(control_).worker_pid);
  const auto postmaster = session ? UsageOf(session->parent_pid) : std::nullopt;
  if (!worker || !postmaster) return std::nullopt;
  return postmaster->ended_children_s + worker->cpu_s;
}

}  // namespace weir::sim
