#include "core/hold/lsn_bounds.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace weir::core {
namespace {

TEST(LsnBounds, NothingIsKnownAtFirst) {
  const LsnBounds bounds{};
  EXPECT_EQ(bounds.Find(0), 0U);
  EXPECT_EQ(bounds.Find(UINT64_MAX), 0U);
}

TEST(LsnBounds, TheNewestPairBelowTheHorizonCounts) {
  LsnBounds bounds{};
  bounds.Add(100, 5);
  bounds.Add(200, 8);
  bounds.Add(300, 20);
  EXPECT_EQ(bounds.Find(4), 0U);
  EXPECT_EQ(bounds.Find(5), 100U);
  EXPECT_EQ(bounds.Find(7), 100U);
  EXPECT_EQ(bounds.Find(8), 200U);
  EXPECT_EQ(bounds.Find(19), 200U);
  EXPECT_EQ(bounds.Find(20), 300U);
}

TEST(LsnBounds, ALaterPositionForTheSameTransactionsIsBetter) {
  LsnBounds bounds{};
  bounds.Add(100, 5);
  bounds.Add(150, 5);
  EXPECT_EQ(bounds.Find(5), 150U);
}

// However many pairs came and whichever were dropped, a bound is never above the true one, and the
// newest is exact.
TEST(LsnBounds, ThinningKeepsBoundsRight) {
  LsnBounds bounds{};
  std::vector<std::uint64_t> lsn_of;  // by transaction: where the log ended just before it began
  std::uint64_t lsn = 1;
  for (std::uint64_t next = 0; next < 100'000; ++next) {
    lsn += next % 7;
    lsn_of.push_back(lsn);
    if (next % 3 == 0) bounds.Add(lsn, next);
    if (next % 997 != 0) continue;
    for (std::uint64_t h = 0; h <= next; h += 1 + next / 50) {
      ASSERT_LE(bounds.Find(h), lsn_of[h]) << h << " of " << next;
    }
    ASSERT_EQ(bounds.Find(next), lsn_of[next - next % 3]);
  }
  // Some hundred pairs back, bounds are sparse but there.
  EXPECT_GT(bounds.Find(100'000 - 600), 0U);
}

}  // namespace
}  // namespace weir::core
