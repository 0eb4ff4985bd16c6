// What capture costs a session for each statement, in CPU time.
#pragma once

#include <optional>

#include "measure/paired.hpp"

namespace weir::sim {

struct CaptureCost {
  Interval ns_per_statement;
  double ns_without = 0;  // what the statement takes with capture off
};

// Measures one backend's CPU time by the kernel's count while capture is switched inside the
// session. Needs a superuser, for the switch, and the server on this machine; nothing without.
std::optional<CaptureCost> MeasureCaptureCost();

}  // namespace weir::sim
