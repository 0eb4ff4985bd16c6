#include "measure/series.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace weir::sim {
namespace {

Transaction At(double seconds, std::int64_t latency_us) {
  Transaction transaction;
  transaction.end_us = 1'000'000 + static_cast<std::int64_t>(seconds * 1e6);
  transaction.latency_us = latency_us;
  return transaction;
}

TEST(StepFor, IsARoundNumberAndMakesALegibleChart) {
  EXPECT_DOUBLE_EQ(StepFor(1), 0.1);
  EXPECT_DOUBLE_EQ(StepFor(60), 1);
  EXPECT_DOUBLE_EQ(StepFor(100), 2);
  for (const double seconds : {0.5, 7.0, 33.0, 61.0, 599.0, 5400.0}) {
    EXPECT_LE(seconds / StepFor(seconds), 80) << seconds;
  }
}

TEST(Series, PutsTransactionsIntoTheirStep) {
  const Series series =
      MakeSeries({At(0.05, 1000), At(0.05, 3000), At(0.15, 5000)}, 1'000'000, 0.3);
  ASSERT_EQ(series.buckets.size(), 3U);
  EXPECT_EQ(series.buckets[0].latency.count, 2);
  EXPECT_DOUBLE_EQ(series.buckets[0].latency.avg_ms, 2);
  EXPECT_DOUBLE_EQ(series.buckets[0].throughput, 20);
  EXPECT_EQ(series.buckets[1].latency.count, 1);
  EXPECT_EQ(series.buckets[2].latency.count, 0);
}

TEST(Series, KeepsWhatEndedBeforeAndAfter) {
  const Series series = MakeSeries({At(-5, 1000), At(99, 1000)}, 1'000'000, 1);
  EXPECT_EQ(series.buckets.front().latency.count, 1);
  EXPECT_EQ(series.buckets.back().latency.count, 1);
}

TEST(Series, CountsFailuresApart) {
  Transaction failed = At(0.05, 0);
  failed.is_failed = true;
  const Series series = MakeSeries({failed, At(0.05, 1000)}, 1'000'000, 0.1);
  EXPECT_EQ(series.buckets[0].failed, 1);
  EXPECT_EQ(series.buckets[0].latency.count, 1);
}

TEST(Series, OfNothingHasOneEmptyStep) {
  const Series series = MakeSeries({}, 0, 0);
  ASSERT_EQ(series.buckets.size(), 1U);
  EXPECT_EQ(series.buckets[0].latency.count, 0);
  EXPECT_TRUE(series.heat_map.bounds_ms.empty());
}

TEST(HeatMap, HoldsEveryTransactionBetweenItsBounds) {
  std::vector<Transaction> transactions;
  for (std::int64_t us = 0; us < 2'000'000; us = us * 2 + 1) transactions.push_back(At(0.05, us));
  const HeatMap map = MakeSeries(transactions, 1'000'000, 0.1).heat_map;
  ASSERT_EQ(map.counts.size(), 1U);
  ASSERT_EQ(map.counts[0].size() + 1, map.bounds_ms.size());
  EXPECT_EQ(std::accumulate(map.counts[0].begin(), map.counts[0].end(), std::int64_t{0}),
            static_cast<std::int64_t>(transactions.size()));
  EXPECT_LE(map.bounds_ms.front(), 0.001 + 1e-9);
  EXPECT_GE(map.bounds_ms.back(), 1048.575);
}

}  // namespace
}  // namespace weir::sim
