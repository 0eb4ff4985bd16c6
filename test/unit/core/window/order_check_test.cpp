#include "core/window/order_check.hpp"

#include <gtest/gtest.h>

#include "support/failing_resource.hpp"
#include "support/windows.hpp"

namespace weir::core {
namespace {

struct Check {
  Check()
      : plan(PlanWith({}, ValueKind::kInt64)),
        layout(KeyLayout(plan, OrderCheck::ExtraBytes(plan))) {}

  bool Add(OrderCheck &check, const std::vector<TestRow> &rows) {
    TestBatch batch(ValueKind::kInt64);
    batch.Fill(rows, 0, static_cast<int>(rows.size()));
    const std::vector<Column> columns = batch.columns();
    return check.Add(columns.data(), static_cast<int>(rows.size()));
  }

  WindowPlan plan;
  RowLayout layout;
  FailingResource memory;
};

TEST(OrderCheck, EachKeyHasAnOrderOfItsOwn) {
  Check test;
  OrderCheck check(test.memory, test.plan, test.layout, 1 << 20);
  EXPECT_TRUE(test.Add(check, {{1, 5, {}}, {2, 1, {}}, {1, 6, {}}, {2, 2, {}}}));
  EXPECT_EQ(check.longest_tie(), 0);
  EXPECT_EQ(check.keys(), 2);
  EXPECT_TRUE(test.Add(check, {{2, 3, {}}, {1, 6, {}}}));
  EXPECT_EQ(check.longest_tie(), 1);
  EXPECT_FALSE(test.Add(check, {{2, 2, {}}}));
}

TEST(OrderCheck, KeysWithoutRoomFail) {
  Check test;
  OrderCheck check(test.memory, test.plan, test.layout, 64 * 1024);
  std::vector<TestRow> rows;
  bool fits = true;
  for (int i = 0; i < 100 && fits; ++i) {
    rows.clear();
    for (int k = 0; k < 1000; ++k) rows.push_back({i * 1000 + k, 1, {}});
    fits = test.Add(check, rows);
  }
  EXPECT_FALSE(fits);
  EXPECT_LE(check.bytes(), 128U * 1024);
}

}  // namespace
}  // namespace weir::core
