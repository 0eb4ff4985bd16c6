// The smallest or largest of numerics of any size, as it was written.
#pragma once

#include <cstdint>
#include <memory_resource>

#include "core/column/numeric_value.hpp"

namespace weir::core {

// Zeroed: nothing was seen.
struct NumericExtreme {
  __int128 fixed;      // units of 10^-16, unless `wide`
  char *wide;          // a stored numeric without its length word, or null
  std::uint32_t size;  // of it
  std::uint32_t capacity;
  std::uint32_t scale;  // decimals shown, unless `wide`
  bool is_set;
};

// Negative, zero or positive as the column's value is less than, equal to or greater than the
// state, which is set; NaN is above all.
int CompareWide(const Column &column, int row, const NumericExtreme &state) noexcept;

// Takes the column's value over.
void Assign(NumericExtreme &state, const Column &column, int row,
            std::pmr::memory_resource &memory);

// `sign` is -1 for a minimum and 1 for a maximum. Of equal values the newer one stays, which shows
// in how many decimals it has.
inline void AddExtreme(NumericExtreme &state, const Column &column, int row, int sign,
                       std::pmr::memory_resource &memory) {
  if (state.is_set && state.wide == nullptr && column.length[row] != kNotFixed) [[likely]] {
    const __int128 value = FixedAt(column, row);
    if (sign < 0 ? state.fixed < value : state.fixed > value) return;
    state.fixed = value;
    state.scale = column.length[row];
    return;
  }
  if (state.is_set && CompareWide(column, row, state) * sign < 0) return;
  Assign(state, column, row, memory);
}

}  // namespace weir::core
