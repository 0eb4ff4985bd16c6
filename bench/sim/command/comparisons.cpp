#include "command/comparisons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "measure/paired.hpp"
#include "measure/summary.hpp"
#include "plan/mix.hpp"
#include "server/server_cpu.hpp"
#include "support/interrupt.hpp"

namespace weir::sim {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kBatch = 50;

// A tenth of the scenario's queries, so that a run is long enough to have a throughput and short
// enough for its neighbour to meet the same machine.
std::int64_t QueriesOfRun(const Scenario &scenario) {
  return std::max<std::int64_t>(scenario.TotalQueries() / 10, 500);
}

struct Figures {
  double tps = 0;
  LatencySummary latency;
  double server_cpu_s = 0;  // 0 when the server is on another machine
};

Figures RunOne(const Load &load, Driver &driver, ModeResult &mode, const std::string &kind) {
  const LoadResult result = driver.Run({load}).front();
  mode.plan.push_back(Describe(load));
  mode.phases.push_back({load.name, kind, result.from_s, result.to_s, load.rate, load.clients});
  std::vector<double> latencies;
  for (const Transaction &transaction : driver.transactions()) {
    if (transaction.load == result.load && !transaction.is_failed) {
      latencies.push_back(static_cast<double>(transaction.latency_us) / 1000);
    }
  }
  return {result.tps * load.operations, Summarize(std::move(latencies)), 0};
}

Json AsJson(const Interval &interval, double unit) {
  return {{"middle", interval.middle * unit},
          {"low", interval.low * unit},
          {"high", interval.high * unit},
          {"confidence", interval.confidence}};
}

// Ratios are compared as logarithms, where twice and half are equally far from one.
Json RatioAsPercent(const std::vector<double> &logarithms) {
  const Interval interval = PairedInterval(logarithms);
  return {{"middle", std::expm1(interval.middle) * 100},
          {"low", std::expm1(interval.low) * 100},
          {"high", std::expm1(interval.high) * 100},
          {"confidence", interval.confidence}};
}

struct CapturePair {
  Figures off;
  Figures on;
};

Json CaptureFindings(const std::vector<CapturePair> &pairs, const Load &load) {
  std::vector<double> throughput, avg, p50, p95, p99, cpu;
  Json list = Json::array();
  for (const auto &[off, on] : pairs) {
    throughput.push_back(std::log(on.tps / off.tps));
    avg.push_back(on.latency.avg_ms - off.latency.avg_ms);
    p50.push_back(on.latency.p50_ms - off.latency.p50_ms);
    p95.push_back(on.latency.p95_ms - off.latency.p95_ms);
    p99.push_back(on.latency.p99_ms - off.latency.p99_ms);
    if (off.server_cpu_s > 0 && on.server_cpu_s > 0) {
      cpu.push_back(std::log(on.server_cpu_s / off.server_cpu_s));
    }
    list.push_back({{"off_tps", off.tps},
                    {"on_tps", on.tps},
                    {"change_percent", (on.tps / off.tps - 1) * 100},
                    {"off_p99_ms", off.latency.p99_ms},
                    {"on_p99_ms", on.latency.p99_ms},
                    {"off_cpu_s", off.server_cpu_s},
                    {"on_cpu_s", on.server_cpu_s}});
  }
  constexpr double kUsPerMs = 1000;
  Json findings = {{"pairs", list},
                   {"clients", load.clients},
                   {"offered_rate", load.rate},
                   {"throughput_percent", RatioAsPercent(throughput)},
                   {"added_avg_us", AsJson(PairedInterval(avg), kUsPerMs)},
                   {"added_p50_us", AsJson(PairedInterval(p50), kUsPerMs)},
                   {"added_p95_us", AsJson(PairedInterval(p95), kUsPerMs)},
                   {"added_p99_us", AsJson(PairedInterval(p99), kUsPerMs)}};
  if (!cpu.empty()) findings["server_cpu_percent"] = RatioAsPercent(cpu);
  return findings;
}

}  // namespace

