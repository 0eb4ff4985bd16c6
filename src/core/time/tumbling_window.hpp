// Maps times, or any bigint, to fixed-size windows that do not overlap.
#pragma once

#include <cstdint>

namespace weir::core {

enum class WindowStatus : std::uint8_t { kDone, kIntervalRange, kTimestampRange };

// Windows [start, start + width) tile the line from `origin` both ways. Width is positive.
struct TumblingWindow {
  std::int64_t width;
  std::int64_t origin;
  // Results below are refused; times have a lower bound above the smallest bigint.
  std::int64_t lowest;

  // Rounds towards minus infinity. Fails where date_bin() fails.
  WindowStatus StartOf(std::int64_t time, std::int64_t *start) const noexcept {
    std::int64_t distance;
    if (__builtin_sub_overflow(time, origin, &distance)) return WindowStatus::kIntervalRange;
    const std::int64_t into = distance % width;
    std::int64_t result = time - into;
    if (into < 0 && (__builtin_sub_overflow(result, width, &result) || result < lowest)) {
      return WindowStatus::kTimestampRange;
    }
    *start = result;
    return WindowStatus::kDone;
  }
};

}  // namespace weir::core
