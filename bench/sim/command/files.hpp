// weirsim compare and weirsim report: what works on the results of runs.
#pragma once

#include <string>

#include "support/failure.hpp"

namespace weir::sim {

// Prints what changed; kRegression when something is worse by more than `percent`.
Exit CompareFiles(const std::string &before, const std::string &after, double percent);

// Writes the page of a result beside it, or to `output`.
Exit ReportFile(const std::string &path, const std::string &output);

}  // namespace weir::sim
