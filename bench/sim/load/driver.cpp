#include "load/driver.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "measure/pgbench_log.hpp"
#include "measure/summary.hpp"
#include "support/failure.hpp"
#include "support/interrupt.hpp"

namespace weir::sim {
namespace {

constexpr int kPollMs = 50;
constexpr double kWatchEveryS = 0.5;
constexpr double kGraceS = 5;      // for pgbench to end when asked to
constexpr double kRecentUs = 2e6;  // what "now" means on the live line
constexpr std::size_t kMostErrors = 5;

std::int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Driver::Driver(PgbenchOptions options, Connection &control, LiveLine &live)
    : options_(std::move(options)), control_(control), live_(live) {
  ring_before_ = SampleRing(control_);
}

double Driver::Elapsed() const {
  return start_us_ == 0 ? 0 : static_cast<double>(NowUs() - start_us_) / 1e6;
}

std::int64_t Driver::Operations() const {
  std::int64_t operations = 0;
  for (const Transaction &transaction : transactions_) {
    if (transaction.is_failed) continue;
    operations += operations_of_load_[static_cast<std::size_t>(transaction.load)];
  }
  return operations;
}

std::vector<LoadResult> Driver::Run(const std::vector<Load> &loads) {
  if (start_us_ == 0) start_us_ = NowUs();
  std::vector<LoadResult> results(loads.size());
  const double begin_s = Elapsed();
  for (const Load &load : loads) goal_ += load.transactions * load.clients;
  next_ = 0;
  while (next_ < loads.size() || !running_.empty()) {
    if (IsInterrupted()) {
      StopAll();
      next_ = loads.size();
    }
    StartDue(loads, begin_s, results);
    poll(nullptr, 0, kPollMs);
    for (Running &one : running_) one.pgbench->Read(transactions_);
    ReapEnded(results);
    if (Elapsed() >= next_watch_s_) Watch();
  }
  return results;
}

void Driver::StartDue(const std::vector<Load> &loads, double begin_s,
                      std::vector<LoadResult> &results) {
  // Loads stand in the order of their starts, but for equal ones any order will do.
  for (; next_ < loads.size() && begin_s + loads[next_].start_s <= Elapsed(); ++next_) {
    const Load &load = loads[next_];
    results[next_].from_s = Elapsed();
    const double due_s = load.transactions > 0 ? 0 : Elapsed() + load.duration_s;
    const int number = static_cast<int>(operations_of_load_.size());
    results[next_].load = number;
    operations_of_load_.push_back(load.operations);
    running_.push_back({&load, std::make_unique<Pgbench>(load, number, options_), next_, due_s});
  }
}

void Driver::ReapEnded(std::vector<LoadResult> &results) {
  for (std::size_t i = running_.size(); i-- > 0;) {
    Running &one = running_[i];
    if (!one.pgbench->HasEnded()) continue;
    one.pgbench->Read(transactions_);
    LoadResult &result = results[one.result];
    result.to_s = Elapsed();
    result.tps = ParseSummary(one.pgbench->summary(), "tps = ").value_or(0);
    result.failed = static_cast<std::int64_t>(
        ParseSummary(one.pgbench->summary(), "number of failed transactions: ").value_or(0));
    // A client that meets an error that cannot be repeated gives up: one failure each.
    if (!IsInterrupted()) {
      result.failed += static_cast<std::int64_t>(one.pgbench->errors().size());
      for (const std::string &error : one.pgbench->errors()) {
        if (errors_.size() < kMostErrors) errors_.push_back(error);
      }
      if (one.pgbench->exit_code() == 127) {
        throw Failure(Exit::kLoad,
                      "could not run {}: name the directory of PostgreSQL's programs "
                      "with --bindir",
                      options_.program);
      }
    }
    failed_ += result.failed;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void Driver::StopAll() {
  if (stopped_s_ < 0) {
    stopped_s_ = Elapsed();
    for (const Running &one : running_) one.pgbench->Stop();
  } else if (Elapsed() > stopped_s_ + kGraceS) {
    for (const Running &one : running_) one.pgbench->Kill();
  }
}

void Driver::Watch() {
  next_watch_s_ = Elapsed() + kWatchEveryS;
  RingSample sample = Difference(ring_before_, SampleRing(control_));
  sample.at_s = Elapsed();
  ring_.push_back(sample);
  ShowLine();
}

void Driver::ShowLine() {
  double tps = 0;
  for (const Running &one : running_) tps += one.pgbench->tps();
  live_.Show(fmt::format(
      "{:>6}  {:>7} tps  p95 {:>7.2f} ms  {} errors  captured {}  dropped {}  left {}",
      Clock(Elapsed()), Thousands(static_cast<std::int64_t>(tps)), RecentP95(), failed_,
      Thousands(ring_.back().captured), Thousands(ring_.back().dropped), Clock(SecondsLeft())));
}

double Driver::RecentP95() const {
  std::vector<double> latencies;
  const auto since = static_cast<double>(NowUs()) - kRecentUs;
  constexpr std::ptrdiff_t kMost = 20'000;
  for (auto one = transactions_.rbegin(); one != transactions_.rend(); ++one) {
    if (one - transactions_.rbegin() >= kMost) break;
    const bool is_recent = static_cast<double>(one->end_us) >= since;
    if (is_recent && !one->is_failed)
      latencies.push_back(static_cast<double>(one->latency_us) / 1000);
  }
  return Summarize(std::move(latencies)).p95_ms;
}

double Driver::SecondsLeft() const {
  if (expected_s_ > 0) return expected_s_ - Elapsed();
  double left = 0;
  for (const Running &one : running_) left = std::max(left, one.due_s - Elapsed());
  const auto done = static_cast<double>(transactions_.size());
  if (goal_ > 0 && done > 0) {
    left = std::max(left, Elapsed() * (static_cast<double>(goal_) - done) / done);
  }
  return left;
}

}  // namespace weir::sim
