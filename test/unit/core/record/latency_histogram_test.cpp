#include "core/record/latency_histogram.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace weir::core {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr double kPromisedError = 0.125;

Bytes Encoded(const LatencyHistogram &histogram) {
  Bytes bytes(LatencyHistogram::kMaxEncodedBytes);
  bytes.resize(histogram.Encode(bytes.data()));
  return bytes;
}

std::mt19937_64 Random() {
  const char *seed = std::getenv("SEED");
  return std::mt19937_64(seed != nullptr ? std::strtoull(seed, nullptr, 10) : 1);
}

// Durations from below a microsecond to above an hour, as many in each octave.
double AnyDuration(std::mt19937_64 &random) {
  return std::exp2(std::uniform_real_distribution(-12.0, 24.0)(random));
}

TEST(LatencyHistogram, EmptyHasNoPercentile) {
  const LatencyHistogram empty;
  EXPECT_EQ(empty.total(), 0u);
  EXPECT_TRUE(std::isnan(empty.Percentile(0.5)));
  EXPECT_EQ(Encoded(empty), Bytes{1});
}

TEST(LatencyHistogram, BucketsTileTheLine) {
  EXPECT_EQ(LatencyHistogram::LowerMs(0), 0.0);
  EXPECT_EQ(LatencyHistogram::LowerMs(1), 0.001);
  EXPECT_EQ(LatencyHistogram::UpperMs(LatencyHistogram::kBuckets - 1), HUGE_VAL);
  for (int i = 0; i + 1 < LatencyHistogram::kBuckets; ++i) {
    EXPECT_LT(LatencyHistogram::LowerMs(i), LatencyHistogram::UpperMs(i)) << i;
    EXPECT_EQ(LatencyHistogram::UpperMs(i), LatencyHistogram::LowerMs(i + 1)) << i;
    EXPECT_EQ(LatencyHistogram::BucketOf(LatencyHistogram::ValueMs(i)), i);
  }
}

TEST(LatencyHistogram, TakesWhateverIsNoDuration) {
  EXPECT_EQ(LatencyHistogram::BucketOf(0.0), 0);
  EXPECT_EQ(LatencyHistogram::BucketOf(-1.0), 0);
  EXPECT_EQ(LatencyHistogram::BucketOf(NAN), 0);
  EXPECT_EQ(LatencyHistogram::BucketOf(-HUGE_VAL), 0);
  EXPECT_EQ(LatencyHistogram::BucketOf(HUGE_VAL), LatencyHistogram::kBuckets - 1);
  EXPECT_EQ(LatencyHistogram::BucketOf(3.6e6), LatencyHistogram::kBuckets - 1);
  EXPECT_EQ(LatencyHistogram::BucketOf(std::nextafter(3.6e6, 0.0)), LatencyHistogram::kBuckets - 2);
}

TEST(LatencyHistogram, ValuesAreWithinTheError) {
  std::mt19937_64 random = Random();
  for (int i = 0; i < 200'000; ++i) {
    const double ms = std::exp2(std::uniform_real_distribution(-9.96, 21.78)(random));
    const int bucket = LatencyHistogram::BucketOf(ms);
    EXPECT_LE(std::abs(LatencyHistogram::ValueMs(bucket) - ms), kPromisedError * ms) << ms;
  }
}

TEST(LatencyHistogram, PercentilesAreWithinTheErrorOfExactOnes) {
  std::mt19937_64 random = Random();
  for (int round = 0; round < 50; ++round) {
    std::lognormal_distribution<double> shape(std::uniform_real_distribution(-4.0, 6.0)(random),
                                              1.0);
    std::vector<double> durations(1 + random() % 2000);
    LatencyHistogram histogram;
    for (double &ms : durations) {
      ms = std::clamp(shape(random), 0.001, 3.5e6);
      histogram.Add(ms);
    }
    std::sort(durations.begin(), durations.end());
    for (const double p : {0.0, 0.01, 0.5, 0.95, 0.99, 1.0}) {
      const double wanted = std::ceil(p * static_cast<double>(durations.size()));
      const double exact = durations[static_cast<std::size_t>(std::max(wanted, 1.0)) - 1];
      EXPECT_LE(std::abs(histogram.Percentile(p) - exact), kPromisedError * exact) << p;
    }
  }
}

