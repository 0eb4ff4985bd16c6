// How far time has come in a stream, and which windows that closes.
#pragma once

#include <cstdint>
#include <limits>

#include "core/column/column.hpp"
#include "core/time/tumbling_window.hpp"

namespace weir::core {

// The watermark is the highest time seen less the lateness. A window is closed once the watermark
// has reached its end; a row for a closed window is late.
class Watermark {
 public:
  Watermark() = default;
  // With `keeps_infinity` the extreme values are no times, and move nothing.
  Watermark(const TumblingWindow &window, std::int64_t lateness, bool keeps_infinity) noexcept
      : window_(window), lateness_(lateness), keeps_infinity_(keeps_infinity) {}

  // Windows that start before this are closed.
  std::int64_t closed_before() const noexcept { return closed_before_; }

  // Sees a time. True when that closed windows.
  bool Advance(std::int64_t time) noexcept {
    if (time < next_close_) return false;
    if (keeps_infinity_ && (time == kHighest || time == kLowest)) return false;
    std::int64_t mark;
    std::int64_t start;
    if (__builtin_sub_overflow(time, lateness_, &mark) || mark < window_.lowest) return false;
    if (window_.StartOf(mark, &start) != WindowStatus::kDone) return false;
    closed_before_ = start;
    if (__builtin_add_overflow(start, window_.width, &next_close_) ||
        __builtin_add_overflow(next_close_, lateness_, &next_close_)) {
      next_close_ = kHighest;
    }
    return true;
  }

  // Rows [from, end) belong to one window, and only the last of them may close windows.
  struct Run {
    int end;
    bool is_late;
  };

  // The run that begins at `from`, given each row's window and time. A row's own time does not make
  // it late.
  Run NextRun(const Column &start, const Column &time, int from, int count) noexcept {
    const std::int64_t window = start.word[from];
    const bool is_null = start.null[from] != 0;
    const bool is_late = !is_null && window < closed_before_;
    int i = from;
    while (i < count && start.word[i] == window && (start.null[i] != 0) == is_null) {
      const int row = i++;
      if (time.null[row] == 0 && Advance(time.word[row])) break;
    }
    return {i, is_late};
  }

 private:
  static constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

  TumblingWindow window_{1, 0, kLowest};
  std::int64_t lateness_ = 0;
  bool keeps_infinity_ = false;
  std::int64_t closed_before_ = kLowest;
  std::int64_t next_close_ = kLowest;  // the lowest time that closes another window
};

}  // namespace weir::core
