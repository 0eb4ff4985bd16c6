// Exact sums of numerics of any size.
#pragma once

#include <cstdint>
#include <memory_resource>

#include "core/column/numeric_value.hpp"

namespace weir::core {

// What does not fit the 128-bit sum: digits to base 10000 by position, each an unnormalised
// 64-bit sum, and the counts of values that are not numbers.
struct WideSum {
  std::int64_t nan_count;
  std::int64_t plus_infinity_count;
  std::int64_t minus_infinity_count;
  int low;   // power of 10000 of digit[0]
  int size;  // digits allocated
  std::int64_t *digit;
};

// What `wide` points to, made if there is nothing.
WideSum &WideOf(WideSum *&wide, std::pmr::memory_resource &memory);

// Makes room for the powers from `low` up to and including `high`.
void CoverDigits(WideSum &wide, int low, int high, std::pmr::memory_resource &memory);

struct NumericSum {
  __int128 fixed;      // units of 10^-16
  std::int64_t scale;  // the largest display scale of any finite value
  WideSum *wide;       // null until something needs it
};

// `number` is a stored numeric without its length word.
void AddNumeric(NumericSum &sum, const char *number, std::uint32_t length,
                std::pmr::memory_resource &memory);

// Moves the 128-bit part into the wide one, so that adding to it cannot overflow.
void FlushFixed(NumericSum &sum, std::pmr::memory_resource &memory);

inline void AddFixed(NumericSum &sum, __int128 value, std::uint32_t scale,
                     std::pmr::memory_resource &memory) {
  // Far enough from 2^127 for one more value below 10^32.
  constexpr __int128 kLimit = static_cast<__int128>(1) << 125;
  sum.fixed += value;
  if (scale > sum.scale) sum.scale = scale;
  if (sum.fixed > kLimit || sum.fixed < -kLimit) [[unlikely]]
    FlushFixed(sum, memory);
}

// Digits of a finite wide sum once carries are settled: sign and magnitude.
struct WideDigits {
  bool is_negative;
  int low;
  int size;
  std::int64_t *digit;  // 0 .. 9999
};

// Settles the carries of `sum`, the 128-bit part included, in place.
WideDigits SettleDigits(NumericSum &sum, std::pmr::memory_resource &memory);

}  // namespace weir::core