TEST(LatencyHistogram, MergingIsAddingAndOrderDoesNotMatter) {
  std::mt19937_64 random = Random();
  LatencyHistogram whole, parts[3], forward, backward;
  for (int i = 0; i < 10'000; ++i) {
    const double ms = AnyDuration(random);
    const std::uint64_t count = 1 + random() % 1000;
    whole.Add(ms, count);
    parts[random() % 3].Add(ms, count);
  }
  for (int i = 0; i < 3; ++i) {
    forward.Merge(parts[i]);
    ASSERT_TRUE(backward.MergeEncoded(Encoded(parts[2 - i])));
  }
  EXPECT_EQ(Encoded(forward), Encoded(whole));
  EXPECT_EQ(Encoded(backward), Encoded(whole));
  EXPECT_EQ(forward.total(), whole.total());
}

TEST(LatencyHistogram, CountsStopAtTheLargest) {
  LatencyHistogram histogram;
  histogram.Add(1, UINT64_MAX);
  histogram.Add(2, 5);
  EXPECT_EQ(histogram.total(), LatencyHistogram::kMostCounts);
  EXPECT_EQ(histogram.count(LatencyHistogram::BucketOf(2)), 0u);
  LatencyHistogram again;
  EXPECT_TRUE(again.MergeEncoded(Encoded(histogram)));
  EXPECT_EQ(again.total(), LatencyHistogram::kMostCounts);
}

TEST(LatencyHistogram, CountsFromADurationOn) {
  LatencyHistogram histogram;
  histogram.Add(1, 5);
  histogram.Add(1000, 3);
  histogram.Add(1e9, 2);
  EXPECT_EQ(histogram.CountFrom(0), 10u);
  EXPECT_EQ(histogram.CountFrom(100), 5u);
  EXPECT_EQ(histogram.CountFrom(1000), 5u);
  EXPECT_EQ(histogram.CountFrom(5000), 2u);
}

TEST(LatencyHistogram, RefusesWhatItHasNotWritten) {
  const Bytes bad[] = {{},
                       {0},
                       {2},
                       {1, 5},           // no count
                       {1, 5, 0},        // a count of 0
                       {1, 5, 0x80, 0},  // in more groups than it needs
                       {1, 5, 0x80},     // cut
                       {1, 129, 1},      // no such bucket
                       {1, 5, 1, 5, 1},  // twice
                       {1, 5, 1, 4, 1},  // out of order
                       {1, 5, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1},  // 70 bits
                       // more than fit together
                       {1, 5, 255, 255, 255, 255, 255, 255, 255, 255, 127, 6, 1}};
  for (const Bytes &bytes : bad) {
    LatencyHistogram histogram;
    EXPECT_FALSE(histogram.MergeEncoded(bytes)) << ::testing::PrintToString(bytes);
  }
}

// Random bytes are refused, or are the one encoding of what they mean.
TEST(LatencyHistogram, WhatIsAcceptedComesBackTheSame) {
  std::mt19937_64 random = Random();
  int accepted = 0;
  for (int i = 0; i < 300'000; ++i) {
    Bytes bytes(1 + random() % 12);
    for (std::uint8_t &byte : bytes) byte = static_cast<std::uint8_t>(random() % 130);
    bytes[0] = 1;
    LatencyHistogram histogram;
    if (!histogram.MergeEncoded(bytes)) continue;
    ++accepted;
    ASSERT_EQ(Encoded(histogram), bytes);
  }
  EXPECT_GT(accepted, 1000);
}

// One changed, missing or added byte never reads past the end and never makes a total that is not
// the sum of the counts.
TEST(LatencyHistogram, DamagedBytesDoNoHarm) {
  std::mt19937_64 random = Random();
  LatencyHistogram histogram;
  for (int i = 0; i < 1000; ++i)
    histogram.Add(AnyDuration(random), random() >> (random() % 60 + 4));
  const Bytes good = Encoded(histogram);
  for (int i = 0; i < 100'000; ++i) {
    Bytes bytes = good;
    bytes.resize(1 + random() % bytes.size());
    bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    bytes.shrink_to_fit();
    LatencyHistogram damaged;
    damaged.MergeEncoded(bytes);
    std::uint64_t sum = 0;
    for (int bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket)
      sum += damaged.count(bucket);
    ASSERT_EQ(sum, damaged.total());
  }
}

}  // namespace
}  // namespace weir::core
