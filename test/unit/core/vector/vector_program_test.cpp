#include "core/vector/vector_program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/columns.hpp"

namespace weir::core {
namespace {

VectorStep Step(VectorOp op, int out, int left, int right = -1) {
  VectorStep step{};
  step.op = op;
  step.out = out;
  step.left = left;
  step.right = right;
  return step;
}

// The truth of a row: 1, 0, or -1 for NULL.
int Truth(const Column &column, int row) {
  return column.null[row] != 0 ? -1 : column.word[row] != 0;
}

TEST(VectorProgramTest, LogicHasThreeValues) {
  TestColumn a(ValueKind::kInt32), b(ValueKind::kInt32), out(ValueKind::kInt32);
  const int values[] = {0, 1, -1};
  for (int i = 0; i < 9; ++i) {
    values[i / 3] < 0 ? a.SetNull(i) : a.Set(i, std::int64_t{values[i / 3]});
    values[i % 3] < 0 ? b.SetNull(i) : b.Set(i, std::int64_t{values[i % 3]});
  }
  std::vector<Column> columns = Pack({&a, &b, &out});
  VectorStep step = Step(VectorOp::kAnd, 2, 0, 1);
  ASSERT_EQ(RunSteps(&step, 1, columns.data(), 9), VectorStatus::kDone);
  const int conjunction[] = {0, 0, 0, 0, 1, -1, 0, -1, -1};
  for (int i = 0; i < 9; ++i) EXPECT_EQ(Truth(columns[2], i), conjunction[i]) << i;
  step = Step(VectorOp::kOr, 2, 0, 1);
  RunSteps(&step, 1, columns.data(), 9);
  const int disjunction[] = {0, 1, -1, 1, 1, 1, -1, 1, -1};
  for (int i = 0; i < 9; ++i) EXPECT_EQ(Truth(columns[2], i), disjunction[i]) << i;
  ResetColumn(columns[2], 9);
  step = Step(VectorOp::kNot, 2, 0);
  RunSteps(&step, 1, columns.data(), 9);
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ(Truth(columns[2], i), values[i / 3] < 0 ? -1 : 1 - values[i / 3]);
}

TEST(VectorProgramTest, WindowsRoundDownAndKeepInfinity) {
  TestColumn in(ValueKind::kInt64), out(ValueKind::kInt64);
  const std::int64_t times[] = {0, 9, 10, -1, -10, -11, INT64_MAX, INT64_MIN};
  const std::int64_t starts[] = {0, 0, 10, -10, -10, -20, INT64_MAX, INT64_MIN};
  for (int i = 0; i < 8; ++i) in.Set(i, times[i]);
  in.SetNull(8);
  std::vector<Column> columns = Pack({&in, &out});
  VectorStep step = Step(VectorOp::kWindow, 1, 0);
  step.window = {10, 0, -1000};
  step.keeps_infinity = true;
  ASSERT_EQ(RunSteps(&step, 1, columns.data(), 9), VectorStatus::kDone);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(columns[1].word[i], starts[i]) << i;
  EXPECT_EQ(Truth(columns[1], 8), -1);
  EXPECT_EQ(columns[1].word[8], 0);
  in.Set(0, std::int64_t{-2001});
  EXPECT_EQ(RunSteps(&step, 1, columns.data(), 1), VectorStatus::kTimestampRange);
}

TEST(VectorProgramTest, DivisionRoundsTowardsZero) {
  TestColumn in(ValueKind::kInt64), out(ValueKind::kInt64);
  for (int i = 0; i < 100; ++i) in.Set(i, std::int64_t{i - 50});
  in.Set(100, std::int64_t{INT64_MAX});
  in.Set(101, std::int64_t{INT64_MIN});
  std::vector<Column> columns = Pack({&in, &out});
  VectorStep step = Step(VectorOp::kDivide, 1, 0);
  step.constant.word = 7;
  RunSteps(&step, 1, columns.data(), 102);
  for (int i = 0; i < 102; ++i) EXPECT_EQ(columns[1].word[i], columns[0].word[i] / 7);
}

TEST(VectorProgramTest, ListsFindTextAndKeepNull) {
  TestColumn in(ValueKind::kText), out(ValueKind::kInt32);
  const std::string long_text(40, 'q');
  in.Set(0, std::string("a"));
  in.Set(1, long_text);
  in.Set(2, std::string("zz"));
  in.SetNull(3);
  TestColumn constants(ValueKind::kText);
  constants.Set(0, std::string("a"));
  constants.Set(1, long_text);
  VectorConstant list[2];
  for (int i = 0; i < 2; ++i) {
    list[i].word = constants.get().word[i];
    list[i].high = constants.get().high[i];
    list[i].outline = constants.get().outline[i];
  }
  std::vector<Column> columns = Pack({&in, &out});
  VectorStep step = Step(VectorOp::kTextIn, 1, 0);
  step.constant.list = list;
  step.constant.list_size = 2;
  RunSteps(&step, 1, columns.data(), 4);
  EXPECT_EQ(Truth(columns[1], 0), 1);
  EXPECT_EQ(Truth(columns[1], 1), 1);
  EXPECT_EQ(Truth(columns[1], 2), 0);
  EXPECT_EQ(Truth(columns[1], 3), -1);
  ResetColumn(columns[1], 4);
  step.constant.list_has_null = true;
  RunSteps(&step, 1, columns.data(), 4);
  EXPECT_EQ(Truth(columns[1], 0), 1);
  EXPECT_EQ(Truth(columns[1], 2), -1);
}

TEST(VectorProgramTest, NullTestsAndFilters) {
  TestColumn in(ValueKind::kInt32), is_null(ValueKind::kInt32), out(ValueKind::kInt32);
  in.Set(0, std::int64_t{5});
  in.SetNull(1);
  in.Set(2, std::int64_t{6});
  std::vector<Column> columns = Pack({&in, &is_null, &out});
  const VectorStep steps[] = {Step(VectorOp::kIsNotNull, 1, 0), Step(VectorOp::kFilter, 2, 0, 1)};
  RunSteps(steps, 2, columns.data(), 3);
  EXPECT_EQ(Truth(columns[1], 0), 1);
  EXPECT_EQ(Truth(columns[1], 1), 0);
  EXPECT_EQ(columns[2].null[0], 0);
  EXPECT_EQ(columns[2].word[0], 5);
  EXPECT_EQ(columns[2].null[1], 1);
  EXPECT_EQ(columns[2].word[1], 0);
  EXPECT_EQ(columns[2].word[2], 6);
}

TEST(VectorProgramTest, FiltersKeepLongTextsAndConstants) {
  TestColumn in(ValueKind::kText), condition(ValueKind::kInt32), out(ValueKind::kText);
  TestColumn constant(ValueKind::kInt32);
  in.Set(0, std::string("a text of more than fifteen bytes"));
  in.Set(1, std::string("short"));
  condition.Set(0, std::int64_t{1});
  condition.SetNull(1);
  std::vector<Column> columns = Pack({&in, &condition, &out, &constant});
  VectorStep steps[] = {Step(VectorOp::kFilter, 2, 0, 1), Step(VectorOp::kFilter, 3, -1, 1)};
  steps[1].constant.word = 7;
  RunSteps(steps, 2, columns.data(), 2);
  EXPECT_EQ(columns[2].outline[0], columns[0].outline[0]);
  EXPECT_EQ(columns[2].length[0], columns[0].length[0]);
  EXPECT_TRUE(columns[2].has_outline);
  EXPECT_EQ(Truth(columns[2], 1), -1);
  EXPECT_EQ(columns[3].word[0], 7);
  EXPECT_EQ(Truth(columns[3], 1), -1);
}

TEST(VectorProgramTest, ElseTakesTheOtherValueAlsoForUnknown) {
  TestColumn left(ValueKind::kInt64), right(ValueKind::kInt64), condition(ValueKind::kInt32);
  TestColumn out(ValueKind::kInt64);
  for (int i = 0; i < 3; ++i) {
    left.Set(i, std::int64_t{10 + i});
    right.Set(i, std::int64_t{20 + i});
  }
  condition.Set(0, std::int64_t{1});
  condition.Set(1, std::int64_t{0});
  condition.SetNull(2);
  left.SetNull(0);
  std::vector<Column> columns = Pack({&left, &right, &condition, &out});
  VectorStep step = Step(VectorOp::kElse, 3, 0, 1);
  step.condition = 2;
  RunSteps(&step, 1, columns.data(), 3);
  EXPECT_EQ(columns[3].null[0], 1);
  EXPECT_EQ(columns[3].word[1], 21);
  EXPECT_EQ(columns[3].word[2], 22);
  step.right = -1;
  step.constant.word = 5;
  RunSteps(&step, 1, columns.data(), 3);
  EXPECT_EQ(columns[3].word[1], 5);
  EXPECT_EQ(columns[3].null[0], 1);
  EXPECT_TRUE(columns[3].has_nulls);
}

// One divided by a number, where that is not negative, and a sum of integers.
struct Failing {
  TestColumn one{ValueKind::kFloat8}, divisor{ValueKind::kFloat8}, condition{ValueKind::kInt32};
  TestColumn kept{ValueKind::kFloat8}, quotient{ValueKind::kFloat8};
  TestColumn number{ValueKind::kInt32}, sum{ValueKind::kInt32};
  VectorStep steps[3] = {Step(VectorOp::kFilter, 3, 1, 2), Step(VectorOp::kDivideFloat, 4, 0, 3),
                         Step(VectorOp::kAddInt32, 6, 5, 5)};
  VectorStatus status = VectorStatus::kDone;
  std::vector<Column> columns;

