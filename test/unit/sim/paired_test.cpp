#include "measure/paired.hpp"

#include <gtest/gtest.h>

#include <random>

namespace weir::sim {
namespace {

// R: wilcox.test(c(1.1,2.2,0.3,-0.4,1.9,2.8,0.7,1.5,-0.2,0.9), conf.int = TRUE, exact = TRUE): the
// table of the signed-rank statistic for n = 10 has P(V <= 8) = 0.0244, so the ninth mean from each
// end.
TEST(Paired, AgreesWithTheTable) {
  const Interval interval = PairedInterval({1.1, 2.2, 0.3, -0.4, 1.9, 2.8, 0.7, 1.5, -0.2, 0.9});
  EXPECT_NEAR(interval.confidence, 1 - 2 * 25.0 / 1024, 1e-9);
  EXPECT_NEAR(interval.middle, 1.1, 0.051);
  EXPECT_NEAR(interval.low, 0.3, 1e-9);
  EXPECT_NEAR(interval.high, 1.85, 0.051);
}

TEST(Paired, SaysWhenThereAreTooFew) {
  const Interval five = PairedInterval({1, 2, 3, 4, 5});
  EXPECT_EQ(five.confidence, 0);
  EXPECT_EQ(five.middle, 3);
  EXPECT_EQ(five.low, 1);
  EXPECT_EQ(five.high, 5);
  EXPECT_GT(PairedInterval({1, 2, 3, 4, 5, 6}).confidence, 0.95);
  EXPECT_EQ(PairedInterval({}).middle, 0);
}

TEST(Paired, IsNotMovedByOneWildPair) {
  const Interval calm = PairedInterval({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Interval wild = PairedInterval({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1e9});
  EXPECT_NEAR(calm.middle, wild.middle, 1);
}

// The interval must hold the true middle about as often as it claims.
TEST(Paired, HoldsTheTruthAsOftenAsItSays) {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(3, 2);
  constexpr int kTrials = 2000;
  int held = 0;
  double claimed = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> differences(12);
    for (double &difference : differences) difference = noise(random);
    const Interval interval = PairedInterval(differences);
    claimed = interval.confidence;
    if (interval.low <= 3 && 3 <= interval.high) ++held;
  }
  EXPECT_GE(claimed, 0.95);
  EXPECT_NEAR(static_cast<double>(held) / kTrials, claimed, 0.015);
}

}  // namespace
}  // namespace weir::sim
