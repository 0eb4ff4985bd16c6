// The loops that add a batch's values to the states of their groups.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>

#include "core/column/column.hpp"
#include "core/group/row_layout.hpp"

namespace weir::core {

// What a batch did. The server's own accumulators raise an error when finite floats overflow.
enum class UpdateStatus : std::uint8_t {
  kDone,
  kFloatOverflow,  // PostgreSQL raises "value out of range: overflow"
};

// A batch as the kernels see it. With a single group, `rows` holds one pointer.
struct UpdateInput {
  std::byte *const *rows;
  int count;
  bool is_single_group;
};

// PostgreSQL's float ordering: NaN above all, and of two equal values the newer one stays, which
// shows with -0.
inline double FloatSmaller(double state, double value) noexcept {
  return (state < value || value != value) ? state : value;
}
inline double FloatLarger(double state, double value) noexcept {
  return (state > value || state != state) ? state : value;
}

inline bool Overflowed(double result, double a, double b) noexcept {
  return std::isinf(result) && !std::isinf(a) && !std::isinf(b);
}

// Youngs and Cramer's update in the order of operations that PostgreSQL uses, so that every bit of
// a variance is the same. Returns whether PostgreSQL would report an overflow.
inline bool AddMoment(Moments &state, double value) noexcept {
  const double old_count = state.count;
  const double old_sum = state.sum;
  state.count += 1.0;
  state.sum += value;
  if (old_count > 0.0) {
    const double deviation = value * state.count - state.sum;
    state.squares += deviation * deviation / (state.count * old_count);
    if (std::isinf(state.sum) || std::isinf(state.squares)) {
      if (!std::isinf(old_sum) && !std::isinf(value)) return true;
      state.squares = std::numeric_limits<double>::quiet_NaN();
    }
  } else if (std::isnan(value) || std::isinf(value)) {
    state.squares = std::numeric_limits<double>::quiet_NaN();
  }
  return false;
}

// Sum, minimum and maximum of one column in a single pass; `need` picks which.
UpdateStatus Fold(const UpdateInput &input, const Column &column, const StateOffsets &state,
                  std::uint32_t need) noexcept;

UpdateStatus AddMoments(const UpdateInput &input, const Column &column,
                        const StateOffsets &state) noexcept;
void AddSquares(const UpdateInput &input, const Column &column, const StateOffsets &state) noexcept;
void AddBigSquares(const UpdateInput &input, const Column &column, const StateOffsets &state,
                   std::pmr::memory_resource &memory);
void FoldBits(const UpdateInput &input, const Column &column, const StateOffsets &state,
              std::uint32_t need) noexcept;
void CountNulls(const UpdateInput &input, const Column &column, const StateOffsets &state) noexcept;

// Values whose sums and squared deviations stay finite for any number of rows below 2^48.
inline constexpr double kHarmlessFloat = 1e135;
bool HasLargeFloat(const Column &column, int count) noexcept;

}  // namespace weir::core
