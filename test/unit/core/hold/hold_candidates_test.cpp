#include "core/hold/hold_candidates.hpp"

#include <gtest/gtest.h>

namespace weir::core {
namespace {

TEST(HoldCandidates, NothingToMoveToAtFirst) {
  HoldCandidates candidates{};
  EXPECT_EQ(candidates.Take(1000), 0U);
}

TEST(HoldCandidates, AHorizonWaitsForSnapshotsThatDoNotSeeItsWriter) {
  HoldCandidates candidates{};
  candidates.Add(10, 15);
  EXPECT_EQ(candidates.Take(15), 0U);
  EXPECT_EQ(candidates.Take(16), 10U);
  EXPECT_EQ(candidates.Take(16), 10U);
}

TEST(HoldCandidates, TheNewestRipeOneCounts) {
  HoldCandidates candidates{};
  candidates.Add(10, 15);
  candidates.Add(20, 25);
  candidates.Add(30, 35);
  EXPECT_EQ(candidates.Take(30), 20U);
  EXPECT_EQ(candidates.Take(36), 30U);
}

// A snapshot that stays for long must not keep old candidates from coming true.
TEST(HoldCandidates, WhenFullTheOldOnesStay) {
  HoldCandidates candidates{};
  for (int i = 1; i <= 10 * HoldCandidates::kCapacity; ++i) {
    candidates.Add(static_cast<unsigned>(10 * i), static_cast<unsigned>(10 * i + 5));
  }
  EXPECT_EQ(candidates.Take(16), 10U);
  EXPECT_EQ(candidates.Take(26), 20U);
  EXPECT_EQ(candidates.Take(1'000'000), 10U * 10 * HoldCandidates::kCapacity);
}

}  // namespace
}  // namespace weir::core
