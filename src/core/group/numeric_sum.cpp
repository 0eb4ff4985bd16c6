#include "core/group/numeric_sum.hpp"

#include <algorithm>
#include <new>

namespace weir::core {
namespace {

constexpr int kFixedDigits = 10;  // a 128-bit integer has at most ten digits to base 10000

}  // namespace

WideSum &WideOf(WideSum *&wide, std::pmr::memory_resource &memory) {
  if (wide == nullptr) {
    wide = static_cast<WideSum *>(memory.allocate(sizeof(WideSum), alignof(WideSum)));
    *wide = WideSum{};
  }
  return *wide;
}

void CoverDigits(WideSum &wide, int low, int high, std::pmr::memory_resource &memory) {
  if (wide.size > 0 && low >= wide.low && high < wide.low + wide.size) return;
  const int new_low = wide.size > 0 ? std::min(low, wide.low) : low;
  const int new_high = wide.size > 0 ? std::max(high, wide.low + wide.size - 1) : high;
  const int new_size = new_high - new_low + 1;
  auto *digit = static_cast<std::int64_t *>(
      memory.allocate(sizeof(std::int64_t) * static_cast<std::size_t>(new_size), 8));
  std::fill_n(digit, new_size, 0);
  if (wide.size > 0) {
    std::copy_n(wide.digit, wide.size, digit + (wide.low - new_low));
    memory.deallocate(wide.digit, sizeof(std::int64_t) * static_cast<std::size_t>(wide.size), 8);
  }
  wide.low = new_low;
  wide.size = new_size;
  wide.digit = digit;
}

void FlushFixed(NumericSum &sum, std::pmr::memory_resource &memory) {
  WideSum &wide = WideOf(sum.wide, memory);
  CoverDigits(wide, -kFixedFractionDigits, kFixedDigits - kFixedFractionDigits - 1, memory);
  for (int i = 0; i < kFixedDigits; ++i) {
    wide.digit[-kFixedFractionDigits + i - wide.low] +=
        static_cast<std::int64_t>(sum.fixed % kNumericBase);
    sum.fixed /= kNumericBase;
  }
}

void AddNumeric(NumericSum &sum, const char *number, std::uint32_t length,
                std::pmr::memory_resource &memory) {
  const NumericView view = ViewNumeric(number, length);
  WideSum &wide = WideOf(sum.wide, memory);
  switch (view.type) {
    case NumericClass::kNan:
      ++wide.nan_count;
      return;
    case NumericClass::kPlusInfinity:
      ++wide.plus_infinity_count;
      return;
    case NumericClass::kMinusInfinity:
      ++wide.minus_infinity_count;
      return;
    case NumericClass::kFinite:
      break;
  }
  sum.scale = std::max<std::int64_t>(sum.scale, view.scale);
  if (view.digit_count == 0) return;
  CoverDigits(wide, view.weight - view.digit_count + 1, view.weight, memory);
  std::int64_t *top = wide.digit + (view.weight - wide.low);
  for (int i = 0; i < view.digit_count; ++i) {
    top[-i] += view.is_negative ? -view.Digit(i) : view.Digit(i);
  }
}

WideDigits SettleDigits(NumericSum &sum, std::pmr::memory_resource &memory) {
  FlushFixed(sum, memory);
  WideSum &wide = *sum.wide;
  // A carry of a 64-bit digit needs at most four more places.
  CoverDigits(wide, wide.low, wide.low + wide.size + 4, memory);
  const auto settle = [&wide] {
    std::int64_t carry = 0;
    for (int i = 0; i < wide.size; ++i) {
      const std::int64_t value = wide.digit[i] + carry;
      carry = value / kNumericBase;
      wide.digit[i] = value % kNumericBase;
      if (wide.digit[i] < 0) {
        wide.digit[i] += kNumericBase;
        --carry;
      }
    }
    return carry;
  };
  bool is_negative = false;
  if (settle() < 0) {
    is_negative = true;
    // What was settled is the sum plus a power of the base; its complement is the magnitude.
    std::int64_t borrow = 1;
    for (int i = 0; i < wide.size; ++i) {
      const std::int64_t value = kNumericBase - 1 - wide.digit[i] + borrow;
      wide.digit[i] = value % kNumericBase;
      borrow = value / kNumericBase;
    }
  }
  return {is_negative, wide.low, wide.size, wide.digit};
}

}  // namespace weir::core
