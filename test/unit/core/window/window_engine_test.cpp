#include "core/window/window_engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "support/failing_resource.hpp"
#include "support/windows.hpp"

namespace weir::core {
namespace {

constexpr ValueKind kKind = ValueKind::kFloat8;

WindowFunction Function(WindowOp op, Frame frame) {
  WindowFunction function;
  function.op = op;
  function.kind = kKind;
  function.series = op == WindowOp::kCountRows ? -1 : 0;
  function.frame = frame;
  return function;
}

std::vector<TestRow> RandomRows(int count, int keys) {
  std::mt19937 random(3);
  std::vector<TestRow> rows;
  for (int i = 0; i < count; ++i) {
    TestRow row{static_cast<std::int64_t>(random() % static_cast<unsigned>(keys)), i / 3, {}};
    if (random() % 8 != 0) row.value = static_cast<double>(random() % 1000) * 0.1;
    rows.push_back(row);
  }
  return rows;
}

// What the engine gives for a row must be what its frame says, whatever batch it came in.
class WindowEngineTest : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(WindowEngineTest, AgreesWithItsFrames) {
  const auto [keys, preceding] = GetParam();
  const Frame frame{.start = -preceding, .end = 0};
  const WindowPlan plan =
      PlanWith({Function(WindowOp::kSum, frame), Function(WindowOp::kMin, frame),
                Function(WindowOp::kMax, frame), Function(WindowOp::kCount, frame)},
               kKind);
  FailingResource memory;
  WindowEngine engine(memory, plan);
  WindowResults results(memory, plan);
  const std::vector<TestRow> rows = RandomRows(4000, keys);
  std::map<std::int64_t, std::vector<TestRow>> seen;
  for (std::size_t at = 0; at < rows.size(); at += 500) {
    TestBatch batch(kKind);
    batch.Fill(rows, at, 500);
    const std::vector<Column> columns = batch.columns();
    engine.Run(columns.data(), 500, results);
    for (std::size_t i = 0; i < 500; ++i) {
      std::vector<TestRow> &partition = seen[rows[at + i].key];
      partition.push_back(rows[at + i]);
      const auto values =
          FrameValues(partition, static_cast<std::int64_t>(partition.size()) - 1, frame);
      ASSERT_EQ(results[3].word[i], static_cast<std::int64_t>(values.size()));
      ASSERT_EQ(results[0].state[i], values.empty() ? ResultState::kNull : ResultState::kValue);
      if (values.empty()) continue;
      double sum = -0.0;
      for (const double value : values) sum += value;
      ASSERT_EQ(results[0].word[i], AsWord(sum));
      ASSERT_EQ(AsDouble(results[1].word[i]), *std::min_element(values.begin(), values.end()));
      ASSERT_EQ(AsDouble(results[2].word[i]), *std::max_element(values.begin(), values.end()));
    }
  }
  EXPECT_EQ(engine.keys(), static_cast<std::int64_t>(seen.size()));
}

INSTANTIATE_TEST_SUITE_P(Shapes, WindowEngineTest,
                         testing::Combine(testing::Values(1, 7, 900),
                                          testing::Values(0, 1, 10, 99, 1000)));

TEST(WindowEngine, KeepsNoMoreThanItsHistory) {
  const WindowPlan plan =
      PlanWith({Function(WindowOp::kSum, {.start = -99, .end = 0})}, ValueKind::kFloat8);
  FailingResource memory;
  WindowEngine engine(memory, plan);
  WindowResults results(memory, plan);
  const std::vector<TestRow> rows = RandomRows(1000, 10);
  std::size_t early = 0;
  for (int round = 0; round < 400; ++round) {
    TestBatch batch(kKind);
    batch.Fill(rows, 0, 1000);
    const std::vector<Column> columns = batch.columns();
    engine.Run(columns.data(), 1000, results);
    if (round == 10) early = engine.bytes();
  }
  EXPECT_EQ(engine.bytes(), early);
  EXPECT_LE(engine.bytes(), 10 * WindowEngine::BytesOfKey(plan) + 100000);
}

TEST(WindowEngine, LagRanksAndFirstValue) {
  WindowFunction lag = Function(WindowOp::kOffset, {});
  lag.offset = -2;
  WindowFunction rank = Function(WindowOp::kRank, {});
  rank.order_columns = 1;
  WindowFunction dense = rank;
  dense.op = WindowOp::kDenseRank;
  const WindowFunction first = Function(WindowOp::kFirst, {.from_first = true});
  const WindowPlan plan = PlanWith({lag, rank, dense, first}, kKind);
  FailingResource memory;
  WindowEngine engine(memory, plan);
  WindowResults results(memory, plan);
  for (int round = 0; round < 3; ++round) {
    std::vector<TestRow> rows;
    for (int i = 0; i < 300; ++i) rows.push_back({0, (round * 300 + i) / 3, round * 300.0 + i});
    TestBatch batch(kKind);
    batch.Fill(rows, 0, 300);
    const std::vector<Column> columns = batch.columns();
    engine.Run(columns.data(), 300, results);
    for (int i = 0; i < 300; ++i) {
      const int row = round * 300 + i;
      ASSERT_EQ(results[0].state[i], row < 2 ? ResultState::kAbsent : ResultState::kValue);
      if (row >= 2) {
        ASSERT_EQ(AsDouble(results[0].word[i]), row - 2.0);
      }
      ASSERT_EQ(results[1].word[i], row / 3 * 3 + 1);
      ASSERT_EQ(results[2].word[i], row / 3 + 1);
      ASSERT_EQ(AsDouble(results[3].word[i]), 0.0);
    }
  }
}

}  // namespace
}  // namespace weir::core
