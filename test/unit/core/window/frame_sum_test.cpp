#include "core/window/frame_sum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/column/column.hpp"

namespace weir::core {
namespace {

std::vector<std::int64_t> Noise(int count) {
  std::mt19937_64 random(5);
  std::vector<std::int64_t> words;
  for (int i = 0; i < count; ++i) {
    const double value = std::ldexp(static_cast<double>(random() % 100000) - 50000.0,
                                    static_cast<int>(random() % 40) - 20);
    words.push_back(AsWord(static_cast<double>(static_cast<float>(value))));
  }
  return words;
}

template <typename Real, int kLanes>
void ExpectLanesLikeOne() {
  const std::vector<std::int64_t> words = Noise(200);
  for (const std::int64_t length : {0, 1, 7, 100}) {
    double sums[kLanes];
    SumFrames<Real, kLanes>(words.data() + 3, length, sums);
    for (int k = 0; k < kLanes; ++k) {
      Real expected = static_cast<Real>(-0.0);
      for (std::int64_t i = 0; i < length; ++i) {
        expected += static_cast<Real>(AsDouble(words[static_cast<std::size_t>(3 + k + i)]));
      }
      EXPECT_EQ(AsWord(sums[k]), AsWord(static_cast<double>(expected))) << length << " " << k;
      EXPECT_EQ(AsWord(SumFrame<Real>(words.data() + 3 + k, length)), AsWord(sums[k]));
    }
  }
}

TEST(FrameSum, EachLaneAddsInOrder) {
  ExpectLanesLikeOne<double, 4>();
  ExpectLanesLikeOne<double, 8>();
  ExpectLanesLikeOne<double, 16>();
  ExpectLanesLikeOne<float, 4>();
  ExpectLanesLikeOne<float, 8>();
  ExpectLanesLikeOne<float, 16>();
}

TEST(FrameSum, TellsOverflowFromInfinity) {
  const double most = std::numeric_limits<double>::max();
  const double infinity = std::numeric_limits<double>::infinity();
  const std::int64_t overflowing[] = {AsWord(most), AsWord(most)};
  EXPECT_TRUE(SumOverflows<double>(overflowing, 2));
  EXPECT_FALSE(SumOverflows<double>(overflowing, 1));
  const std::int64_t infinite[] = {AsWord(infinity), AsWord(1.0), AsWord(-infinity)};
  EXPECT_FALSE(SumOverflows<double>(infinite, 3));
  const std::int64_t wide[] = {AsWord(3e38), AsWord(3e38)};
  EXPECT_FALSE(SumOverflows<double>(wide, 2));
  EXPECT_TRUE(SumOverflows<float>(wide, 2));
}

}  // namespace
}  // namespace weir::core
