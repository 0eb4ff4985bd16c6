// How large the simulated company is, and how much it asks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::sim {

struct Scenario {
  std::string name;
  std::int64_t tenants = 0;   // a multiple of five: one of each kind in turn
  std::int64_t contacts = 0;  // for a tenant of average size, as are the next three
  std::int64_t organizations = 0;
  std::int64_t interactions = 0;
  std::int64_t queries = 0;
  double spike_share = 0;   // of the time
  double spike_factor = 1;  // how much more is asked for then
  double published_s = 0;   // what the original needed for all queries

  // Seeded rows, tenants' own included.
  std::int64_t Rows() const;
  std::int64_t TotalQueries() const { return tenants * queries; }
};

// What tenants are, in turn; their rows and questions are in bench/crm.
struct Persona {
  const char *name;
  double rows;
  double queries;
};
const std::vector<Persona> &Personas();

const std::vector<Scenario> &Scenarios();

// The scenario with `scale` times the rows and queries for each tenant.
Scenario FindScenario(const std::string &name, double scale);

}  // namespace weir::sim
