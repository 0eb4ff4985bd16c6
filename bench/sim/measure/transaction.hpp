// One transaction as a client saw it.
#pragma once

#include <cstdint>

namespace weir::sim {

struct Transaction {
  std::int64_t end_us = 0;      // since 1970
  std::int64_t latency_us = 0;  // with --rate, from when it was due
  std::int64_t lag_us = 0;      // how late it began
  std::int32_t load = 0;        // which of the schedule's loads
  std::int32_t client = 0;
  std::int32_t number = 0;  // of this client, from 0
  std::int32_t script = 0;
  bool is_failed = false;
};

}  // namespace weir::sim
