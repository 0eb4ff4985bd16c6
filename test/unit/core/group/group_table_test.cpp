#include "core/group/group_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "support/columns.hpp"
#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

// A number, a text and a number as keys, any of them NULL.
struct ThreeKeys {
  ThreeKeys() {
    layout.key_count = 3;
    layout.column_count = 3;
    for (int i = 0; i < 3; ++i) layout.key_column[i] = i;
    FinishLayout(layout, kinds, nullable);
  }
  ValueKind kinds[3] = {ValueKind::kInt64, ValueKind::kText, ValueKind::kInt32};
  bool nullable[3] = {true, true, true};
  RowLayout layout;
};

using Key = std::tuple<int, std::string, int>;
constexpr int kNull = -1;

void Fill(std::mt19937 &random, TestColumn &a, TestColumn &b, TestColumn &c, int row, bool nulls,
          int range, Key *key) {
  const auto pick = [&] {
    return nulls && random() % 10 == 0 ? kNull
                                       : static_cast<int>(random() % static_cast<unsigned>(range));
  };
  const int x = pick();
  const int y = pick();
  const int z = pick();
  std::string text =
      y == kNull ? "" : std::string(static_cast<std::size_t>(y % 3) * 9, 'p') + std::to_string(y);
  x == kNull ? a.SetNull(row) : a.Set(row, std::int64_t{x});
  y == kNull ? b.SetNull(row) : b.Set(row, text);
  z == kNull ? c.SetNull(row) : c.Set(row, std::int64_t{z});
  *key = {x, y == kNull ? "null" : text, z};
}

class GroupTableTest : public testing::TestWithParam<std::tuple<bool, int>> {};

TEST_P(GroupTableTest, AgreesWithAMap) {
  const auto [nulls, range] = GetParam();
  FailingResource memory;
  {
    const ThreeKeys keys;
    GroupTable table(memory, keys.layout, keys.kinds, 1ULL << 40, 0);
    std::map<Key, std::byte *> model;
    std::mt19937 random(11);
    for (int round = 0; round < 40; ++round) {
      TestColumn a(ValueKind::kInt64);
      TestColumn b(ValueKind::kText);
      TestColumn c(ValueKind::kInt32);
      std::vector<Key> expected(1024);
      for (int i = 0; i < 1024; ++i) {
        Fill(random, a, b, c, i, nulls && round % 2 == 0, range,
             &expected[static_cast<std::size_t>(i)]);
      }
      const std::vector<Column> columns = Pack({&a, &b, &c});
      std::byte *rows[kColumnRows];
      ASSERT_EQ(table.Find(columns.data(), 1024, rows), 0);
      for (int i = 0; i < 1024; ++i) {
        const auto [at, is_new] = model.try_emplace(expected[static_cast<std::size_t>(i)], rows[i]);
        ASSERT_EQ(at->second, rows[i]);
      }
    }
    EXPECT_EQ(table.rows().count(), static_cast<std::int64_t>(model.size()));
  }
  EXPECT_EQ(memory.outstanding(), 0);
}

INSTANTIATE_TEST_SUITE_P(Keys, GroupTableTest,
                         testing::Combine(testing::Bool(), testing::Values(3, 20, 1000)));

TEST(GroupTableLimitTest, RefusesNewKeysAndKeepsServingOldOnes) {
  FailingResource memory;
  RowLayout layout;
  layout.key_count = 1;
  layout.column_count = 1;
  const ValueKind kind = ValueKind::kInt64;
  const bool nullable = false;
  FinishLayout(layout, &kind, &nullable);
  GroupTable table(memory, layout, &kind, 128 * 1024, 0);
  TestColumn column(kind);
  std::byte *rows[kColumnRows];
  std::map<std::int64_t, std::byte *> placed;
  bool was_refused = false;
  for (std::int64_t from = 0; from < 50000; from += 500) {
    for (int i = 0; i < 1000; ++i) column.Set(i, from + i);
    const std::vector<Column> columns = Pack({&column});
    int missing = 0;
    table.Find(columns.data(), 1000, rows);
    for (int i = 0; i < 1000; ++i) {
      const auto known = placed.find(from + i);
      if (known != placed.end()) {
        ASSERT_EQ(rows[i], known->second);
      }
      if (known == placed.end() && was_refused) {
        ASSERT_EQ(rows[i], nullptr);
      }
      if (rows[i] != nullptr) placed[from + i] = rows[i];
      missing += rows[i] == nullptr;
    }
    was_refused |= missing > 0;
  }
  EXPECT_TRUE(was_refused);
  EXPECT_TRUE(table.is_full());
  EXPECT_LE(table.bytes(), 160U * 1024);
}

TEST(GroupTableLimitTest, SurvivesFailureOfAnyAllocation) {
  const ThreeKeys keys;
  for (int allowed = 0; allowed < 40; ++allowed) {
    FailingResource memory(allowed);
    try {
      GroupTable table(memory, keys.layout, keys.kinds, 1ULL << 40, 0);
      std::mt19937 random(3);
      for (int round = 0; round < 20; ++round) {
        TestColumn a(ValueKind::kInt64);
        TestColumn b(ValueKind::kText);
        TestColumn c(ValueKind::kInt32);
        Key key;
        for (int i = 0; i < 1024; ++i) Fill(random, a, b, c, i, true, 1000, &key);
        const std::vector<Column> columns = Pack({&a, &b, &c});
        std::byte *rows[kColumnRows];
        table.Find(columns.data(), 1024, rows);
      }
    } catch (const std::bad_alloc &) {
    }
    EXPECT_EQ(memory.outstanding(), 0) << allowed;
  }
}

}  // namespace
}  // namespace weir::core
