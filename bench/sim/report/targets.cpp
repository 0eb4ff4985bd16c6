#include "report/targets.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace weir::sim {
namespace {

using Json = nlohmann::ordered_json;
using Pointer = Json::json_pointer;

std::optional<double> At(const Json &document, const std::string &path) {
  const Pointer pointer(path);
  if (!document.contains(pointer) || !document[pointer].is_number()) return std::nullopt;
  return document[pointer].get<double>();
}

std::optional<double> Times(std::optional<double> value, double factor) {
  if (value) *value *= factor;
  return value;
}

// The slowest p95 of the operations whose names begin so.
std::optional<double> WorstP95(const Json &document, char initial) {
  std::optional<double> worst;
  for (const Json &operation : document.value("operations", Json::array())) {
    if (operation["name"].get<std::string>()[0] != initial) continue;
    if (operation["transactions"] == 0) continue;
    worst = std::max(worst.value_or(0), operation["p95_ms"].get<double>());
  }
  return worst;
}

std::optional<double> RecordsPerFlush(const Json &document) {
  const auto flushed = At(document, "/records/flushed");
  const auto flushes = At(document, "/records/flushes");
  if (!flushed || !flushes || *flushes == 0) return std::nullopt;
  return *flushed / *flushes;
}

// What share of the CPU was allowed depends on how much there was to do.
double CpuLimit(double throughput) {
  if (throughput < 100) return 1;
  return throughput < 1000 ? 0.5 : 0.1;
}

class Table {
 public:
  void Below(const char *what, double limit, const char *unit, std::optional<double> value) {
    Add(what, limit, unit, "below", value, value && *value < limit);
  }
  void Above(const char *what, double limit, const char *unit, std::optional<double> value) {
    Add(what, limit, unit, "above", value, value && *value >= limit);
  }
  Json Take() { return std::move(rows_); }

 private:
  void Add(const char *what, double limit, const char *unit, const char *better,
           std::optional<double> value, bool is_met) {
    Json row = {{"what", what},     {"limit", limit},   {"unit", unit},
                {"better", better}, {"value", nullptr}, {"met", nullptr}};
    if (value) {
      row["value"] = *value;
      row["met"] = is_met;
    }
    rows_.push_back(row);
  }

  Json rows_ = Json::array();
};

}  // namespace

Json Targets(const Json &document) {
  const double throughput = At(document, "/total/throughput").value_or(0);
  const std::string mode = document["configuration"]["mode"];
  const bool is_burst = mode == "burst" && !document["interrupted"].get<bool>();
  Table table;
  table.Below("added latency, p99", 100, "us", At(document, "/overhead/added_p99_us/middle"));
  // Who offers less than the server takes measures no throughput.
  const bool is_full = At(document, "/overhead/offered_rate").value_or(1) == 0;
  table.Above("change of throughput, lower end of the interval", -3, "%",
              is_full ? At(document, "/overhead/throughput_percent/low") : std::nullopt);
  table.Below("CPU for capture and flushing", 1, "%", Times(At(document, "/cpu/share"), 100));
  table.Below("the same, as published for this throughput", CpuLimit(throughput), "%",
              Times(At(document, "/cpu/share"), 100));
  table.Above("records for each write", 100, "", RecordsPerFlush(document));
  table.Below("p95 of simple queries", 100, "ms", WorstP95(document, 'q'));
  table.Below("p95 of complex queries", 500, "ms", WorstP95(document, 'a'));
  table.Above("gain by keeping connections", 1.4, "times",
              At(document, "/connections/ways/2/gain/middle"));
  table.Above("sustained throughput", 200, "/s", throughput);
  table.Below("errors", 0.1, "%", Times(At(document, "/total/error_rate"), 100));
  table.Below("memory of the flush worker", 200, "MB", At(document, "/cpu/worker_private_mb"));
  const bool is_seeded = !document["seeding"]["reused"].get<bool>();
  table.Above("seeding", 100'000, "rows/s",
              is_seeded ? At(document, "/seeding/rows_per_s") : std::nullopt);
  table.Below("time for all queries", document["configuration"]["published_s"].get<double>(), "s",
              is_burst ? At(document, "/total/seconds") : std::nullopt);
  return table.Take();
}

}  // namespace weir::sim
