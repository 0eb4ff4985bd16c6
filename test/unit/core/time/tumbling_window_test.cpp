#include "core/time/tumbling_window.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace weir::core {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(TumblingWindowTest, EveryTimeLiesInItsWindow) {
  for (const std::int64_t origin : {-7, 0, 3}) {
    const TumblingWindow window{5, origin, kMin};
    for (std::int64_t time = -50; time <= 50; ++time) {
      std::int64_t start = 0;
      ASSERT_EQ(window.StartOf(time, &start), WindowStatus::kDone);
      EXPECT_LE(start, time);
      EXPECT_GT(start + 5, time);
      EXPECT_EQ((start - origin) % 5, 0);
    }
  }
}

TEST(TumblingWindowTest, RefusesWhatLeavesTheRange) {
  std::int64_t start = 0;
  EXPECT_EQ((TumblingWindow{10, kMax, kMin}.StartOf(-2, &start)), WindowStatus::kIntervalRange);
  EXPECT_EQ((TumblingWindow{10, 0, kMin}.StartOf(kMin, &start)), WindowStatus::kTimestampRange);
  EXPECT_EQ((TumblingWindow{10, 3, -100}.StartOf(-99, &start)), WindowStatus::kTimestampRange);
  EXPECT_EQ((TumblingWindow{10, 0, kMin}.StartOf(kMax, &start)), WindowStatus::kDone);
}

}  // namespace
}  // namespace weir::core
