#include "core/column/column.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace weir::core {
namespace {

TEST(ColumnTest, FloatsKeepEveryBitInAWord) {
  for (const double value : {0.0, -0.0, 1.5, -HUGE_VAL, 5e-324}) {
    EXPECT_EQ(std::signbit(AsDouble(AsWord(value))), std::signbit(value));
    EXPECT_EQ(AsDouble(AsWord(value)), value);
  }
  EXPECT_TRUE(std::isnan(AsDouble(AsWord(NAN))));
}

TEST(ColumnTest, LoadsAndStoresAtAnyAddress) {
  char bytes[24] = {};
  Store<std::int64_t>(bytes + 3, -42);
  EXPECT_EQ(Load<std::int64_t>(bytes + 3), -42);
  EXPECT_EQ(bytes[2], 0);
  EXPECT_EQ(bytes[11], 0);
}

}  // namespace
}  // namespace weir::core
