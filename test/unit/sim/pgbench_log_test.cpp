#include "measure/pgbench_log.hpp"

#include <gtest/gtest.h>

namespace weir::sim {
namespace {

TEST(PgbenchLog, ReadsALine) {
  const auto one = ParseLogLine("3 17 2241 5 1700000000 250000");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->client, 3);
  EXPECT_EQ(one->number, 17);
  EXPECT_EQ(one->latency_us, 2241);
  EXPECT_EQ(one->script, 5);
  EXPECT_EQ(one->end_us, 1'700'000'000'250'000);
  EXPECT_EQ(one->lag_us, 0);
  EXPECT_FALSE(one->is_failed);
}

TEST(PgbenchLog, ReadsTheLagOfARunWithARate) {
  const auto one = ParseLogLine("0 1 900 0 1700000000 1 450");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->lag_us, 450);
}

TEST(PgbenchLog, KnowsFailures) {
  for (const char *line : {"0 1 failed 0 1700000000 1", "0 1 skipped 0 1700000000 1 7",
                           "0 1 serialization 0 1700000000 1", "0 1 deadlock 0 1700000000 1"}) {
    const auto one = ParseLogLine(line);
    ASSERT_TRUE(one.has_value()) << line;
    EXPECT_TRUE(one->is_failed) << line;
    EXPECT_EQ(one->latency_us, 0) << line;
  }
}

TEST(PgbenchLog, RefusesWhatIsNoLine) {
  for (const char *line :
       {"", "   ", "0", "0 1", "0 1 2", "0 1 2 3", "0 1 2 3 4", "a 1 2 3 4 5", "0 1 2x 3 4 5",
        "0 1 2 3 4 5 x", "0 1 1.5 3 4 5", "99999999999999999999 1 2 3 4 5"}) {
    EXPECT_FALSE(ParseLogLine(line).has_value()) << '"' << line << '"';
  }
}

TEST(PgbenchLog, ReadsProgress) {
  const auto progress =
      ParseProgressLine("progress: 5.0 s, 1234.5 tps, lat 3.2 ms stddev 1.1, 0 failed");
  ASSERT_TRUE(progress.has_value());
  EXPECT_DOUBLE_EQ(progress->seconds, 5.0);
  EXPECT_DOUBLE_EQ(progress->tps, 1234.5);
  EXPECT_FALSE(ParseProgressLine("pgbench: error: no").has_value());
  EXPECT_FALSE(ParseProgressLine("progress: soon").has_value());
}

TEST(PgbenchLog, FindsFiguresOfTheSummary) {
  const char *summary =
      "number of transactions actually processed: 2000/2000\n"
      "number of failed transactions: 3 (0.150%)\n"
      "tps = 812.482745 (without initial connection time)\n";
  EXPECT_EQ(ParseSummary(summary, "number of transactions actually processed: "), 2000);
  EXPECT_EQ(ParseSummary(summary, "number of failed transactions: "), 3);
  EXPECT_EQ(ParseSummary(summary, "tps = "), 812.482745);
  EXPECT_FALSE(ParseSummary(summary, "latency average = ").has_value());
}

}  // namespace
}  // namespace weir::sim
