#include "core/shared/fold_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "support/shared_block.hpp"

namespace weir::core {
namespace {

using Table = FoldTable<4>;

QueryRecord Record(std::uint64_t query_id, std::uint32_t calls = 1) {
  QueryRecord record{};
  record.query_id = query_id;
  record.calls = calls;
  record.exec = {2.0 * calls, 2, 2, 0};
  record.counters.rows = 3 * std::int64_t{calls};
  return record;
}

std::vector<QueryRecord> CollectAll(Table *table, std::uint32_t group) {
  std::vector<QueryRecord> records;
  const std::size_t count = table->Collect(group, [&](const QueryRecord &record) {
    records.push_back(record);
    return true;
  });
  EXPECT_EQ(count, records.size());
  return records;
}

class FoldTableTest : public testing::Test {
 protected:
  test::SharedBlock block_{Table::BytesFor()};
  Table *table_ = Table::Create(block_.memory());
};

TEST_F(FoldTableTest, StartsEmpty) {
  EXPECT_TRUE(table_->Empty());
  EXPECT_EQ(table_->PendingCalls(0), 0u);
  EXPECT_EQ(table_->Discard(0), 0u);
  EXPECT_TRUE(CollectAll(table_, 0).empty());
}

TEST_F(FoldTableTest, FoldsTheSameKeyIntoOneRecord) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(table_->Fold(Record(1, 5), 0));
  EXPECT_FALSE(table_->Empty());
  EXPECT_EQ(table_->PendingCalls(0), 50u);
  const std::vector<QueryRecord> records = CollectAll(table_, 0);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].calls, 50u);
  EXPECT_EQ(records[0].exec.total, 100.0);
  EXPECT_EQ(records[0].counters.rows, 150);
  EXPECT_TRUE(table_->Empty());
  EXPECT_EQ(table_->PendingCalls(0), 0u);
}

TEST_F(FoldTableTest, RefusesANewKeyWhenFullButStillFoldsTheOldOnes) {
  for (std::uint64_t id = 1; id <= 4; ++id) EXPECT_TRUE(table_->Fold(Record(id), 0));
  EXPECT_FALSE(table_->Fold(Record(5), 0));
  EXPECT_TRUE(table_->Fold(Record(4), 0));
  EXPECT_EQ(table_->PendingCalls(0), 5u);
  EXPECT_EQ(CollectAll(table_, 0).size(), 4u);
  EXPECT_TRUE(table_->Fold(Record(5), 0));
}

TEST_F(FoldTableTest, GroupsDoNotMix) {
  EXPECT_TRUE(table_->Fold(Record(1, 2), 7));
  EXPECT_TRUE(table_->Fold(Record(1, 3), 8));
  EXPECT_TRUE(table_->Fold(Record(1, 4), 7));
  EXPECT_EQ(table_->PendingCalls(7), 6u);
  EXPECT_EQ(table_->PendingCalls(8), 3u);
  EXPECT_EQ(table_->PendingCalls(9), 0u);
  EXPECT_TRUE(CollectAll(table_, 9).empty());
  EXPECT_EQ(CollectAll(table_, 7).size(), 1u);
  EXPECT_EQ(table_->PendingCalls(7), 0u);
  EXPECT_EQ(table_->PendingCalls(8), 3u);
  EXPECT_FALSE(table_->Empty());
}

TEST_F(FoldTableTest, AFreedEntryServesAnotherGroup) {
  for (std::uint32_t group = 0; group < 20; ++group) {
    EXPECT_TRUE(table_->Fold(Record(1, group + 1), group));
    EXPECT_EQ(table_->PendingCalls(group), group + 1);
    EXPECT_EQ(CollectAll(table_, group).size(), 1u);
  }
}

