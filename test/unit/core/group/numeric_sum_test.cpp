#include "core/group/numeric_sum.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "core/base/arena.hpp"
#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

// A long-form numeric of the given digits.
std::vector<char> Stored(bool negative, int weight, int scale, const std::vector<int> &digits) {
  std::vector<char> bytes(4 + 2 * digits.size());
  Store<std::uint16_t>(bytes.data(), static_cast<std::uint16_t>((negative ? 0x4000 : 0) | scale));
  Store<std::int16_t>(bytes.data() + 2, static_cast<std::int16_t>(weight));
  for (std::size_t i = 0; i < digits.size(); ++i) {
    Store<std::int16_t>(bytes.data() + 4 + 2 * i, static_cast<std::int16_t>(digits[i]));
  }
  return bytes;
}

void Add(NumericSum &sum, const std::vector<char> &bytes, std::pmr::memory_resource &memory) {
  AddNumeric(sum, bytes.data(), static_cast<std::uint32_t>(bytes.size()), memory);
}

// The settled value times 10^16, where it fits.
__int128 Value(NumericSum sum, std::pmr::memory_resource &memory) {
  const WideDigits digits = SettleDigits(sum, memory);
  __int128 value = 0;
  for (int i = digits.size - 1; i >= 0; --i) {
    EXPECT_GE(digits.digit[i], 0);
    EXPECT_LT(digits.digit[i], kNumericBase);
    if (digits.low + i >= -kFixedFractionDigits) value = value * kNumericBase + digits.digit[i];
  }
  return digits.is_negative ? -value : value;
}

TEST(NumericSumTest, WideAndFixedPartsAddUp) {
  FailingResource memory;
  Arena arena(memory);
  std::mt19937 random(7);
  NumericSum sum{};
  __int128 expected = 0;
  for (int i = 0; i < 20000; ++i) {
    const bool negative = random() % 3 == 0;
    const int high = static_cast<int>(random() % 10000);
    const int low = static_cast<int>(random() % 10000);
    const __int128 value = (static_cast<__int128>(high) * 10000 + low) * kFixedPower[4];
    expected += negative ? -value : value;
    if (random() % 2 == 0) {
      AddFixed(sum, negative ? -value : value, 2, arena);
    } else {
      Add(sum, Stored(negative, 1, 3, {high, low}), arena);
    }
  }
  EXPECT_EQ(sum.scale, 3);
  EXPECT_TRUE(Value(sum, arena) == expected);
}

TEST(NumericSumTest, NegativeSumsBorrowAllTheWay) {
  FailingResource memory;
  Arena arena(memory);
  NumericSum sum{};
  Add(sum, Stored(false, 0, 0, {5}), arena);
  Add(sum, Stored(true, 2, 0, {1}), arena);
  EXPECT_TRUE(Value(sum, arena) == (static_cast<__int128>(5) - 100000000) * kFixedPower[4]);
}

TEST(NumericSumTest, FixedPartNeverOverflows) {
  FailingResource memory;
  Arena arena(memory);
  NumericSum sum{};
  const __int128 large = static_cast<__int128>(999999999999999) * kFixedPower[4] * 9;
  for (int i = 0; i < 3000000; ++i) AddFixed(sum, large, 0, arena);
  ASSERT_NE(sum.wide, nullptr);
  const WideDigits digits = SettleDigits(sum, arena);
  // 999999999999999 * 9 * 3,000,000 = 26999999999999973000000
  std::string text;
  for (int i = digits.size - 1; i >= 0; --i) {
    if (digits.low + i < 0) continue;
    char part[8];
    std::snprintf(part, sizeof(part), "%04d", static_cast<int>(digits.digit[i]));
    text += part;
  }
  EXPECT_EQ(text.substr(text.find_first_not_of('0')), "26999999999999973000000");
}

TEST(NumericSumTest, CountsWhatIsNoNumber) {
  FailingResource memory;
  Arena arena(memory);
  NumericSum sum{};
  for (const std::uint16_t header : {0xc000, 0xd000, 0xf000, 0xd000}) {
    std::vector<char> bytes(2);
    Store(bytes.data(), header);
    Add(sum, bytes, arena);
  }
  EXPECT_EQ(sum.wide->nan_count, 1);
  EXPECT_EQ(sum.wide->plus_infinity_count, 2);
  EXPECT_EQ(sum.wide->minus_infinity_count, 1);
}

}  // namespace
}  // namespace weir::core
