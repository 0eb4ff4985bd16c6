#include "core/group/hash_aggregator.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "core/group/numeric_sum.hpp"
#include "support/columns.hpp"
#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

// GROUP BY a number: sum of another, minimum of a text.
AggregatorPlan MakePlan(bool has_key) {
  AggregatorPlan plan;
  const bool nullable[] = {true, true, true};
  plan.kinds[0] = ValueKind::kInt32;
  plan.kinds[1] = ValueKind::kInt64;
  plan.kinds[2] = ValueKind::kText;
  plan.layout.key_count = has_key ? 1 : 0;
  plan.layout.column_count = 3;
  plan.layout.need[1] = kNeedSum;
  plan.layout.need[2] = kNeedMin | kNeedMax;
  FinishLayout(plan.layout, plan.kinds, nullable);
  return plan;
}

struct Expected {
  std::int64_t count = 0;
  std::int64_t values = 0;
  __int128 sum = 0;
  std::string min, max;
  bool has_text = false;
};

struct Batch {
  TestColumn key{ValueKind::kInt32}, value{ValueKind::kInt64}, text{ValueKind::kText};
};

void Fill(std::mt19937 &random, Batch &batch, int count, int groups,
          std::map<std::int64_t, Expected> &model, bool has_key) {
  for (int i = 0; i < count; ++i) {
    const auto key = static_cast<std::int64_t>(random() % static_cast<unsigned>(groups));
    Expected &expected = model[has_key ? key : 0];
    batch.key.Set(i, key);
    ++expected.count;
    if (random() % 5 == 0) {
      batch.value.SetNull(i);
    } else {
      const auto value = static_cast<std::int64_t>(random()) - (std::int64_t{1} << 31);
      batch.value.Set(i, value);
      ++expected.values;
      expected.sum += value;
    }
    const std::string text(random() % 30, static_cast<char>('a' + random() % 26));
    batch.text.Set(i, text);
    if (!expected.has_text || text < expected.min) expected.min = text;
    if (!expected.has_text || text > expected.max) expected.max = text;
    expected.has_text = true;
  }
}

void Check(const HashAggregator &aggregator, const std::map<std::int64_t, Expected> &model) {
  const RowLayout &layout = aggregator.plan().layout;
  EXPECT_EQ(aggregator.groups().count(), static_cast<std::int64_t>(model.size()));
  aggregator.groups().ForEach([&](const std::byte *row) {
    const std::int64_t key = layout.key_count > 0 ? Load<std::int64_t>(row + 8) : 0;
    const Expected &expected = model.at(key);
    EXPECT_EQ(RowCount(row), expected.count);
    EXPECT_EQ(RowCount(row) - Load<std::int64_t>(row + layout.state[1].null_count),
              expected.values);
    EXPECT_TRUE(Load<__int128>(row + layout.state[1].sum) == expected.sum);
    const auto min = Load<TextState>(row + layout.state[2].min);
    const auto max = Load<TextState>(row + layout.state[2].max);
    EXPECT_EQ(std::string(min.bytes, min.length), expected.min);
    EXPECT_EQ(std::string(max.bytes, max.length), expected.max);
  });
}

TEST(HashAggregatorTest, AgreesWithAModelWithAndWithoutKeys) {
  for (const bool has_key : {true, false}) {
    FailingResource memory;
    {
      const AggregatorPlan plan = MakePlan(has_key);
      HashAggregator aggregator(memory, plan, 1ULL << 40, 0);
      std::map<std::int64_t, Expected> model;
      std::mt19937 random(17);
      for (int round = 0; round < 30; ++round) {
        Batch batch;
        Fill(random, batch, 1024, 300, model, has_key);
        const std::vector<Column> columns = Pack({&batch.key, &batch.value, &batch.text});
        ASSERT_EQ(aggregator.Place(columns.data(), 1024), 0);
        ASSERT_EQ(aggregator.Update(columns.data(), 1024), UpdateStatus::kDone);
      }
      Check(aggregator, model);
    }
    EXPECT_EQ(memory.outstanding(), 0);
  }
}

