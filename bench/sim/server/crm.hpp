// The simulated company's tables in schema weirsim of the server under test.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "plan/scenario.hpp"
#include "server/connection.hpp"

namespace weir::sim {

struct Seeding {
  std::int64_t rows = 0;  // written in this run
  double seconds = 0;     // keys and indexes included
  bool is_reused = false;
};

// Called as rows appear: written so far, of how many, what is being done.
using SeedProgress =
    std::function<void(std::int64_t done, std::int64_t total, const std::string &what)>;

// Fills the schema. What an interrupted run of the same scenario, scale and seed left is gone on
// with; whatever else weirsim left there is replaced, or, with `reuse`, kept when it is complete
// and equal.
Seeding Seed(Connection &connection, const Scenario &scenario, std::int64_t seed, bool reuse,
             const SeedProgress &progress);

// What makes one seeded schema equal to another.
std::string SeedKey(const Scenario &scenario, std::int64_t seed);

}  // namespace weir::sim
