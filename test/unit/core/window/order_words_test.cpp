#include "core/window/order_words.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "support/columns.hpp"
#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

WindowPlan PlanOf(ValueKind kind, bool descending, bool nulls_first) {
  WindowPlan plan;
  plan.order_count = 1;
  plan.order[0] = {0, kind, descending, nulls_first};
  return plan;
}

// Rows 0, 1, ... of the column must come in this order, each after the one before.
void ExpectAscending(const WindowPlan &plan, TestColumn &column, int count) {
  FailingResource memory;
  OrderWords words(memory, plan);
  words.Fill(&column.get(), count);
  for (int i = 1; i < count; ++i) {
    EXPECT_TRUE(MatchOrder(words.At(i - 1), words.At(i), 1).is_before) << i;
    EXPECT_FALSE(MatchOrder(words.At(i), words.At(i - 1), 1).is_before) << i;
  }
}

TEST(OrderWords, IntegersAndNulls) {
  TestColumn column(ValueKind::kInt64);
  column.Set(0, std::numeric_limits<std::int64_t>::min());
  column.Set(1, std::int64_t{-1});
  column.Set(2, std::int64_t{0});
  column.Set(3, std::numeric_limits<std::int64_t>::max());
  column.SetNull(4);
  ExpectAscending(PlanOf(ValueKind::kInt64, false, false), column, 5);
}

TEST(OrderWords, DescendingWithNullsFirst) {
  TestColumn column(ValueKind::kInt32);
  column.SetNull(0);
  column.Set(1, std::int64_t{5});
  column.Set(2, std::int64_t{-5});
  ExpectAscending(PlanOf(ValueKind::kInt32, true, true), column, 3);
}

TEST(OrderWords, FloatsAsPostgresOrdersThem) {
  TestColumn column(ValueKind::kFloat8);
  const double infinity = std::numeric_limits<double>::infinity();
  int row = 0;
  for (const double value : {-infinity, -2.5, -1e-300, 0.0, 1e-300, 7.0, infinity}) {
    column.Set(row++, value);
  }
  column.Set(row++, std::numeric_limits<double>::quiet_NaN());
  ExpectAscending(PlanOf(ValueKind::kFloat8, false, false), column, row);
}

TEST(OrderWords, ZerosAndNansAreEqual) {
  TestColumn column(ValueKind::kFloat8);
  column.Set(0, 0.0);
  column.Set(1, -0.0);
  column.Set(2, std::numeric_limits<double>::quiet_NaN());
  column.Set(3, -std::numeric_limits<double>::quiet_NaN());
  FailingResource memory;
  const WindowPlan plan = PlanOf(ValueKind::kFloat8, true, false);
  OrderWords words(memory, plan);
  words.Fill(&column.get(), 4);
  EXPECT_EQ(MatchOrder(words.At(0), words.At(1), 1).equal_prefix, 1);
  EXPECT_EQ(MatchOrder(words.At(2), words.At(3), 1).equal_prefix, 1);
}

}  // namespace
}  // namespace weir::core
