#include "core/window/partition_store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "support/failing_resource.hpp"
#include "support/windows.hpp"

namespace weir::core {
namespace {

struct Store {
  explicit Store(std::size_t limit, int allowed = 1 << 30)
      : plan(PlanWith({}, ValueKind::kInt64)),
        layout(KeyLayout(plan, PartitionStore::kExtraBytes)),
        memory(allowed),
        columns(batch.columns()),
        store(memory, plan, layout, columns.data(), 3, limit) {}

  bool Add(const std::vector<TestRow> &rows) {
    batch.Fill(rows, 0, static_cast<int>(rows.size()));
    columns = batch.columns();
    return store.Add(columns.data(), static_cast<int>(rows.size()));
  }

  TestBatch batch{ValueKind::kInt64};
  WindowPlan plan;
  RowLayout layout;
  FailingResource memory;
  std::vector<Column> columns;
  PartitionStore store;
};

TEST(PartitionStore, SortsOnlyWhatCameOutOfOrder) {
  Store test(1 << 20);
  ASSERT_TRUE(test.Add({{1, 3, 10.0}, {2, 1, 20.0}, {1, 2, 30.0}, {2, 5, {}}, {1, 9, 40.0}}));
  test.store.Finish();
  EXPECT_EQ(test.store.partition_count(), 2);
  EXPECT_EQ(test.store.sorted_partitions(), 1);
  const auto first = test.store.partition(0);
  EXPECT_EQ(first.count, 3);
  EXPECT_EQ(test.store.WordOf(first.first, 2), 30);
  EXPECT_EQ(test.store.WordOf(first.first + 1, 2), 10);
  EXPECT_EQ(test.store.WordOf(first.first + 2, 2), 40);
  const auto second = test.store.partition(1);
  EXPECT_EQ(second.count, 2);
  EXPECT_FALSE(test.store.IsNull(second.first, 2));
  EXPECT_TRUE(test.store.IsNull(second.first + 1, 2));
}

TEST(PartitionStore, KeepsEveryRow) {
  Store test(16 << 20);
  std::mt19937 random(2);
  std::map<std::int64_t, std::int64_t> counts;
  for (int round = 0; round < 20; ++round) {
    std::vector<TestRow> rows;
    for (int i = 0; i < 1000; ++i) {
      rows.push_back({static_cast<std::int64_t>(random() % 37),
                      static_cast<std::int64_t>(random() % 1000), i * 1.0});
      ++counts[rows.back().key];
    }
    ASSERT_TRUE(test.Add(rows));
  }
  test.store.Finish();
  ASSERT_EQ(test.store.partition_count(), 37);
  for (int p = 0; p < 37; ++p) {
    const auto partition = test.store.partition(p);
    EXPECT_EQ(partition.count, counts[test.store.WordOf(partition.first, 0)]);
    for (std::int64_t row = partition.first + 1; row < partition.first + partition.count; ++row) {
      ASSERT_LE(test.store.WordOf(row - 1, 1), test.store.WordOf(row, 1));
      ASSERT_EQ(test.store.WordOf(row - 1, 0), test.store.WordOf(row, 0));
    }
  }
}

TEST(PartitionStore, LongTextIsCopied) {
  WindowPlan plan;
  plan.kinds[0] = ValueKind::kText;
  const RowLayout layout = KeyLayout(plan, PartitionStore::kExtraBytes);
  FailingResource memory;
  TestColumn text(ValueKind::kText);
  text.Set(0, std::string(50, 'x'));
  std::vector<Column> columns = Pack({&text});
  PartitionStore store(memory, plan, layout, columns.data(), 1, 1 << 20);
  ASSERT_TRUE(store.Add(columns.data(), 1));
  text.Set(0, std::string(50, 'y'));
  store.Finish();
  TestColumn out(ValueKind::kText);
  store.Read(0, 0, out.get(), 0);
  EXPECT_EQ(std::string(out.get().outline[0], out.get().length[0]), std::string(50, 'x'));
}

TEST(PartitionStore, SaysWhenItIsFull) {
  Store test(200 * 1024);
  std::vector<TestRow> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back({i % 10, i, 1.0});
  int rounds = 0;
  while (test.Add(rows) && rounds < 100) ++rounds;
  EXPECT_GT(rounds, 0);
  EXPECT_LT(rounds, 4);
}

TEST(PartitionStore, MemoryMayRunOutAnywhere) {
  int failures = 0;
  for (int allowed = 0; allowed < 60; ++allowed) {
    try {
      Store test(16 << 20, allowed);
      std::vector<TestRow> rows;
      for (int i = 0; i < 1000; ++i) rows.push_back({i, -i, 1.0});
      for (int round = 0; round < 3; ++round) test.Add(rows);
      test.store.Finish();
      EXPECT_EQ(test.store.partition_count(), 1000);
    } catch (const std::bad_alloc &) {
      ++failures;
    }
  }
  EXPECT_GT(failures, 3);
  EXPECT_LT(failures, 60);
}

}  // namespace
}  // namespace weir::core
