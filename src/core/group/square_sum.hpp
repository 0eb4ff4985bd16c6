// Exact sums of squares, of bigints and of numerics of any size.
#pragma once

#include <cstdint>
#include <memory_resource>

#include "core/group/numeric_sum.hpp"

namespace weir::core {

// 256 bits hold the squares of 2^40 numbers of 107 bits each, which is what fixed-point numerics
// have at most. They count units of 10^-32 for numerics, of one for integers.
struct SquareSum {
  std::uint64_t limb[4];
  WideSum *wide;  // of numerics beyond fixed point; null until there is one
};

namespace detail {

inline void AddLimbs(SquareSum &sum, unsigned __int128 value, int at) noexcept {
  unsigned __int128 carry = value;
  for (; at < 4 && carry != 0; ++at) {
    const auto low = static_cast<std::uint64_t>(carry);
    const std::uint64_t added = sum.limb[at] + low;
    carry = (carry >> 64) + static_cast<unsigned>(added < low);
    sum.limb[at] = added;
  }
}

}  // namespace detail

inline void AddSquare(SquareSum &sum, __int128 value) noexcept {
  const auto magnitude =
      value < 0 ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  const auto low = static_cast<std::uint64_t>(magnitude);
  const auto high = static_cast<std::uint64_t>(magnitude >> 64);
  detail::AddLimbs(sum, static_cast<unsigned __int128>(low) * low, 0);
  if (high == 0) return;
  const auto mixed = static_cast<unsigned __int128>(low) * high;
  detail::AddLimbs(sum, mixed, 1);
  detail::AddLimbs(sum, mixed, 1);
  detail::AddLimbs(sum, static_cast<unsigned __int128>(high) * high, 2);
}

// `number` is a stored numeric without its length word. What is not finite has no square.
void AddNumericSquare(SquareSum &sum, const char *number, std::uint32_t length,
                      std::pmr::memory_resource &memory);

// The digits of the whole sum; `unit` is the power of 10000 that the limbs count, not positive.
// Works in place.
WideDigits SettleSquares(SquareSum &sum, int unit, std::pmr::memory_resource &memory);

}  // namespace weir::core
