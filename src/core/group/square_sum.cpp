#include "core/group/square_sum.hpp"

#include <algorithm>

namespace weir::core {
namespace {

constexpr int kLimbDigits = 20;  // 256 bits to base 10000

// Takes the lowest digit off.
std::int64_t TakeDigit(SquareSum &sum) noexcept {
  unsigned __int128 rest = 0;
  for (int i = 3; i >= 0; --i) {
    rest = rest << 64 | sum.limb[i];
    sum.limb[i] = static_cast<std::uint64_t>(rest / kNumericBase);
    rest %= kNumericBase;
  }
  return static_cast<std::int64_t>(rest);
}

void Carry(std::int64_t *digit, int size) noexcept {
  std::int64_t carry = 0;
  for (int i = 0; i < size; ++i) {
    const std::int64_t value = digit[i] + carry;
    digit[i] = value % kNumericBase;
    carry = value / kNumericBase;
  }
}

}  // namespace

void AddNumericSquare(SquareSum &sum, const char *number, std::uint32_t length,
                      std::pmr::memory_resource &memory) {
  const NumericView view = ViewNumeric(number, length);
  if (view.type != NumericClass::kFinite || view.digit_count == 0) return;
  const int count = view.digit_count;
  const int size = 2 * count;
  const auto bytes = sizeof(std::int64_t) * static_cast<std::size_t>(size);
  auto *product = static_cast<std::int64_t *>(memory.allocate(bytes, 8));
  std::fill_n(product, size, 0);
  // Products of digits stay far below 2^63 for as many digits as a numeric can have.
  for (int i = 0; i < count; ++i) {
    for (int k = 0; k < count; ++k) {
      product[size - 2 - i - k] += static_cast<std::int64_t>(view.Digit(i)) * view.Digit(k);
    }
  }
  Carry(product, size);
  const int low = 2 * (view.weight - count + 1);
  WideSum &wide = WideOf(sum.wide, memory);
  CoverDigits(wide, low, low + size - 1, memory);
  for (int i = 0; i < size; ++i) wide.digit[low - wide.low + i] += product[i];
  memory.deallocate(product, bytes, 8);
}

WideDigits SettleSquares(SquareSum &sum, int unit, std::pmr::memory_resource &memory) {
  WideSum &wide = WideOf(sum.wide, memory);
  CoverDigits(wide, unit, unit + kLimbDigits - 1, memory);
  for (int i = 0; i < kLimbDigits; ++i) wide.digit[unit - wide.low + i] += TakeDigit(sum);
  CoverDigits(wide, wide.low, wide.low + wide.size + 4, memory);
  Carry(wide.digit, wide.size);
  return {false, wide.low, wide.size, wide.digit};
}

}  // namespace weir::core
