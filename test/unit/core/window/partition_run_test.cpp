#include "core/window/partition_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/failing_resource.hpp"
#include "support/windows.hpp"

namespace weir::core {
namespace {

constexpr ValueKind kKind = ValueKind::kFloat8;

WindowFunction Function(WindowOp op, const Frame &frame) {
  WindowFunction function;
  function.op = op;
  function.kind = kKind;
  function.series = 0;
  function.frame = frame;
  function.order_columns = 1;
  return function;
}

std::vector<TestRow> RandomRows(int count) {
  std::mt19937 random(9);
  std::vector<TestRow> rows;
  for (int i = 0; i < count; ++i) {
    TestRow row{
        static_cast<std::int64_t>(random() % 3), static_cast<std::int64_t>(random() % 700), {}};
    if (random() % 6 != 0) row.value = static_cast<double>(random() % 1000) * 0.01;
    rows.push_back(row);
  }
  return rows;
}

class PartitionRunTest : public testing::TestWithParam<Frame> {};

TEST_P(PartitionRunTest, AgreesWithItsFrames) {
  const Frame frame = GetParam();
  const WindowPlan plan =
      PlanWith({Function(WindowOp::kSum, frame), Function(WindowOp::kMin, frame),
                Function(WindowOp::kCount, frame)},
               kKind);
  const RowLayout layout = KeyLayout(plan, PartitionStore::kExtraBytes);
  FailingResource memory;
  TestBatch batch(kKind);
  std::vector<Column> columns = batch.columns();
  PartitionStore store(memory, plan, layout, columns.data(), 3, 1 << 24);
  const std::vector<TestRow> rows = RandomRows(5000);
  for (std::size_t at = 0; at < rows.size(); at += 1000) {
    batch.Fill(rows, at, 1000);
    columns = batch.columns();
    ASSERT_TRUE(store.Add(columns.data(), 1000));
  }
  store.Finish();
  PartitionRun run(memory, plan, store);
  WindowResults results(memory, plan);
  std::int64_t total = 0;
  for (int count = run.Next(results); count > 0; count = run.Next(results)) {
    const std::int64_t key = store.WordOf(run.first_row(), 0);
    std::int64_t first = run.first_row();
    while (first > 0 && store.WordOf(first - 1, 0) == key) --first;
    std::vector<TestRow> partition;
    for (std::int64_t row = first; row < 5000 && store.WordOf(row, 0) == key; ++row) {
      partition.push_back({key, store.WordOf(row, 1), {}});
      if (!store.IsNull(row, 2)) partition.back().value = AsDouble(store.WordOf(row, 2));
    }
    for (int i = 0; i < count; ++i) {
      const auto values = FrameValues(partition, run.first_row() + i - first, frame);
      ASSERT_EQ(results[2].word[i], static_cast<std::int64_t>(values.size()));
      ASSERT_EQ(results[0].state[i] == ResultState::kNull, values.empty());
      if (values.empty()) continue;
      double sum = -0.0;
      for (const double value : values) sum += value;
      ASSERT_EQ(results[0].word[i], AsWord(sum));
      ASSERT_EQ(AsDouble(results[1].word[i]), *std::min_element(values.begin(), values.end()));
    }
    total += count;
  }
  EXPECT_EQ(total, 5000);
}

INSTANTIATE_TEST_SUITE_P(
    Frames, PartitionRunTest,
    testing::Values(Frame{.start = -3, .end = 3}, Frame{.start = 0, .end = 40},
                    Frame{.start = 5, .end = 9}, Frame{.start = -9, .end = -5},
                    Frame{.start = -5, .end = -9}, Frame{.from_first = true, .end = 2},
                    Frame{.from_first = true, .to_last = true}, Frame{.to_last = true, .start = -2},
                    Frame{.from_first = true, .to_peer = true}, Frame{.start = -3000, .end = 1}));

TEST(PartitionRun, FindsRowsOfText) {
  WindowFunction lead;
  lead.op = WindowOp::kOffset;
  lead.kind = ValueKind::kText;
  lead.series = 0;
  lead.offset = 1;
  WindowPlan plan;
  plan.function_count = 1;
  plan.functions[0] = lead;
  plan.series_count = 1;
  plan.series[0] = {0, ValueKind::kText, 0};
  plan.kinds[0] = ValueKind::kText;
  RowLayout layout;
  layout.extra_bytes = PartitionStore::kExtraBytes;
  const bool nullable[kMaxColumns] = {};
  FinishLayout(layout, plan.kinds, nullable);
  FailingResource memory;
  TestColumn text(ValueKind::kText);
  text.Set(0, std::string("short"));
  text.Set(1, std::string(40, 'z'));
  text.SetNull(2);
  std::vector<Column> columns = Pack({&text});
  PartitionStore store(memory, plan, layout, columns.data(), 1, 1 << 20);
  ASSERT_TRUE(store.Add(columns.data(), 3));
  store.Finish();
  PartitionRun run(memory, plan, store);
  WindowResults results(memory, plan);
  ASSERT_EQ(run.Next(results), 3);
  EXPECT_EQ(std::string(results[0].outline[0], results[0].length[0]), std::string(40, 'z'));
  EXPECT_EQ(results[0].state[1], ResultState::kNull);
  EXPECT_EQ(results[0].state[2], ResultState::kAbsent);
  EXPECT_EQ(run.Next(results), 0);
}

}  // namespace
}  // namespace weir::core
