// Reads what pgbench writes with --log: one line for each transaction.
#pragma once

#include <optional>
#include <string_view>

#include "measure/transaction.hpp"

namespace weir::sim {

// "client number latency script seconds microseconds [lag]"; nothing for a line that is none. A lag
// is there when pgbench had a rate to keep; "failed" and "skipped" stand in place of a latency.
std::optional<Transaction> ParseLogLine(std::string_view line);

// What a line "progress: 5.0 s, 1234.5 tps, lat ..." says.
struct Progress {
  double seconds = 0;
  double tps = 0;
};
std::optional<Progress> ParseProgressLine(std::string_view line);

// The number after a label of pgbench's summary, as in "number of failed transactions: 3 (0.1%)".
std::optional<double> ParseSummary(std::string_view summary, std::string_view label);

}  // namespace weir::sim