TEST_F(FoldTableTest, CollectStopsWhereThereIsNoRoomAndKeepsTheRest) {
  for (std::uint64_t id = 1; id <= 4; ++id) table_->Fold(Record(id, 10), 0);
  int room = 2;
  int offered = 0;
  const std::size_t collected = table_->Collect(0, [&](const QueryRecord &) {
    ++offered;
    return room-- > 0;
  });
  EXPECT_EQ(collected, 2u);
  EXPECT_EQ(offered, 3);
  EXPECT_EQ(table_->PendingCalls(0), 20u);
  EXPECT_EQ(CollectAll(table_, 0).size(), 2u);
}

// What the collector holds is left alone: the owner starts another entry for the same key.
TEST_F(FoldTableTest, FoldingGoesOnWhileAnEntryIsHeld) {
  table_->Fold(Record(1, 10), 0);
  std::uint64_t pending = 0;
  bool folded = false;
  table_->Collect(0, [&](const QueryRecord &record) {
    if (record.calls != 10) return false;
    folded = table_->Fold(Record(1, 5), 0);
    pending = table_->PendingCalls(0);
    return true;
  });
  EXPECT_TRUE(folded);
  EXPECT_EQ(pending, 15u);
  EXPECT_EQ(table_->PendingCalls(0), 5u);
}

TEST_F(FoldTableTest, WhatIsHeldIsNotCollectedTwice) {
  table_->Fold(Record(1), 0);
  std::size_t inner = 99;
  const std::size_t outer = table_->Collect(0, [&](const QueryRecord &) {
    inner = CollectAll(table_, 0).size();
    return true;
  });
  EXPECT_EQ(inner, 0u);
  EXPECT_EQ(outer, 1u);
}

TEST_F(FoldTableTest, DiscardFreesOneGroupAndCountsItsCalls) {
  table_->Fold(Record(1, 2), 7);
  table_->Fold(Record(2, 3), 7);
  table_->Fold(Record(1, 4), 8);
  EXPECT_EQ(table_->Discard(7), 5u);
  EXPECT_EQ(table_->PendingCalls(7), 0u);
  EXPECT_EQ(table_->PendingCalls(8), 4u);
  EXPECT_EQ(table_->Discard(7), 0u);
  EXPECT_EQ(table_->Discard(8), 4u);
  EXPECT_TRUE(table_->Empty());
}

TEST_F(FoldTableTest, CountsNeverOverflowAnEntry) {
  const std::uint32_t most = Table::kMaxCalls;
  EXPECT_TRUE(table_->Fold(Record(1, most - 1), 0));
  EXPECT_TRUE(table_->Fold(Record(1, 1), 0));  // just fits
  EXPECT_TRUE(table_->Fold(Record(1, 1), 0));  // another entry
  EXPECT_EQ(table_->PendingCalls(0), std::uint64_t{most} + 1);
  EXPECT_TRUE(table_->Fold(Record(1, UINT32_MAX), 0));  // too big for any sum, but a record
  EXPECT_EQ(table_->PendingCalls(0), std::uint64_t{most} + 1 + UINT32_MAX);
  EXPECT_EQ(CollectAll(table_, 0).size(), 3u);
}

TEST_F(FoldTableTest, PlanningsNeverOverflowAnEntry) {
  QueryRecord record = Record(1);
  record.plans = Table::kMaxCalls;
  EXPECT_TRUE(table_->Fold(record, 0));
  EXPECT_TRUE(table_->Fold(record, 0));
  EXPECT_EQ(CollectAll(table_, 0).size(), 2u);
}

TEST(FoldTable, IsTheSameAtAnotherAddress) {
  test::TwiceMapped memory(Table::BytesFor());
  Table *owner = Table::Create(memory.first());
  auto *collector = memory.Second<Table>();
  owner->Fold(Record(1, 4), 3);
  EXPECT_EQ(collector->PendingCalls(3), 4u);
  EXPECT_EQ(CollectAll(collector, 3).size(), 1u);
  EXPECT_TRUE(owner->Empty());
}

}  // namespace
}  // namespace weir::core
