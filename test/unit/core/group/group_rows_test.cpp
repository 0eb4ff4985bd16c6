#include "core/group/group_rows.hpp"

#include <gtest/gtest.h>

#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

TEST(GroupRowsTest, WalksRowsInTheOrderOfTheirMaking) {
  FailingResource memory;
  {
    GroupRows rows(memory, 64, 1ULL << 40);
    for (std::int64_t i = 0; i < 100000; ++i) Store(rows.Add(0), i);
    std::int64_t expected = 0;
    rows.ForEach([&](const std::byte *row) { ASSERT_EQ(Load<std::int64_t>(row), expected++); });
    EXPECT_EQ(expected, 100000);
    GroupRows::Cursor cursor;
    expected = 0;
    while (const std::byte *row = rows.Next(cursor)) ASSERT_EQ(Load<std::int64_t>(row), expected++);
    EXPECT_EQ(expected, 100000);
    EXPECT_EQ(rows.Next(cursor), nullptr);
  }
  EXPECT_EQ(memory.outstanding(), 0);
}

TEST(GroupRowsTest, StopsAtTheLimit) {
  FailingResource memory;
  GroupRows rows(memory, 64, 200000);
  std::int64_t added = 0;
  while (rows.Add(1000) != nullptr) ++added;
  EXPECT_EQ(rows.count(), added);
  EXPECT_LE(rows.bytes() + 1000, 200000U);
  EXPECT_GT(rows.bytes(), 100000U);
  EXPECT_EQ(rows.Add(1000), nullptr);
}

}  // namespace
}  // namespace weir::core