// Rows without room are dropped from the batch, and a second aggregator that gets them completes
// it.
TEST(HashAggregatorTest, UnplacedRowsCompleteTheResultElsewhere) {
  FailingResource memory;
  const AggregatorPlan plan = MakePlan(true);
  HashAggregator small(memory, plan, 64 * 1024, 0);
  HashAggregator rest(memory, plan, 1ULL << 40, 0);
  std::map<std::int64_t, Expected> model;
  std::mt19937 random(23);
  std::int64_t dropped = 0;
  for (int round = 0; round < 30; ++round) {
    Batch batch;
    Fill(random, batch, 1024, 5000, model, true);
    std::vector<Column> columns = Pack({&batch.key, &batch.value, &batch.text});
    std::vector<Column> others = columns;
    Batch copy;
    if (small.Place(columns.data(), 1024) > 0) {
      int count = 0;
      for (int i = 0; i < 1024; ++i) {
        if (small.is_placed(i)) continue;
        copy.key.Set(count, columns[0].word[i]);
        columns[1].null[i] != 0 ? copy.value.SetNull(count)
                                : copy.value.Set(count, columns[1].word[i]);
        char inlined[16];
        Store(inlined, columns[2].word[i]);
        Store(inlined + 8, columns[2].high[i]);
        const char *bytes = IsOutline(columns[2].high[i]) ? columns[2].outline[i] : inlined;
        copy.text.Set(count, std::string(bytes, TextLength(columns[2].high[i])));
        ++count;
      }
      dropped += count;
      others = Pack({&copy.key, &copy.value, &copy.text});
      ASSERT_EQ(rest.Place(others.data(), count), 0);
      rest.Update(others.data(), count);
      ASSERT_EQ(small.DropUnplaced(columns.data(), 1024), 1024 - count);
      small.Update(columns.data(), 1024 - count);
    } else {
      small.Update(columns.data(), 1024);
    }
  }
  EXPECT_GT(dropped, 0);
  std::map<std::int64_t, Expected> seen_small, seen_rest;
  small.groups().ForEach([&](const std::byte *row) {
    seen_small[Load<std::int64_t>(row + 8)] = model.at(Load<std::int64_t>(row + 8));
  });
  rest.groups().ForEach([&](const std::byte *row) {
    seen_rest[Load<std::int64_t>(row + 8)] = model.at(Load<std::int64_t>(row + 8));
  });
  EXPECT_EQ(seen_small.size() + seen_rest.size(), model.size());
  Check(small, seen_small);
  Check(rest, seen_rest);
}

TEST(HashAggregatorTest, LargeFloatsAskForCareUnlessGiven) {
  for (const bool careful : {false, true}) {
    AggregatorPlan plan;
    plan.kinds[0] = ValueKind::kFloat8;
    plan.layout.column_count = 1;
    plan.layout.need[0] = kNeedSum;
    plan.is_careful = careful;
    const bool nullable = true;
    FinishLayout(plan.layout, plan.kinds, &nullable);
    FailingResource memory;
    HashAggregator aggregator(memory, plan, 1ULL << 40, 0);
    TestColumn column(ValueKind::kFloat8);
    column.Set(0, 1e200);
    const std::vector<Column> columns = Pack({&column});
    EXPECT_EQ(aggregator.IsSuspect(columns.data(), 1), !careful);
    column.Set(0, 1e100);
    EXPECT_FALSE(aggregator.IsSuspect(columns.data(), 1));
  }
}

TEST(HashAggregatorTest, SurvivesFailureOfAnyAllocation) {
  const AggregatorPlan plan = MakePlan(true);
  for (int allowed = 0; allowed < 60; ++allowed) {
    FailingResource memory(allowed);
    try {
      HashAggregator aggregator(memory, plan, 1ULL << 40, 0);
      std::map<std::int64_t, Expected> model;
      std::mt19937 random(1);
      for (int round = 0; round < 10; ++round) {
        Batch batch;
        Fill(random, batch, 1024, 9000, model, true);
        const std::vector<Column> columns = Pack({&batch.key, &batch.value, &batch.text});
        aggregator.Place(columns.data(), 1024);
        aggregator.Update(columns.data(), 1024);
      }
    } catch (const std::bad_alloc &) {
    }
    EXPECT_EQ(memory.outstanding(), 0) << allowed;
  }
}

// One row at a time gives, after the last, what a whole batch gives; between them, running results.
TEST(HashAggregatorTest, UpdatesRowByRowAndClears) {
  for (const bool has_key : {true, false}) {
    FailingResource memory;
    {
      AggregatorPlan plan = MakePlan(has_key);
      plan.is_careful = true;
      HashAggregator aggregator(memory, plan, std::size_t{1} << 30, 0);
      for (int round = 0; round < 3; ++round) {
        std::mt19937 random(static_cast<unsigned>(5 + round));
        std::map<std::int64_t, Expected> model;
        for (int batch_number = 0; batch_number < 5; ++batch_number) {
          Batch batch;
          Fill(random, batch, 500, 40, model, has_key);
          std::vector<Column> columns = Pack({&batch.key, &batch.value, &batch.text});
          ASSERT_EQ(aggregator.Place(columns.data(), 500), 0);
          for (int row = 0; row < 500; ++row) {
            const std::byte *group = aggregator.group_of(row);
            const std::int64_t before = RowCount(group);
            ASSERT_EQ(aggregator.UpdateRow(columns.data(), row), UpdateStatus::kDone);
            EXPECT_EQ(RowCount(group), before + 1);
          }
        }
        Check(aggregator, model);
        if (!has_key) break;
        aggregator.Clear();
        EXPECT_EQ(aggregator.groups().count(), 0);
      }
    }
    EXPECT_EQ(memory.outstanding(), 0);
  }
}

}  // namespace
}  // namespace weir::core
