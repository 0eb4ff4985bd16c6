// weirsim run: seeds, loads, observes, reports.
#pragma once

#include "command/options.hpp"
#include "support/failure.hpp"

namespace weir::sim {

Exit Run(const RunOptions &asked);

}  // namespace weir::sim
