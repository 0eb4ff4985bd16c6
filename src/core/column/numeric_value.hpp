// Reads PostgreSQL's stored numeric: a header (sign, weight, display scale) and digits to base
// 10000. Numbers below 10^16 with at most 16 decimals fit a 128-bit integer in units of 10^-16;
// that is nearly all there are, and adding them is one instruction pair.
#pragma once

#include <cstdint>

#include "core/column/column.hpp"

namespace weir::core {

inline constexpr int kNumericBase = 10000;
inline constexpr int kFixedDecimals = 16;
inline constexpr int kFixedFractionDigits = 4;  // base-10000 digits after the point
inline constexpr int kFixedWeight = 3;          // highest weight that is sure to fit
inline constexpr std::uint32_t kNotFixed = 0xffffffff;

enum class NumericClass : std::uint8_t { kFinite, kNan, kPlusInfinity, kMinusInfinity };

// A view of a stored numeric without its length word.
struct NumericView {
  NumericClass type;
  bool is_negative;
  int scale;   // decimals shown
  int weight;  // power of 10000 of the first digit
  int digit_count;
  const char *digits;  // 16 bits each, possibly unaligned

  int Digit(int i) const noexcept { return Load<std::int16_t>(digits + 2 * i); }
};

inline NumericView ViewNumeric(const char *bytes, std::uint32_t length) noexcept {
  const auto header = Load<std::uint16_t>(bytes);
  NumericView view{};
  if ((header & 0xc000) == 0xc000) {
    view.type = (header & 0xf000) == 0xc000   ? NumericClass::kNan
                : (header & 0xf000) == 0xd000 ? NumericClass::kPlusInfinity
                                              : NumericClass::kMinusInfinity;
    return view;
  }
  const bool is_short = (header & 0x8000) != 0;
  const int header_size = is_short ? 2 : 4;
  if (is_short) {
    view.is_negative = (header & 0x2000) != 0;
    view.scale = (header & 0x1f80) >> 7;
    view.weight = (header & 0x0040 ? ~0x3f : 0) | (header & 0x3f);
  } else {
    view.is_negative = (header & 0xc000) == 0x4000;
    view.scale = header & 0x3fff;
    view.weight = Load<std::int16_t>(bytes + 2);
  }
  view.digit_count = static_cast<int>(length - header_size) / 2;
  view.digits = bytes + header_size;
  return view;
}

inline constexpr std::int64_t kFixedPower[] = {1, 10000, 100000000, 1000000000000,
                                               10000000000000000};

// Whether the number is exact in units of 10^-16 and small enough to add up many of them.
inline bool FitsFixed(const NumericView &view) noexcept {
  return view.type == NumericClass::kFinite && view.weight <= kFixedWeight &&
         view.digit_count - view.weight - 1 <= kFixedFractionDigits && view.weight >= -5;
}

inline __int128 ToFixed(const NumericView &view) noexcept {
  if (view.digit_count == 0) return 0;
  __int128 value = 0;
  for (int i = 0; i < view.digit_count; ++i) value = value * kNumericBase + view.Digit(i);
  int missing = kFixedFractionDigits - (view.digit_count - view.weight - 1);
  for (; missing > 4; missing -= 4) value *= kFixedPower[4];
  value *= kFixedPower[missing];
  return view.is_negative ? -value : value;
}

// Puts a stored numeric into a numeric column. `length` holds its display scale, or kNotFixed when
// the number itself stays in `outline`, behind a 32-bit length.
inline void PackFixed(Column &column, int row, const NumericView &view) noexcept {
  const __int128 value = ToFixed(view);
  column.word[row] = static_cast<std::int64_t>(value);
  column.high[row] = static_cast<std::uint64_t>(value >> 64);
  column.length[row] = static_cast<std::uint32_t>(view.scale);
}

inline __int128 FixedAt(const Column &column, int row) noexcept {
  return static_cast<__int128>(static_cast<unsigned __int128>(column.high[row]) << 64 |
                               static_cast<std::uint64_t>(column.word[row]));
}

}  // namespace weir::core
