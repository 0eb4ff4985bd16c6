#include "report/document.hpp"

#include <algorithm>

#include "measure/ledger.hpp"
#include "measure/series.hpp"
#include "measure/summary.hpp"
#include "report/targets.hpp"

namespace weir::sim {
namespace {

constexpr double kUsPerS = 1e6;

double EndOf(const Transaction &transaction, const RunFacts &facts) {
  return static_cast<double>(transaction.end_us - facts.start_us) / kUsPerS;
}

void AddLatency(Json &object, const LatencySummary &latency) {
  object["avg_ms"] = latency.avg_ms;
  object["p50_ms"] = latency.p50_ms;
  object["p95_ms"] = latency.p95_ms;
  object["p99_ms"] = latency.p99_ms;
  object["max_ms"] = latency.max_ms;
}

template <typename Chosen>
std::vector<double> LatenciesOf(const RunFacts &facts, Chosen chosen) {
  std::vector<double> latencies;
  for (const Transaction &transaction : facts.transactions) {
    if (!transaction.is_failed && chosen(transaction)) {
      latencies.push_back(static_cast<double>(transaction.latency_us) / 1000);
    }
  }
  return latencies;
}

Json Total(const RunFacts &facts) {
  const LatencySummary latency = Summarize(LatenciesOf(facts, [](const auto &) { return true; }));
  // Time between runs that are compared is nobody's.
  double busy_s = 0;
  for (const Phase &phase : facts.result.phases) busy_s += phase.to_s - phase.from_s;
  busy_s = std::min(busy_s, facts.seconds);
  const auto attempts = static_cast<double>(latency.count + facts.failed);
  Json total = {{"transactions", latency.count},
                {"operations", facts.operations},
                {"failed", facts.failed},
                {"error_rate", attempts > 0 ? static_cast<double>(facts.failed) / attempts : 0},
                {"seconds", facts.seconds},
                {"throughput", busy_s > 0 ? static_cast<double>(facts.operations) / busy_s : 0}};
  AddLatency(total, latency);
  return total;
}

Json Phases(const RunFacts &facts) {
  Json phases = Json::array();
  for (const Phase &phase : facts.result.phases) {
    if (phase.from_s >= facts.seconds) break;
    const double to_s = std::min(phase.to_s, facts.seconds);
    double lag_ms = 0;
    double most_lag_ms = 0;
    const LatencySummary latency = Summarize(LatenciesOf(facts, [&](const Transaction &one) {
      const double at = EndOf(one, facts);
      if (at < phase.from_s || at >= to_s) return false;
      lag_ms += static_cast<double>(one.lag_us) / 1000;
      most_lag_ms = std::max(most_lag_ms, static_cast<double>(one.lag_us) / 1000);
      return true;
    }));
    const double length = std::max(to_s - phase.from_s, 1e-3);
    Json one = {{"name", phase.name},
                {"kind", phase.kind},
                {"from_s", phase.from_s},
                {"to_s", to_s},
                {"clients", phase.clients},
                {"offered_rate", phase.offered_rate},
                {"transactions", latency.count},
                {"throughput", static_cast<double>(latency.count) / length}};
    AddLatency(one, latency);
    one["lag_avg_ms"] = latency.count > 0 ? lag_ms / static_cast<double>(latency.count) : 0;
    one["lag_max_ms"] = most_lag_ms;
    phases.push_back(one);
  }
  return phases;
}

Json Operations(const RunFacts &facts, const std::vector<std::string> &names) {
  Json operations = Json::array();
  for (std::size_t script = 0; script < names.size(); ++script) {
    const LatencySummary latency = Summarize(LatenciesOf(facts, [&](const Transaction &one) {
      return one.script == static_cast<std::int32_t>(script);
    }));
    Json one = {{"name", names[script]}, {"transactions", latency.count}};
    AddLatency(one, latency);
    operations.push_back(one);
  }
  return operations;
}

void AddSeries(Json &document, const RunFacts &facts) {
  const Series series = MakeSeries(facts.transactions, facts.start_us, facts.seconds);
  Json columns = {{"step_s", series.step_s}};
  for (const Bucket &bucket : series.buckets) {
    columns["at_s"].push_back(bucket.start_s);
    columns["throughput"].push_back(bucket.throughput);
    columns["p50_ms"].push_back(bucket.latency.p50_ms);
    columns["p95_ms"].push_back(bucket.latency.p95_ms);
    columns["p99_ms"].push_back(bucket.latency.p99_ms);
    columns["lag_ms"].push_back(bucket.lag_ms);
    columns["failed"].push_back(bucket.failed);
  }
  document["series"] = columns;
  document["heat_map"] = {{"bounds_ms", series.heat_map.bounds_ms},
                          {"counts", series.heat_map.counts}};
}

Json Records(const RunFacts &facts) {
  const RingSample &ring = facts.ring;
  return {{"captured", ring.captured},
          {"flushed", ring.flushed},
          {"in_ring", ring.in_ring},
          {"folded_pending", ring.folded_pending},
          {"folded", ring.folded},
          {"dropped", ring.dropped},
          {"flushes", ring.flushes},
          {"flush_errors", ring.flush_errors},
          {"capacity", ring.capacity},
          {"balanced", ring.IsBalanced()},
          {"log_statements", facts.logged.statements},
          {"log_errors", facts.logged.errors}};
}

Json RingSeries(const RunFacts &facts) {
  Json series = Json::object();
  for (const RingSample &sample : facts.ring_series) {
    series["at_s"].push_back(sample.at_s);
    series["in_ring"].push_back(sample.records_in_ring);
    series["captured"].push_back(sample.captured);
    series["flushed"].push_back(sample.flushed);
    series["folded"].push_back(sample.folded);
    series["dropped"].push_back(sample.dropped);
    series["flushes"].push_back(sample.flushes);
  }
  return series;
}

Json Fairness(const Json &tenants) {
  std::vector<double> speeds;
  std::vector<double> loads;
  for (const Json &tenant : tenants) {
    speeds.push_back(1 / std::max(tenant["avg_ms"].get<double>(), 1e-6));
    loads.push_back(tenant["calls"].get<double>());
  }
  return {{"speed", JainIndex(speeds)}, {"load", JainIndex(loads)}};
}

Json Cpu(const RunFacts &facts) {
  Json cpu = Json::object();
  const double available_s = facts.seconds * Cores();
  if (facts.worker && available_s > 0) {
    cpu["worker_s"] = facts.worker->cpu_s;
    cpu["worker_share"] = facts.worker->cpu_s / available_s;
    cpu["worker_private_mb"] = facts.worker->private_mb;
  }
  if (facts.capture_cost && available_s > 0) {
    const Interval &cost = facts.capture_cost->ns_per_statement;
    cpu["capture_ns"] = {{"middle", cost.middle},
                         {"low", cost.low},
                         {"high", cost.high},
                         {"confidence", cost.confidence}};
    cpu["statement_ns"] = facts.capture_cost->ns_without;
    cpu["capture_share"] =
        std::max(cost.middle, 0.0) * 1e-9 * static_cast<double>(facts.ring.captured) / available_s;
  }
  if (cpu.contains("worker_share") && cpu.contains("capture_share")) {
    cpu["share"] = cpu["worker_share"].get<double>() + cpu["capture_share"].get<double>();
  }
  return cpu;
}

Json Ledger(const RunFacts &facts) {
  const bool is_executed = facts.result.is_counted && !facts.is_interrupted;
  return {{"hash", LedgerHash(facts.result.plan,
                              is_executed ? facts.transactions : std::vector<Transaction>())},
          {"of", is_executed ? "executed" : "planned"}};
}

Json Configuration(const RunFacts &facts) {
  const RunOptions &options = facts.options;
  const Scenario &scenario = facts.scenario;
  return {{"scenario", scenario.name},
          {"mode", options.mode},
          {"mix", options.mix},
          {"writes", options.writes},
          {"scale", options.scale},
          {"seed", options.seed},
          {"clients", options.clients},
          {"rate", options.rate},
          {"duration_s", options.duration_s},
          {"embedded", options.is_embedded},
          {"tenants", scenario.tenants},
          {"contacts_per_tenant", scenario.contacts},
          {"organizations_per_tenant", scenario.organizations},
          {"interactions_per_tenant", scenario.interactions},
          {"queries", scenario.TotalQueries()},
          {"published_s", scenario.published_s}};
}

}  // namespace

Json MakeDocument(const RunFacts &facts, const std::vector<std::string> &script_names) {
  Json document = {{"weirsim", kDocumentVersion}};
  document["started"] = facts.window.from;
  document["finished"] = facts.window.to;
  document["interrupted"] = facts.is_interrupted;
  document["configuration"] = Configuration(facts);
  document["seeding"] = {
      {"rows", facts.seeding.rows},
      {"seconds", facts.seeding.seconds},
      {"rows_per_s", facts.seeding.seconds > 0
                         ? static_cast<double>(facts.seeding.rows) / facts.seeding.seconds
                         : 0},
      {"reused", facts.seeding.is_reused}};
  document["ledger"] = Ledger(facts);
  document["total"] = Total(facts);
  document["phases"] = Phases(facts);
  if (!script_names.empty()) document["operations"] = Operations(facts, script_names);
  AddSeries(document, facts);
  document["records"] = Records(facts);
  document["ring"] = RingSeries(facts);
  document["tenants"] = facts.tenants;
  document["fairness"] = Fairness(facts.tenants);
  document["queries"] = facts.queries;
  document["fields"] = facts.fields;
  document["cpu"] = Cpu(facts);
  if (facts.mode == Mode::kOverhead) document["overhead"] = facts.result.findings;
  if (facts.mode == Mode::kConnections) document["connections"] = facts.result.findings;
  if (!facts.continuous.is_null()) document["continuous"] = facts.continuous;
  document["targets"] = Targets(document);
  document["machine"] = facts.machine;
  document["settings"] = facts.settings;
  document["errors"] = facts.errors;
  return document;
}

bool IsDocument(const Json &document) {
  if (!document.is_object() || document.value("weirsim", 0) != kDocumentVersion) return false;
  constexpr const char *kParts[] = {"configuration", "seeding", "ledger",  "total",   "phases",
                                    "series",        "records", "ring",    "tenants", "fairness",
                                    "queries",       "fields",  "targets", "machine"};
  return std::all_of(std::begin(kParts), std::end(kParts),
                     [&](const char *part) { return document.contains(part); });
}

}  // namespace weir::sim
