#include "core/record/query_record.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <vector>

namespace weir::core {
namespace {

QueryRecord Statement(double ms) {
  QueryRecord record{};
  record.query_id = 7;
  record.calls = 1;
  record.exec = DurationSummary::Of(ms);
  return record;
}

QueryRecord Logged(const char *table) {
  QueryRecord record{};
  record.source = RecordSource::kLogged;
  record.calls = 1;
  record.exec = DurationSummary::Of(1);
  record.logged = {};
  std::strcpy(record.logged.table_name, table);
  return record;
}

// The definition, in two passes.
DurationSummary Summarise(std::initializer_list<double> durations) {
  DurationSummary summary{0, *durations.begin(), *durations.begin(), 0};
  for (const double ms : durations) {
    summary.total += ms;
    summary.min = std::min(summary.min, ms);
    summary.max = std::max(summary.max, ms);
  }
  const double mean = summary.total / static_cast<double>(durations.size());
  for (const double ms : durations) summary.m2 += (ms - mean) * (ms - mean);
  return summary;
}

void ExpectSummary(const DurationSummary &actual, const DurationSummary &expected) {
  EXPECT_DOUBLE_EQ(actual.total, expected.total);
  EXPECT_DOUBLE_EQ(actual.min, expected.min);
  EXPECT_DOUBLE_EQ(actual.max, expected.max);
  EXPECT_NEAR(actual.m2, expected.m2, 1e-9 * (1 + expected.m2));
}

TEST(DurationSummary, OfOneDurationHasNoSpread) {
  ExpectSummary(DurationSummary::Of(2.5), {2.5, 2.5, 2.5, 0});
}

TEST(DurationSummary, MergesTwoSummariesAsIfTakenAtOnce) {
  DurationSummary left = Summarise({1, 2, 4});
  left.Merge(3, Summarise({0.5, 100}), 2);
  ExpectSummary(left, Summarise({1, 2, 4, 0.5, 100}));
}

TEST(DurationSummary, MergingIntoNoneTakesTheOther) {
  DurationSummary none{};
  none.Merge(0, Summarise({3, 5}), 2);
  ExpectSummary(none, Summarise({3, 5}));
}

TEST(QueryRecord, MergeAddsFiguresAndKeepsTheLatestEnd) {
  QueryRecord into = Statement(1);
  into.ended_at = 500;
  into.counters.rows = 10;
  into.counters.shared_blks_hit = std::uint64_t{1} << 40;
  into.counters.blk_read_ms = 0.5f;
  QueryRecord from = Statement(3);
  from.ended_at = 400;
  from.counters.rows = 5;
  from.counters.shared_blks_hit = 2;
  from.counters.blk_read_ms = 0.25f;
  Merge(into, from);
  EXPECT_EQ(into.calls, 2u);
  EXPECT_EQ(into.ended_at, 500);
  EXPECT_EQ(into.counters.rows, 15);
  EXPECT_EQ(into.counters.shared_blks_hit, (std::uint64_t{1} << 40) + 2);
  EXPECT_EQ(into.counters.blk_read_ms, 0.75f);
  ExpectSummary(into.exec, Summarise({1, 3}));
}

TEST(QueryRecord, EveryCounterIsMerged) {
  // All bits of the counters hold figures, so a record of ones merged with itself doubles each.
  QueryRecord into = Statement(1);
  ExecutionCounters &c = into.counters;
  c = {{}, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  const QueryRecord from = into;
  Merge(into, from);
  const ExecutionCounters twice = {{}, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
                                   2,  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
  EXPECT_EQ(std::memcmp(&c, &twice, sizeof(c)), 0);
}

TEST(QueryRecord, SmallCountersStopAtTheirLargestValue) {
  QueryRecord into = Statement(1);
  into.counters.temp_blks_read = UINT32_MAX - 1;
  into.counters.wal_records = UINT32_MAX - 1;
  QueryRecord from = Statement(1);
  from.counters.temp_blks_read = 1;
  from.counters.wal_records = 5;
  Merge(into, from);
  EXPECT_EQ(into.counters.temp_blks_read, UINT32_MAX);
  EXPECT_EQ(into.counters.wal_records, UINT32_MAX);
}

TEST(QueryRecord, PlanningIsMergedOverPlanningsNotCalls) {
  QueryRecord into = Statement(1);  // a prepared statement's call: not planned
  QueryRecord from = Statement(1);
  from.plans = 1;
  from.counters.plan = DurationSummary::Of(4);
  Merge(into, from);
  ExpectSummary(into.counters.plan, Summarise({4}));
  from.counters.plan = DurationSummary::Of(8);
  Merge(into, from);
  Merge(into, Statement(1));
  ExpectSummary(into.counters.plan, Summarise({4, 8}));
  EXPECT_EQ(into.plans, 2u);
  EXPECT_EQ(into.calls, 4u);
}

TEST(QueryRecord, MergeLeavesLoggedNamesAlone) {
  QueryRecord into = Logged("orders");
  Merge(into, Logged("orders"));
  EXPECT_EQ(into.calls, 2u);
  EXPECT_STREQ(into.logged.table_name, "orders");
  EXPECT_STREQ(into.logged.field_name, "");
}

TEST(QueryRecord, FiguresDoNotMakeADifferentKey) {
  QueryRecord other = Statement(99);
  other.ended_at = 12345;
  other.calls = 3;
  other.plans = 2;
  other.counters.rows = 17;
  EXPECT_TRUE(SameKey(Statement(1), other));
}

TEST(QueryRecord, EachOtherFieldMakesADifferentKey) {
  const std::vector<std::function<void(QueryRecord &)>> changes = {
      [](QueryRecord &r) { ++r.query_id; },
      [](QueryRecord &r) { ++r.user_id; },
      [](QueryRecord &r) { ++r.tenant; },
      [](QueryRecord &r) { ++r.application; },
      [](QueryRecord &r) { ++r.client; },
      [](QueryRecord &r) { ++r.table; },
      [](QueryRecord &r) { ++r.field; },
      [](QueryRecord &r) { ++r.sqlstate; },
      [](QueryRecord &r) { ++r.command_tag; },
      [](QueryRecord &r) { r.source = RecordSource::kLogged; },
      [](QueryRecord &r) { r.toplevel = !r.toplevel; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    QueryRecord other = Statement(1);
    changes[i](other);
    EXPECT_FALSE(SameKey(Statement(1), other)) << "change " << i;
  }
}

TEST(QueryRecord, LoggedRecordsDifferByTheirNames) {
  EXPECT_TRUE(SameKey(Logged("orders"), Logged("orders")));
  EXPECT_FALSE(SameKey(Logged("orders"), Logged("invoices")));
}

}  // namespace
}  // namespace weir::core
