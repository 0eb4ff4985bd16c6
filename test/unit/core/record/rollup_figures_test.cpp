#include "core/record/rollup_figures.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>

namespace weir::core {
namespace {

QueryRecord Statement(double ms, std::uint32_t calls = 1) {
  QueryRecord record{};
  record.ended_at = 1000;
  record.calls = calls;
  record.exec = {ms * calls, ms, ms, 0};
  return record;
}

TEST(RollupFigures, AddsARecord) {
  RollupFigures figures;
  QueryRecord record = Statement(4);
  record.plans = 1;
  record.counters.plan = DurationSummary::Of(0.5);
  record.counters.rows = 3;
  record.counters.wal_bytes = 100;
  record.counters.jit_emission_ms = 2.5F;
  figures.Add(record);
  record.ended_at = 500;
  record.plans = 0;
  figures.Add(record);
  EXPECT_EQ(figures.calls, 2);
  EXPECT_EQ(figures.plans, 1);
  EXPECT_EQ(figures.plan.total, 0.5);
  EXPECT_EQ(figures.exec.total, 8);
  EXPECT_EQ(figures.first_seen, 500);
  EXPECT_EQ(figures.last_seen, 1000);
  EXPECT_EQ(figures.counts[kRows], 6);
  EXPECT_EQ(figures.counts[kWalBytes], 200);
  EXPECT_EQ(figures.times[kJitEmissionMs], 5);
  EXPECT_EQ(figures.durations.total(), 2u);
}

TEST(RollupFigures, FoldedRecordsCountWithTheirMean) {
  RollupFigures figures;
  QueryRecord record = Statement(10, 5);
  record.exec = {50, 1, 30, 400};
  figures.Add(record);
  EXPECT_EQ(figures.calls, 5);
  EXPECT_EQ(figures.exec.max, 30);
  EXPECT_EQ(figures.durations.count(LatencyHistogram::BucketOf(10)), 5u);
}

TEST(RollupFigures, LoggedRecordsHaveNoCounters) {
  RollupFigures figures;
  QueryRecord record = Statement(10);
  record.source = RecordSource::kLogged;
  std::memset(&record.logged, 'x', sizeof(record.logged));
  record.plans = 7;
  figures.Add(record);
  EXPECT_EQ(figures.calls, 1);
  EXPECT_EQ(figures.plans, 0);
  EXPECT_EQ(figures.counts[kRows], 0);
}

TEST(RollupFigures, PartsMakeTheWhole) {
  std::mt19937_64 random(7);
  auto whole = std::make_unique<RollupFigures>();
  auto merged = std::make_unique<RollupFigures>();
  for (int part = 0; part < 5; ++part) {
    auto figures = std::make_unique<RollupFigures>();
    for (int i = 0; i < 100; ++i) {
      QueryRecord record = Statement(0.01 * static_cast<double>(1 + random() % 10000));
      record.ended_at = static_cast<Timestamp>(random() % 1000);
      record.plans = static_cast<std::uint32_t>(random() % 2);
      record.counters.plan = DurationSummary::Of(static_cast<double>(random() % 50));
      record.counters.shared_blks_hit = random() % 1000;
      record.counters.temp_blks_read = static_cast<std::uint32_t>(random() % 1000);
      figures->Add(record);
      whole->Add(record);
    }
    merged->Merge(*figures);
  }
  merged->Merge(RollupFigures{});
  EXPECT_EQ(merged->calls, 500);
  EXPECT_EQ(merged->plans, whole->plans);
  EXPECT_EQ(merged->first_seen, whole->first_seen);
  EXPECT_EQ(merged->last_seen, whole->last_seen);
  EXPECT_EQ(merged->counts[kSharedBlksHit], whole->counts[kSharedBlksHit]);
  EXPECT_EQ(merged->counts[kTempBlksRead], whole->counts[kTempBlksRead]);
  EXPECT_NEAR(merged->exec.total, whole->exec.total, 1e-6);
  EXPECT_NEAR(merged->exec.m2 / whole->exec.m2, 1, 1e-9);
  EXPECT_NEAR(merged->plan.m2 / whole->plan.m2, 1, 1e-9);
  EXPECT_EQ(merged->durations.Percentile(0.9), whole->durations.Percentile(0.9));
}

// Sums of what records stop at do not stop: 32 bits in each, 64 in the roll-up.
TEST(RollupFigures, SumsAreWide) {
  RollupFigures figures;
  QueryRecord record = Statement(1, UINT32_MAX);
  record.counters.wal_records = UINT32_MAX;
  for (int i = 0; i < 4; ++i) figures.Add(record);
  EXPECT_EQ(figures.calls, 4 * std::int64_t{UINT32_MAX});
  EXPECT_EQ(figures.counts[kWalRecords], 4 * std::int64_t{UINT32_MAX});
}

TEST(BucketStart, RoundsDownAlsoBeforeTheEpoch) {
  EXPECT_EQ(BucketStart(0, 60), 0);
  EXPECT_EQ(BucketStart(59, 60), 0);
  EXPECT_EQ(BucketStart(60, 60), 60);
  EXPECT_EQ(BucketStart(-1, 60), -60);
  EXPECT_EQ(BucketStart(-60, 60), -60);
}

}  // namespace
}  // namespace weir::core
