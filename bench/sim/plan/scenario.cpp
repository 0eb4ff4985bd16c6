#include "plan/scenario.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "support/failure.hpp"

namespace weir::sim {
namespace {

// Sizes of personas are tenths, so a tenant's rows are a multiple of ten.
std::int64_t Tens(double rows) { return std::max<std::int64_t>(1, std::llround(rows / 10)) * 10; }

}  // namespace

std::int64_t Scenario::Rows() const {
  constexpr std::int64_t kTenthsOfFivePersonas = 57;
  return tenants +
         (contacts + organizations + interactions) / 10 * kTenthsOfFivePersonas * (tenants / 5);
}

const std::vector<Persona> &Personas() {
  static const std::vector<Persona> personas = {{"startup", 0.5, 1.5},
                                                {"enterprise", 2.0, 1.0},
                                                {"growing", 1.0, 1.2},
                                                {"established", 1.5, 0.8},
                                                {"niche", 0.7, 1.3}};
  return personas;
}

const std::vector<Scenario> &Scenarios() {
  static const std::vector<Scenario> scenarios = {
      {"small", 10, 500, 50, 1000, 200, .10, 3, 8},
      {"medium", 50, 2000, 200, 5000, 500, .15, 4, 360},
      {"large", 100, 10000, 1000, 20000, 1000, .20, 5, 1500},
      {"stress-test", 200, 50000, 5000, 100000, 2000, .30, 10, 5400}};
  return scenarios;
}

Scenario FindScenario(const std::string &name, double scale) {
  if (!(scale > 0 && scale <= 100)) {
    throw Failure(Exit::kUsage, "the scale must be above 0 and at most 100, not {}", scale);
  }
  std::vector<std::string> names;
  for (const Scenario &known : Scenarios()) {
    names.push_back(known.name);
    if (known.name != name) continue;
    Scenario scenario = known;
    scenario.contacts = Tens(static_cast<double>(known.contacts) * scale);
    scenario.organizations = Tens(static_cast<double>(known.organizations) * scale);
    scenario.interactions = Tens(static_cast<double>(known.interactions) * scale);
    scenario.queries =
        std::max<std::int64_t>(1, std::llround(static_cast<double>(known.queries) * scale));
    scenario.published_s = known.published_s * scale;
    return scenario;
  }
  throw Failure(Exit::kUsage, "unknown scenario \"{}\"; there are {}", name,
                fmt::join(names, ", "));
}

}  // namespace weir::sim
