#include "core/group/row_layout.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/group/numeric_sum.hpp"

namespace weir::core {
namespace {

TEST(RowLayoutTest, StatesNeitherOverlapNorLeaveTheRow) {
  const ValueKind kinds[] = {ValueKind::kText, ValueKind::kInt64, ValueKind::kFloat8,
                             ValueKind::kNumeric, ValueKind::kText};
  const bool nullable[] = {true, true, false, true, true};
  RowLayout layout;
  layout.key_count = 2;
  layout.key_column[0] = 0;
  layout.key_column[1] = 1;
  layout.column_count = 5;
  layout.need[1] = kNeedSum | kNeedMin | kNeedSquares;
  layout.need[2] = kNeedSum | kNeedMax | kNeedMoments;
  layout.need[3] = kNeedSum;
  layout.need[4] = kNeedMin | kNeedMax;
  FinishLayout(layout, kinds, nullable);
  EXPECT_EQ(layout.key_words, 3);
  EXPECT_EQ(layout.key_outline[1], -1);
  EXPECT_EQ(layout.state[2].null_count, -1);
  std::vector<int> used(static_cast<std::size_t>(layout.stride));
  const auto take = [&](int offset, int size) {
    if (offset < 0) return;
    for (int i = offset; i < offset + size; ++i) ++used.at(static_cast<std::size_t>(i));
  };
  take(0, 8 + 8 * layout.key_words);
  take(layout.key_outline[0], 8);
  take(layout.state[1].null_count, 8);
  take(layout.state[1].sum, 16);
  take(layout.state[1].min, 8);
  take(layout.state[1].squares, sizeof(Squares));
  take(layout.state[2].sum, 8);
  take(layout.state[2].max, 8);
  take(layout.state[2].moments, sizeof(Moments));
  take(layout.state[3].null_count, 8);
  take(layout.state[3].sum, sizeof(NumericSum));
  take(layout.state[4].null_count, 8);
  take(layout.state[4].min, sizeof(TextState));
  take(layout.state[4].max, sizeof(TextState));
  for (const int times : used) EXPECT_LE(times, 1);
}

TEST(RowLayoutTest, FreshStatesAreNeutral) {
  const ValueKind kinds[] = {ValueKind::kFloat8, ValueKind::kInt32};
  const bool nullable[] = {true, true};
  RowLayout layout;
  layout.column_count = 2;
  layout.need[0] = layout.need[1] = kNeedSum | kNeedMin | kNeedMax | kNeedBitAnd;
  FinishLayout(layout, kinds, nullable);
  std::vector<std::byte> row(static_cast<std::size_t>(layout.stride), std::byte{0xee});
  InitRow(layout, kinds, row.data());
  EXPECT_EQ(RowCount(row.data()), 0);
  EXPECT_TRUE(std::signbit(Load<double>(row.data() + layout.state[0].sum)));
  EXPECT_TRUE(std::isnan(Load<double>(row.data() + layout.state[0].min)));
  EXPECT_EQ(Load<double>(row.data() + layout.state[0].max), -INFINITY);
  EXPECT_EQ(Load<std::int64_t>(row.data() + layout.state[1].min),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Load<std::int64_t>(row.data() + layout.state[1].bit_and), -1);
}

}  // namespace
}  // namespace weir::core
