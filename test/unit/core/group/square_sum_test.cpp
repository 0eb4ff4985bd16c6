#include "core/group/square_sum.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/base/arena.hpp"
#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

// A long-form numeric of the given digits.
std::vector<char> Stored(int weight, int scale, const std::vector<int> &digits) {
  std::vector<char> bytes(4 + 2 * digits.size());
  Store<std::uint16_t>(bytes.data(), static_cast<std::uint16_t>(scale));
  Store<std::int16_t>(bytes.data() + 2, static_cast<std::int16_t>(weight));
  for (std::size_t i = 0; i < digits.size(); ++i) {
    Store<std::int16_t>(bytes.data() + 4 + 2 * i, static_cast<std::int16_t>(digits[i]));
  }
  return bytes;
}

void Add(SquareSum &sum, const std::vector<char> &bytes, std::pmr::memory_resource &memory) {
  AddNumericSquare(sum, bytes.data(), static_cast<std::uint32_t>(bytes.size()), memory);
}

// Digits to base 10000, the most significant first, without leading zeros.
std::string Text(SquareSum sum, int unit, std::pmr::memory_resource &memory) {
  const WideDigits digits = SettleSquares(sum, unit, memory);
  EXPECT_FALSE(digits.is_negative);
  std::string text;
  for (int i = digits.size - 1; i >= 0; --i) {
    EXPECT_GE(digits.digit[i], 0);
    EXPECT_LT(digits.digit[i], kNumericBase);
    if (text.empty() && digits.digit[i] == 0) continue;
    text += std::to_string(digits.digit[i]) + (digits.low + i == 0 ? "." : " ");
  }
  return text;
}

TEST(SquareSumTest, SquaresOfIntegersNeverOverflow) {
  FailingResource memory;
  Arena arena(memory);
  SquareSum sum{};
  // 2^63 squared, sixteen times: 2^130.
  for (int i = 0; i < 16; ++i) AddSquare(sum, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(sum.limb[2], 4U);
  EXPECT_EQ(sum.limb[0] | sum.limb[1] | sum.limb[3], 0U);
  EXPECT_EQ(Text(sum, 0, arena), "1361 1294 6768 3753 8538 5349 8429 7270 7284 5824.");
}

TEST(SquareSumTest, SignsDoNotMatterAndCarriesTravel) {
  SquareSum sum{};
  for (const std::int64_t value : {3, -3}) AddSquare(sum, value);
  EXPECT_EQ(sum.limb[0], 18U);
  AddSquare(sum, (static_cast<__int128>(1) << 106) - 1);
  AddSquare(sum, -((static_cast<__int128>(1) << 106) - 1));
  // 2 * (2^212 - 2^107 + 1) + 18
  EXPECT_EQ(sum.limb[0], 20U);
  EXPECT_EQ(sum.limb[1], std::uint64_t{0} - (std::uint64_t{1} << 44));
  EXPECT_EQ(sum.limb[2], ~std::uint64_t{0});
  EXPECT_EQ(sum.limb[3], (std::uint64_t{1} << 21) - 1);
}

TEST(SquareSumTest, StoredAndFixedNumericsAgree) {
  FailingResource memory;
  Arena arena(memory);
  std::mt19937 random(11);
  SquareSum stored{};
  SquareSum fixed{};
  for (int i = 0; i < 2000; ++i) {
    const std::vector<int> digits{1 + static_cast<int>(random() % 9999),
                                  static_cast<int>(random() % 10000),
                                  1 + static_cast<int>(random() % 9999)};
    const auto bytes = Stored(1, 4, digits);
    Add(stored, bytes, arena);
    AddSquare(fixed, ToFixed(ViewNumeric(bytes.data(), static_cast<std::uint32_t>(bytes.size()))));
  }
  EXPECT_EQ(Text(stored, -8, arena).substr(0, 30), Text(fixed, -8, arena).substr(0, 30));
}

TEST(SquareSumTest, NumericsOfAnySizeKeepEveryDigit) {
  FailingResource memory;
  Arena arena(memory);
  SquareSum sum{};
  Add(sum, Stored(10, 0, {2}), arena);
  Add(sum, Stored(-7, 30, {5}), arena);
  AddSquare(sum, 3 * static_cast<__int128>(kFixedPower[4]));
  std::string zeros;
  for (int i = 0; i < 13; ++i) zeros += "0 ";
  EXPECT_EQ(Text(sum, -8, arena), "4 " + zeros + "0 0 0 0 0 0 9." + zeros + "25 ");
}

TEST(SquareSumTest, WhatIsNotFiniteHasNoSquare) {
  FailingResource memory;
  Arena arena(memory);
  SquareSum sum{};
  std::vector<char> nan(2);
  Store<std::uint16_t>(nan.data(), 0xc000);
  Add(sum, nan, arena);
  Add(sum, Stored(0, 0, {}), arena);
  EXPECT_EQ(sum.wide, nullptr);
}

TEST(SquareSumTest, RunsOutOfMemoryByException) {
  for (int allowed = 0;; ++allowed) {
    FailingResource memory(allowed);
    SquareSum sum{};
    try {
      Arena arena(memory);
      Add(sum, Stored(40, 0, {1, 2, 3}), arena);
      SettleSquares(sum, -8, arena);
      break;
    } catch (const std::bad_alloc &) {
      ASSERT_LT(allowed, 100);
    }
  }
}

}  // namespace
}  // namespace weir::core
