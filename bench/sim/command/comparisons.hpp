// Modes that run the same operations in different ways, in turns, and compare neighbours in time.
#pragma once

#include "command/modes.hpp"

namespace weir::sim {

struct Comparison {
  LoadOptions load;
  const Scenario &scenario;
  int pairs;
  std::string mix;
  double writes;
};

// Capture off and on, with the same seed in each pair; which comes first alternates.
ModeResult CompareCapture(const Comparison &comparison, Driver &driver, Connection &control);

// A connection for each operation, for fifty of them, and for all.
ModeResult CompareConnections(const Comparison &comparison, Driver &driver);

}  // namespace weir::sim
