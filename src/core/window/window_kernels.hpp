// Loops that compute one window function for rows of one partition.
#pragma once

#include <cstdint>
#include <memory_resource>

#include "core/window/window_state.hpp"

namespace weir::core {

// Rows [first, first + count) of a partition, in its order.
struct WindowSpan {
  std::int64_t first = 0;
  int count = 0;
  std::int64_t known = 0;    // rows read so far; of the whole partition where a frame looks ahead
  const int *out = nullptr;  // where each row's result goes
  // Per row of the span: how many leading order columns equal those of the row before it.
  const std::uint8_t *equal_prefix = nullptr;
  // Per row of the partition: the first row after its peers. Only for frames that end with peers.
  const std::int64_t *peer_end = nullptr;
  std::pmr::memory_resource *memory = nullptr;  // for deques
};

// `series` is null for functions without an argument.
void ComputeFunction(const WindowFunction &function, const SeriesView *series,
                     const WindowSpan &span, FunctionState &state, const WindowResult &result);

}  // namespace weir::core
