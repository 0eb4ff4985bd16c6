#include "core/column/numeric_value.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/columns.hpp"

namespace weir::core {
namespace {

// Builds what PostgreSQL stores, short form or long.
std::vector<char> Stored(bool negative, int weight, int scale, std::vector<int> digits,
                         bool is_short) {
  std::vector<char> bytes(is_short ? 2 : 4);
  if (is_short) {
    Store<std::uint16_t>(bytes.data(),
                         static_cast<std::uint16_t>(0x8000 | (negative ? 0x2000 : 0) | scale << 7 |
                                                    (weight < 0 ? 0x40 : 0) | (weight & 0x3f)));
  } else {
    Store<std::uint16_t>(bytes.data(), static_cast<std::uint16_t>((negative ? 0x4000 : 0) | scale));
    Store<std::int16_t>(bytes.data() + 2, static_cast<std::int16_t>(weight));
  }
  for (const int digit : digits) {
    bytes.resize(bytes.size() + 2);
    Store<std::int16_t>(bytes.data() + bytes.size() - 2, static_cast<std::int16_t>(digit));
  }
  return bytes;
}

NumericView View(const std::vector<char> &bytes) {
  return ViewNumeric(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}

TEST(NumericValueTest, ReadsBothForms) {
  for (const bool is_short : {true, false}) {
    const auto bytes = Stored(true, 1, 3, {12, 3456, 7890}, is_short);
    const NumericView view = View(bytes);
    EXPECT_TRUE(view.is_negative);
    EXPECT_EQ(view.weight, 1);
    EXPECT_EQ(view.scale, 3);
    EXPECT_EQ(view.digit_count, 3);
    ASSERT_TRUE(FitsFixed(view));
    // -123456.789 in units of 10^-16.
    EXPECT_EQ(ToFixed(view), -static_cast<__int128>(123456789) * 10000000000000);
  }
}

TEST(NumericValueTest, SmallFractionsAndZero) {
  // 0.0001 has weight -1; 10^-16 has weight -4.
  EXPECT_EQ(ToFixed(View(Stored(false, -1, 4, {1}, true))), 1000000000000);
  EXPECT_EQ(ToFixed(View(Stored(false, -4, 16, {1}, true))), 1);
  EXPECT_EQ(ToFixed(View(Stored(false, 0, 2, {}, true))), 0);
  EXPECT_EQ(ToFixed(View(Stored(false, 3, 0, {1}, true))),
            static_cast<__int128>(1000000000000) * 10000000000000000);
}

TEST(NumericValueTest, RefusesWhatIsTooLargeTooFineOrNoNumber) {
  EXPECT_FALSE(FitsFixed(View(Stored(false, 4, 0, {1}, true))));
  EXPECT_FALSE(FitsFixed(View(Stored(false, -5, 20, {1}, true))));
  EXPECT_FALSE(FitsFixed(View(Stored(false, 0, 20, {1, 2, 3, 4, 5, 6}, false))));
  std::vector<char> special(2);
  Store<std::uint16_t>(special.data(), 0xc000);
  EXPECT_EQ(View(special).type, NumericClass::kNan);
  EXPECT_FALSE(FitsFixed(View(special)));
  Store<std::uint16_t>(special.data(), 0xd000);
  EXPECT_EQ(View(special).type, NumericClass::kPlusInfinity);
  Store<std::uint16_t>(special.data(), 0xf000);
  EXPECT_EQ(View(special).type, NumericClass::kMinusInfinity);
}

TEST(NumericValueTest, ColumnsGiveBackWhatWasPacked) {
  TestColumn column(ValueKind::kNumeric);
  PackFixed(column.get(), 5, View(Stored(true, 2, 1, {1, 0, 0, 5000}, true)));
  EXPECT_EQ(FixedAt(column.get(), 5), -static_cast<__int128>(1000000005) * 1000000000000000);
  EXPECT_EQ(column.get().length[5], 1U);
}

}  // namespace
}  // namespace weir::core
