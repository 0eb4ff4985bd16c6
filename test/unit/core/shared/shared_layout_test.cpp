#include "core/shared/shared_layout.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace weir::core {
namespace {

TEST(SharedLayout, RoundsUpToWholeCacheLines) {
  EXPECT_EQ(RoundUpToCacheLine(0), 0u);
  EXPECT_EQ(RoundUpToCacheLine(1), 64u);
  EXPECT_EQ(RoundUpToCacheLine(64), 64u);
  EXPECT_EQ(RoundUpToCacheLine(65), 128u);
}

TEST(SharedLayout, DistanceSurvivesTheWrap) {
  EXPECT_EQ(Distance(3, 5), 2);
  EXPECT_EQ(Distance(5, 3), -2);
  EXPECT_EQ(Distance(UINT64_MAX, 1), 2);
  EXPECT_EQ(Distance(1, UINT64_MAX), -2);
}

}  // namespace
}  // namespace weir::core