ModeResult CompareCapture(const Comparison &comparison, Driver &driver, Connection &control) {
  ModeResult mode;
  Load load;
  load.clients = comparison.load.clients;
  load.threads = load.clients;
  load.rate = comparison.load.rate;
  load.scripts = comparison.load.scripts;
  load.transactions = std::max<std::int64_t>(1, QueriesOfRun(comparison.scenario) / load.clients);
  ServerCpu cpu(control);
  const auto run = [&](const char *capture, int pair) {
    Load one = load;
    const bool is_on = std::string(capture) == "top";
    one.name = fmt::format("{} {}", is_on ? "on" : "off", pair);
    one.seed = comparison.load.seed + pair;
    one.settings = {{"weir.capture", capture}};
    const double cpu_before_s = cpu.Spent().value_or(0);
    Figures figures = RunOne(one, driver, mode, is_on ? "on" : "off");
    // What is still to be written belongs to this run, not to its neighbour.
    if (is_on) control.Run("SELECT weir.flush()");
    figures.server_cpu_s = cpu.Spent().value_or(0) - cpu_before_s;
    return figures;
  };
  // The first run warms the caches and counts for nothing.
  const double before_s = driver.Elapsed();
  run("off", 0);
  const double once_s = driver.Elapsed() - before_s;
  driver.ExpectSeconds(driver.Elapsed() + once_s * 2 * comparison.pairs);
  std::vector<CapturePair> pairs;
  for (int pair = 1; pair <= comparison.pairs && !IsInterrupted(); ++pair) {
    CapturePair figures;
    if (pair % 2 == 0) {
      figures.on = run("top", pair);
      figures.off = run("off", pair);
    } else {
      figures.off = run("off", pair);
      figures.on = run("top", pair);
    }
    if (figures.on.tps > 0 && figures.off.tps > 0 && !IsInterrupted()) pairs.push_back(figures);
  }
  mode.findings = CaptureFindings(pairs, load);
  return mode;
}

ModeResult CompareConnections(const Comparison &comparison, Driver &driver) {
  ModeResult mode;
  const std::vector<Operation> mix = FindMix(comparison.mix, comparison.writes);
  const WeightedScript one = {"one", BatchScript(mix, 1), 1};
  const WeightedScript fifty = {"fifty", BatchScript(mix, kBatch), 1};
  const int clients = comparison.load.clients;
  const std::int64_t batches =
      std::max<std::int64_t>(1, QueriesOfRun(comparison.scenario) / clients / kBatch);
  Load base;
  base.clients = clients;
  base.threads = clients;
  std::array<Load, 3> ways = {base, base, base};
  ways[0].name = "one operation";
  ways[1].name = "50 operations";
  ways[2].name = "all operations";
  for (Load &way : ways) {
    way.reconnects = &way != &ways[2];
    way.operations = &way == &ways[1] ? kBatch : 1;
    way.transactions = way.operations == kBatch ? batches : batches * kBatch;
    way.scripts = {way.operations == kBatch ? fifty : one};
  }
  const int rounds = std::max(3, comparison.pairs / 2);
  std::array<std::vector<double>, 3> tps;
  for (int round = 0; round < rounds && !IsInterrupted(); ++round) {
    std::array<double, 3> measured = {};
    for (std::size_t step = 0; step < ways.size(); ++step) {
      const std::size_t which = (step + static_cast<std::size_t>(round)) % ways.size();
      Load load = ways[which];
      load.seed = comparison.load.seed + round;
      measured[which] = RunOne(load, driver, mode, ways[which].name).tps;
    }
    const bool is_whole = *std::min_element(measured.begin(), measured.end()) > 0;
    for (std::size_t i = 0; is_whole && i < ways.size(); ++i) tps[i].push_back(measured[i]);
    if (round == 0) driver.ExpectSeconds(driver.Elapsed() * rounds);
  }
  Json list = Json::array();
  for (std::size_t i = 0; i < ways.size(); ++i) {
    std::vector<double> gains;
    for (std::size_t round = 0; round < tps[i].size(); ++round) {
      gains.push_back(std::log(tps[i][round] / tps[0][round]));
    }
    const Interval gain = PairedInterval(gains);
    std::vector<double> sorted = tps[i];
    std::sort(sorted.begin(), sorted.end());
    list.push_back({{"connection_for", ways[i].name},
                    {"operations_per_s", Percentile(sorted, 0.5)},
                    {"rounds", sorted.size()},
                    {"gain",
                     {{"middle", std::exp(gain.middle)},
                      {"low", std::exp(gain.low)},
                      {"high", std::exp(gain.high)},
                      {"confidence", gain.confidence}}}});
  }
  mode.findings = {{"ways", list}, {"clients", clients}};
  return mode;
}

}  // namespace weir::sim
