#include "measure/summary.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace weir::sim {
namespace {

std::vector<double> OneTo(int count) {
  std::vector<double> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Percentile, IsTheSmallestValueThatCoversTheShare) {
  EXPECT_EQ(Percentile(OneTo(100), 0.95), 95);
  EXPECT_EQ(Percentile(OneTo(20), 0.95), 19);
  EXPECT_EQ(Percentile(OneTo(21), 0.95), 20);
  EXPECT_EQ(Percentile(OneTo(4), 0.5), 2);
  EXPECT_EQ(Percentile(OneTo(5), 0.5), 3);
}

TEST(Percentile, StaysWithinTheValues) {
  EXPECT_EQ(Percentile({}, 0.5), 0);
  EXPECT_EQ(Percentile({7}, 0.0), 7);
  EXPECT_EQ(Percentile({7}, 0.99), 7);
  EXPECT_EQ(Percentile(OneTo(10), 0.0), 1);
  EXPECT_EQ(Percentile(OneTo(10), 1.0), 10);
}

TEST(Summarize, SortsByItself) {
  const LatencySummary summary = Summarize({3, 1, 2});
  EXPECT_EQ(summary.count, 3);
  EXPECT_DOUBLE_EQ(summary.avg_ms, 2);
  EXPECT_DOUBLE_EQ(summary.p50_ms, 2);
  EXPECT_DOUBLE_EQ(summary.p99_ms, 3);
  EXPECT_DOUBLE_EQ(summary.max_ms, 3);
}

TEST(Summarize, OfNothingIsNothing) {
  const LatencySummary summary = Summarize({});
  EXPECT_EQ(summary.count, 0);
  EXPECT_EQ(summary.max_ms, 0);
}

TEST(Jain, IsOneWhenAllAreEqual) {
  EXPECT_DOUBLE_EQ(JainIndex({5, 5, 5, 5}), 1);
  EXPECT_DOUBLE_EQ(JainIndex({5}), 1);
}

TEST(Jain, IsOneOverNWhenOneHasEverything) { EXPECT_DOUBLE_EQ(JainIndex({8, 0, 0, 0}), 0.25); }

TEST(Jain, IsTheTextbooksInBetween) { EXPECT_DOUBLE_EQ(JainIndex({1, 2, 3}), 36.0 / (3 * 14)); }

TEST(Jain, OfNothingIsOne) {
  EXPECT_DOUBLE_EQ(JainIndex({}), 1);
  EXPECT_DOUBLE_EQ(JainIndex({0, 0}), 1);
}

}  // namespace
}  // namespace weir::sim
