#include "core/vector/vector_ops.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/columns.hpp"

namespace weir::core {
namespace {

// Runs `left op right` for one row; the right side is a constant when asked.
struct Result {
  VectorStatus status;
  std::int64_t word;
};

Result Apply(VectorOp op, std::int64_t left, std::int64_t right, bool is_constant) {
  TestColumn a(ValueKind::kInt64), b(ValueKind::kInt64), out(ValueKind::kInt64);
  a.Set(0, left);
  b.Set(0, right);
  std::vector<Column> columns = Pack({&a, &b, &out});
  VectorStep step{};
  step.op = op;
  step.left = 0;
  step.right = is_constant ? -1 : 1;
  step.constant.word = right;
  step.out = 2;
  const VectorStatus status = RunOperator(step, columns.data(), 1);
  return {status, columns[2].word[0]};
}

TEST(VectorOpsTest, IntegersOverflowAtTheirOwnWidth) {
  for (const bool constant : {false, true}) {
    EXPECT_EQ(Apply(VectorOp::kAddInt32, INT32_MAX, 1, constant).status, VectorStatus::kInt32Range);
    EXPECT_EQ(Apply(VectorOp::kAddInt64, INT32_MAX, 1, constant).word, 1LL + INT32_MAX);
    EXPECT_EQ(Apply(VectorOp::kSubtractInt32, INT32_MIN, 1, constant).status,
              VectorStatus::kInt32Range);
    EXPECT_EQ(Apply(VectorOp::kMultiplyInt64, INT64_MAX, 2, constant).status,
              VectorStatus::kInt64Range);
    EXPECT_EQ(Apply(VectorOp::kMultiplyInt32, -7, 6, constant).word, -42);
  }
}

TEST(VectorOpsTest, FloatsRaiseWhatPostgresRaises) {
  const auto run = [](VectorOp op, double a, double b) {
    return Apply(op, AsWord(a), AsWord(b), false);
  };
  EXPECT_EQ(run(VectorOp::kAddFloat, 1e308, 1e308).status, VectorStatus::kFloatOverflow);
  EXPECT_EQ(run(VectorOp::kAddFloat, INFINITY, 1e308).status, VectorStatus::kDone);
  EXPECT_EQ(run(VectorOp::kMultiplyFloat, 1e-200, 1e-200).status, VectorStatus::kFloatUnderflow);
  EXPECT_EQ(run(VectorOp::kMultiplyFloat, 0.0, 1e-200).status, VectorStatus::kDone);
  EXPECT_EQ(run(VectorOp::kDivideFloat, 1.0, 0.0).status, VectorStatus::kDivisionByZero);
  EXPECT_EQ(run(VectorOp::kDivideFloat, NAN, 0.0).status, VectorStatus::kDone);
  EXPECT_EQ(run(VectorOp::kDivideFloat, 1e-300, 1e300).status, VectorStatus::kFloatUnderflow);
  EXPECT_EQ(AsDouble(run(VectorOp::kDivideFloat, 1.0, 4.0).word), 0.25);
}

TEST(VectorOpsTest, NanIsAboveEverythingAndEqualToItself) {
  const auto compare = [](VectorOp op, double a, double b) {
    return Apply(op, AsWord(a), AsWord(b), true).word;
  };
  EXPECT_EQ(compare(VectorOp::kFloatLess, INFINITY, NAN), 1);
  EXPECT_EQ(compare(VectorOp::kFloatLess, NAN, NAN), 0);
  EXPECT_EQ(compare(VectorOp::kFloatLessEqual, NAN, NAN), 1);
  EXPECT_EQ(compare(VectorOp::kFloatEqual, NAN, NAN), 1);
  EXPECT_EQ(compare(VectorOp::kFloatEqual, 0.0, -0.0), 1);
  EXPECT_EQ(compare(VectorOp::kFloatNotEqual, NAN, 1.0), 1);
}

TEST(VectorOpsTest, ErrorsOfNullRowsDoNotCount) {
  TestColumn a(ValueKind::kInt64), b(ValueKind::kInt64), out(ValueKind::kInt64);
  a.Set(0, std::int64_t{INT64_MAX});
  b.Set(0, std::int64_t{1});
  out.SetNull(0);
  std::vector<Column> columns = Pack({&a, &b, &out});
  VectorStep step{};
  step.op = VectorOp::kAddInt64;
  step.left = 0;
  step.right = 1;
  step.out = 2;
  EXPECT_EQ(RunOperator(step, columns.data(), 1), VectorStatus::kDone);
}

}  // namespace
}  // namespace weir::core
