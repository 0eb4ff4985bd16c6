#include "core/group/numeric_extreme.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/arena.hpp"
#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

// A stored numeric behind its length, as a column keeps it.
std::vector<char> Stored(bool negative, int weight, int scale, const std::vector<int> &digits) {
  const auto size = static_cast<std::uint32_t>(4 + 2 * digits.size());
  std::vector<char> bytes(4 + size);
  Store(bytes.data(), size);
  Store(bytes.data() + 4, static_cast<std::uint16_t>((negative ? 0x4000 : 0) | scale));
  Store(bytes.data() + 6, static_cast<std::int16_t>(weight));
  for (std::size_t i = 0; i < digits.size(); ++i) {
    Store(bytes.data() + 8 + 2 * i, static_cast<std::int16_t>(digits[i]));
  }
  return bytes;
}

std::vector<char> Special(std::uint16_t header) {
  std::vector<char> bytes(6);
  Store(bytes.data(), std::uint32_t{2});
  Store(bytes.data() + 4, header);
  return bytes;
}

// One row at a time.
struct Row {
  std::int64_t word = 0;
  std::uint64_t high = 0;
  const char *outline = nullptr;
  std::uint32_t length = 0;
  Column column;

  explicit Row(const std::vector<char> &number) {
    column.kind = ValueKind::kNumeric;
    column.word = &word;
    column.high = &high;
    column.outline = &outline;
    column.length = &length;
    const NumericView view = ViewNumeric(number.data() + 4, Load<std::uint32_t>(number.data()));
    if (FitsFixed(view)) {
      PackFixed(column, 0, view);
    } else {
      outline = number.data();
      length = kNotFixed;
    }
  }
};

// In ascending order; all differ.
std::vector<std::vector<char>> Ascending() {
  return {Special(0xf000),
          Stored(true, 9, 0, {7}),
          Stored(true, 9, 0, {6, 9999, 1}),
          Stored(true, 3, 0, {9999}),
          Stored(true, 0, 20, {1, 0, 0, 0, 0, 5}),
          Stored(true, 0, 0, {1}),
          Stored(true, -6, 24, {2}),
          Stored(true, -7, 28, {2}),
          Stored(false, 0, 0, {}),
          Stored(false, -7, 28, {3}),
          Stored(false, -6, 24, {3}),
          Stored(false, 0, 0, {1}),
          Stored(false, 0, 20, {1, 0, 0, 0, 0, 5}),
          Stored(false, 3, 0, {9999}),
          Stored(false, 4, 0, {1}),
          Stored(false, 9, 0, {6, 9999, 1}),
          Special(0xd000),
          Special(0xc000)};
}

NumericExtreme Extreme(const std::vector<std::vector<char>> &numbers, int sign, Arena &arena) {
  NumericExtreme state{};
  for (const auto &number : numbers) AddExtreme(state, Row(number).column, 0, sign, arena);
  return state;
}

TEST(NumericExtremeTest, EveryPairIsOrdered) {
  FailingResource memory;
  Arena arena(memory);
  const auto numbers = Ascending();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const NumericExtreme state = Extreme({numbers[i]}, 1, arena);
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      const int order = CompareWide(Row(numbers[k]).column, 0, state);
      EXPECT_EQ(order, k < i ? -1 : k > i ? 1 : 0) << k << " against " << i;
    }
  }
}

TEST(NumericExtremeTest, TheNewerOfEqualValuesStays) {
  FailingResource memory;
  Arena arena(memory);
  const auto one = Stored(false, 0, 1, {1});
  const auto longer = Stored(false, 0, 4, {1});
  for (const int sign : {-1, 1}) {
    EXPECT_EQ(Extreme({one, longer}, sign, arena).scale, 4U);
    EXPECT_EQ(Extreme({longer, one}, sign, arena).scale, 1U);
  }
  const NumericExtreme wide =
      Extreme({Stored(false, 9, 1, {1}), Stored(false, 9, 3, {1})}, 1, arena);
  EXPECT_EQ(ViewNumeric(wide.wide, wide.size).scale, 3);
}

TEST(NumericExtremeTest, StatesMoveBetweenFixedAndWide) {
  FailingResource memory;
  Arena arena(memory);
  const auto small = Stored(false, 0, 0, {5});
  const auto large = Stored(false, 9, 0, {1, 2, 3});
  EXPECT_NE(Extreme({small, large}, 1, arena).wide, nullptr);
  const NumericExtreme least = Extreme({large, Stored(false, 8, 0, {9}), small}, -1, arena);
  EXPECT_EQ(least.wide, nullptr);
  EXPECT_TRUE(least.fixed == 5 * static_cast<__int128>(kFixedPower[4]));
}

TEST(NumericExtremeTest, RunsOutOfMemoryByException) {
  FailingResource memory(0);
  Arena arena(memory);
  NumericExtreme state{};
  const auto large = Stored(false, 9, 0, {1});
  EXPECT_THROW(AddExtreme(state, Row(large).column, 0, 1, arena), std::bad_alloc);
}

}  // namespace
}  // namespace weir::core