  Failing() {
    for (int i = 0; i < 20; ++i) {
      one.Set(i, 1.0);
      number.Set(i, std::int64_t{i});
      SetDivisor(i, 4.0);
    }
  }

  void SetDivisor(int row, double value) {
    divisor.Set(row, value);
    condition.Set(row, std::int64_t{value >= 0});
  }

  int Run() {
    columns = Pack({&one, &divisor, &condition, &kept, &quotient, &number, &sum});
    return RunStepsUntilFailure(steps, 3, columns.data(), 20, &status);
  }
};

TEST(VectorProgramTest, StepsEndBeforeTheFirstRowThatFails) {
  for (int range = 0; range <= 20; ++range) {
    for (int zero = 0; zero <= 20; ++zero) {
      if (range == zero) continue;
      Failing failing;
      if (range < 20) failing.number.Set(range, std::int64_t{INT32_MAX});
      if (zero < 20) failing.SetDivisor(zero, 0.0);
      const int rows = failing.Run();
      EXPECT_EQ(rows, std::min(range, zero));
      EXPECT_EQ(failing.status,
                range < zero ? VectorStatus::kInt32Range : VectorStatus::kDivisionByZero);
      for (int i = 0; i < rows; ++i) EXPECT_EQ(failing.columns[6].word[i], 2 * i);
    }
  }
}

TEST(VectorProgramTest, AllRowsWithoutAFailure) {
  Failing failing;
  EXPECT_EQ(failing.Run(), 20);
  EXPECT_EQ(failing.status, VectorStatus::kDone);
}

TEST(VectorProgramTest, OfOneRowTheFirstStepFails) {
  Failing failing;
  failing.number.Set(7, std::int64_t{INT32_MAX});
  failing.SetDivisor(7, 0.0);
  EXPECT_EQ(failing.Run(), 7);
  EXPECT_EQ(failing.status, VectorStatus::kDivisionByZero);
}

TEST(VectorProgramTest, RowsBehindAFailureLeaveNoNulls) {
  Failing failing;
  failing.SetDivisor(3, -1.0);
  failing.SetDivisor(9, 0.0);
  failing.SetDivisor(12, -1.0);
  EXPECT_EQ(failing.Run(), 9);
  EXPECT_EQ(failing.columns[4].null[3], 1);
  EXPECT_TRUE(failing.columns[4].has_nulls);
  for (int i = 9; i < 20; ++i) {
    EXPECT_EQ(failing.columns[3].null[i] | failing.columns[4].null[i], 0) << i;
  }
}

}  // namespace
}  // namespace weir::core
