#include "core/group/numeric_extreme.hpp"

#include <algorithm>

namespace weir::core {
namespace {

// A number as far as comparing it goes: `whole` counts units of 10^-16, and `rest` is the sign of
// what is smaller than that.
struct Operand {
  int rank;  // tells infinities, NaN and numbers too large for `whole` apart
  __int128 whole;
  int rest;
  NumericView view;  // not of fixed ones
};

Operand OfFixed(__int128 value) noexcept { return {0, value, 0, {}}; }

Operand OfStored(const char *number, std::uint32_t length) noexcept {
  constexpr int kRanks[] = {0, 4, 3, -3};
  const NumericView view = ViewNumeric(number, length);
  Operand operand{kRanks[static_cast<int>(view.type)], 0, 0, view};
  if (view.type != NumericClass::kFinite) return operand;
  const int sign = view.is_negative ? -1 : 1;
  if (view.digit_count > 0 && view.weight > kFixedWeight) {
    operand.rank = 2 * sign;
    return operand;
  }
  for (int i = 0; i < view.digit_count; ++i) {
    int power = view.weight - i + kFixedFractionDigits;
    if (power < 0) {
      operand.rest = sign;
      break;
    }
    __int128 digit = view.Digit(i);
    for (; power > 0; --power) digit *= kNumericBase;
    operand.whole += sign * digit;
  }
  return operand;
}

int CompareMagnitudes(const NumericView &a, const NumericView &b) noexcept {
  if (a.weight != b.weight) return a.weight < b.weight ? -1 : 1;
  const int count = std::max(a.digit_count, b.digit_count);
  for (int i = 0; i < count; ++i) {
    const int left = i < a.digit_count ? a.Digit(i) : 0;
    const int right = i < b.digit_count ? b.Digit(i) : 0;
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

int Compare(const Operand &a, const Operand &b) noexcept {
  if (a.rank != b.rank) return a.rank < b.rank ? -1 : 1;
  if (a.rank == 2 || a.rank == -2) {
    return a.rank > 0 ? CompareMagnitudes(a.view, b.view) : CompareMagnitudes(b.view, a.view);
  }
  if (a.rank != 0) return 0;
  if (a.whole != b.whole) return a.whole < b.whole ? -1 : 1;
  if (a.rest != b.rest) return a.rest < b.rest ? -1 : 1;
  if (a.rest == 0) return 0;
  return a.rest > 0 ? CompareMagnitudes(a.view, b.view) : CompareMagnitudes(b.view, a.view);
}

Operand OfColumn(const Column &column, int row) noexcept {
  if (column.length[row] != kNotFixed) return OfFixed(FixedAt(column, row));
  const char *number = column.outline[row];
  return OfStored(number + 4, Load<std::uint32_t>(number));
}

}  // namespace

int CompareWide(const Column &column, int row, const NumericExtreme &state) noexcept {
  const Operand held =
      state.wide == nullptr ? OfFixed(state.fixed) : OfStored(state.wide, state.size);
  return Compare(OfColumn(column, row), held);
}

void Assign(NumericExtreme &state, const Column &column, int row,
            std::pmr::memory_resource &memory) {
  state.is_set = true;
  if (column.length[row] != kNotFixed) {
    state.wide = nullptr;
    state.capacity = 0;
    state.fixed = FixedAt(column, row);
    state.scale = column.length[row];
    return;
  }
  const char *number = column.outline[row];
  const auto size = Load<std::uint32_t>(number);
  if (state.wide == nullptr || size > state.capacity) {
    const std::uint32_t capacity = size + size / 4;
    state.wide = static_cast<char *>(memory.allocate(capacity, 8));
    state.capacity = capacity;
  }
  std::memcpy(state.wide, number + 4, size);
  state.size = size;
}

}  // namespace weir::core
