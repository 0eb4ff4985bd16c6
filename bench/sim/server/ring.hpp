// The extension's ring as it is at a moment.
#pragma once

#include <cstdint>

#include "server/connection.hpp"

namespace weir::sim {

struct RingSample {
  double at_s = 0;  // since the load began
  std::int64_t capacity = 0;
  std::int64_t captured = 0;
  std::int64_t flushed = 0;
  std::int64_t in_ring = 0;
  std::int64_t records_in_ring = 0;
  std::int64_t folded = 0;
  std::int64_t folded_pending = 0;
  std::int64_t dropped = 0;
  std::int64_t flushes = 0;
  std::int64_t flush_errors = 0;
  int worker_pid = 0;

  bool IsBalanced() const { return captured == flushed + in_ring + folded_pending + dropped; }
};

RingSample SampleRing(Connection &connection);

// What happened between two samples; the fill level is the later one's.
RingSample Difference(const RingSample &before, const RingSample &after);

}  // namespace weir::sim
