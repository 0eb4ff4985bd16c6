#include "core/time/watermark.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "support/columns.hpp"

namespace weir::core {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr TumblingWindow kTens{10, 0, kMin};

TEST(WatermarkTest, ClosesAWindowWhenTimeReachesItsEndPlusTheLateness) {
  Watermark mark(kTens, 3, false);
  EXPECT_TRUE(mark.Advance(0));
  EXPECT_EQ(mark.closed_before(), -10);
  EXPECT_FALSE(mark.Advance(2));
  EXPECT_TRUE(mark.Advance(3));
  EXPECT_EQ(mark.closed_before(), 0);
  EXPECT_FALSE(mark.Advance(12));
  EXPECT_TRUE(mark.Advance(13));
  EXPECT_EQ(mark.closed_before(), 10);
  EXPECT_FALSE(mark.Advance(-100));
  EXPECT_EQ(mark.closed_before(), 10);
  EXPECT_TRUE(mark.Advance(1000));
  EXPECT_EQ(mark.closed_before(), 990);
}

TEST(WatermarkTest, InfinityIsNoTimeAndTheEndsOfTheRangeMoveNothingWrongly) {
  Watermark times({10, 0, -1000}, 5, true);
  EXPECT_FALSE(times.Advance(kMax));
  EXPECT_FALSE(times.Advance(kMin));
  EXPECT_EQ(times.closed_before(), kMin);
  EXPECT_FALSE(times.Advance(-999));
  EXPECT_EQ(times.closed_before(), kMin);
  EXPECT_TRUE(times.Advance(-994));

  Watermark numbers(kTens, 0, false);
  EXPECT_FALSE(numbers.Advance(kMin));
  EXPECT_TRUE(numbers.Advance(kMax));
  EXPECT_EQ(numbers.closed_before(), kMax - kMax % 10);
  EXPECT_TRUE(numbers.Advance(kMax));
  EXPECT_EQ(numbers.closed_before(), kMax - kMax % 10);
}

// Row by row, by the definition.
struct Model {
  std::int64_t highest = kMin;
  std::int64_t lateness;

  std::int64_t Bound() const {
    if (highest == kMin) return kMin;
    std::int64_t start = 0;
    (void)kTens.StartOf(highest - lateness, &start);
    return start;
  }
};

TEST(WatermarkTest, RunsAreOfOneWindowAndAgreeOnWhatIsLate) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const int count = 200;
    TestColumn start(ValueKind::kInt64);
    TestColumn time(ValueKind::kInt64);
    std::vector<std::int64_t> starts(count);
    std::vector<std::int64_t> times(count);
    std::vector<bool> nulls(count);
    for (int i = 0; i < count; ++i) {
      times[i] = i * 2 + static_cast<std::int64_t>(random() % 40) - 20;
      nulls[i] = random() % 10 == 0;
      (void)kTens.StartOf(times[i], &starts[i]);
      if (nulls[i]) {
        start.SetNull(i);
        time.SetNull(i);
      } else {
        start.Set(i, starts[i]);
        time.Set(i, times[i]);
      }
    }
    Model model{kMin, static_cast<std::int64_t>(random() % 30)};
    Watermark mark(kTens, model.lateness, false);
    for (int i = 0; i < count;) {
      const std::int64_t bound = model.Bound();
      const Watermark::Run run = mark.NextRun(start.get(), time.get(), i, count);
      ASSERT_GT(run.end, i);
      for (int row = i; row < run.end; ++row) {
        ASSERT_EQ(nulls[row], nulls[i]);
        if (!nulls[i]) {
          ASSERT_EQ(starts[row], starts[i]);
        }
        ASSERT_EQ(run.is_late, !nulls[row] && starts[row] < bound);
        // Only the last row of a run may move the bound.
        ASSERT_EQ(model.Bound(), bound);
        if (!nulls[row]) model.highest = std::max(model.highest, times[row]);
      }
      ASSERT_EQ(mark.closed_before(), model.Bound());
      i = run.end;
    }
  }
}

}  // namespace
}  // namespace weir::core
