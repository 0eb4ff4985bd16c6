#include "core/group/update_kernels.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "support/columns.hpp"

namespace weir::core {
namespace {

// One column's states over a few groups.
struct Groups {
  Groups(ValueKind kind, std::uint32_t needs, int count) : need(needs) {
    layout.column_count = 1;
    layout.need[0] = needs;
    const bool nullable = true;
    FinishLayout(layout, &kind, &nullable);
    memory.resize(static_cast<std::size_t>(layout.stride * count));
    for (int i = 0; i < count; ++i) {
      rows.push_back(memory.data() + i * layout.stride);
      InitRow(layout, &kind, rows.back());
    }
  }
  std::uint32_t need;
  RowLayout layout;
  std::vector<std::byte> memory;
  std::vector<std::byte *> rows;
  const StateOffsets &state() const { return layout.state[0]; }
};

TEST(UpdateKernelsTest, FoldMatchesAPlainLoop) {
  std::mt19937 random(5);
  for (const bool nulls : {false, true}) {
    for (const int group_count : {1, 4}) {
      Groups groups(ValueKind::kInt64, kNeedSum | kNeedMin | kNeedMax, group_count);
      TestColumn column(ValueKind::kInt64);
      std::vector<std::byte *> rows;
      std::vector<__int128> sum(4);
      std::vector<std::int64_t> min(4, INT64_MAX), max(4, INT64_MIN), null_count(4);
      for (int i = 0; i < 1000; ++i) {
        const auto g = random() % static_cast<unsigned>(group_count);
        rows.push_back(groups.rows[g]);
        if (nulls && random() % 3 == 0) {
          column.SetNull(i);
          ++null_count[g];
          continue;
        }
        const auto value = static_cast<std::int64_t>(random()) * (std::int64_t{1} << 30);
        column.Set(i, value);
        sum[g] += value;
        min[g] = std::min(min[g], value);
        max[g] = std::max(max[g], value);
      }
      const UpdateInput input{rows.data(), 1000, group_count == 1};
      EXPECT_EQ(Fold(input, column.get(), groups.state(), groups.need), UpdateStatus::kDone);
      for (std::size_t g = 0; g < static_cast<std::size_t>(group_count); ++g) {
        const std::byte *row = groups.rows[g];
        EXPECT_TRUE(Load<__int128>(row + groups.state().sum) == sum[g]);
        EXPECT_EQ(Load<std::int64_t>(row + groups.state().min), min[g]);
        EXPECT_EQ(Load<std::int64_t>(row + groups.state().max), max[g]);
        EXPECT_EQ(Load<std::int64_t>(row + groups.state().null_count), null_count[g]);
      }
    }
  }
}

TEST(UpdateKernelsTest, FloatExtremesFollowPostgresOrder) {
  EXPECT_EQ(FloatSmaller(NAN, 1.0), 1.0);
  EXPECT_EQ(FloatSmaller(1.0, NAN), 1.0);
  EXPECT_TRUE(std::isnan(FloatLarger(1.0, NAN)));
  EXPECT_TRUE(std::isnan(FloatLarger(NAN, 1.0)));
  EXPECT_TRUE(std::signbit(FloatSmaller(0.0, -0.0)));
  EXPECT_FALSE(std::signbit(FloatLarger(-0.0, 0.0)));
}

TEST(UpdateKernelsTest, OverflowIsReportedAndInfinityIsNot) {
  for (const bool infinite : {false, true}) {
    Groups groups(ValueKind::kFloat8, kNeedSum | kNeedMoments, 1);
    TestColumn column(ValueKind::kFloat8);
    column.Set(0, infinite ? INFINITY : 1e308);
    column.Set(1, 1e308);
    const UpdateInput input{groups.rows.data(), 2, true};
    const UpdateStatus expected = infinite ? UpdateStatus::kDone : UpdateStatus::kFloatOverflow;
    EXPECT_EQ(Fold(input, column.get(), groups.state(), groups.need), expected);
    EXPECT_EQ(AddMoments(input, column.get(), groups.state()), expected);
    EXPECT_TRUE(HasLargeFloat(column.get(), 2));
    EXPECT_FALSE(HasLargeFloat(column.get(), 0));
  }
}

TEST(UpdateKernelsTest, MomentsGiveTheVariance) {
  Groups groups(ValueKind::kFloat8, kNeedMoments, 1);
  TestColumn column(ValueKind::kFloat8);
  const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
  for (int i = 0; i < 8; ++i) column.Set(i, values[i]);
  column.SetNull(8);
  const UpdateInput input{groups.rows.data(), 9, true};
  AddMoments(input, column.get(), groups.state());
  const auto moments = Load<Moments>(groups.rows[0] + groups.state().moments);
  EXPECT_EQ(moments.count, 8);
  EXPECT_EQ(moments.sum, 40);
  EXPECT_DOUBLE_EQ(moments.squares / 8, 4);
}

TEST(UpdateKernelsTest, SquaresAndBits) {
  Groups groups(ValueKind::kInt32,
                kNeedSquares | kNeedBitAnd | kNeedBitOr | kNeedBitXor | kNeedCount, 1);
  TestColumn column(ValueKind::kInt32);
  for (int i = 0; i < 3; ++i) column.Set(i, std::int64_t{12 + i});
  column.SetNull(3);
  const UpdateInput input{groups.rows.data(), 4, true};
  AddSquares(input, column.get(), groups.state());
  FoldBits(input, column.get(), groups.state(), groups.need);
  CountNulls(input, column.get(), groups.state());
  const std::byte *row = groups.rows[0];
  const auto squares = Load<Squares>(row + groups.state().squares);
  EXPECT_TRUE(squares.sum == 39);
  EXPECT_TRUE(squares.squares == 144 + 169 + 196);
  EXPECT_EQ(Load<std::int64_t>(row + groups.state().bit_and), 12 & 13 & 14);
  EXPECT_EQ(Load<std::int64_t>(row + groups.state().bit_or), 12 | 13 | 14);
  EXPECT_EQ(Load<std::int64_t>(row + groups.state().bit_xor), 12 ^ 13 ^ 14);
  EXPECT_EQ(Load<std::int64_t>(row + groups.state().null_count), 1);
}

}  // namespace
}  // namespace weir::core
