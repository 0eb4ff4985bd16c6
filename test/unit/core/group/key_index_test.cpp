#include "core/group/key_index.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <vector>

namespace weir::core {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

struct Fixture {
  explicit Fixture(std::size_t keys) : places(KeyIndex::PlacesFor(keys)) {
    index = KeyIndex(places.data(), places.size());
  }
  std::vector<KeyPlace> places;
  KeyIndex index;
};

TEST(KeyIndexTest, HasRoomForTwiceItsKeys) {
  EXPECT_EQ(KeyIndex::PlacesFor(0), 16U);
  EXPECT_EQ(KeyIndex::PlacesFor(8), 16U);
  EXPECT_EQ(KeyIndex::PlacesFor(9), 32U);
}

TEST(KeyIndexTest, RefusesAKeyTwice) {
  Fixture fixture(3);
  EXPECT_TRUE(fixture.index.Add(7, 0));
  EXPECT_TRUE(fixture.index.Add(0, 1));
  EXPECT_FALSE(fixture.index.Add(7, 2));
  EXPECT_TRUE(fixture.index.Add(kLeast, 2));
}

TEST(KeyIndexTest, NullsAndUnknownKeysDropOut) {
  Fixture fixture(2);
  fixture.index.Add(0, 5);
  fixture.index.Add(1, 6);
  const std::int64_t key[] = {0, 0, 1, 2};
  const std::uint8_t null[] = {0, 1, 0, 0};
  std::uint16_t kept[] = {0, 1, 2, 3};
  std::uint32_t match[4];
  ASSERT_EQ(fixture.index.Narrow(key, null, kept, 4, match), 2);
  EXPECT_EQ(kept[0], 0);
  EXPECT_EQ(kept[1], 2);
  EXPECT_EQ(match[0], 5U);
  EXPECT_EQ(match[2], 6U);
}

TEST(KeyIndexTest, AnEmptyIndexKnowsNothing) {
  Fixture fixture(0);
  const std::int64_t key[] = {0};
  const std::uint8_t null[] = {0};
  std::uint16_t kept[] = {0};
  std::uint32_t match[1];
  EXPECT_EQ(fixture.index.Narrow(key, null, kept, 1, match), 0);
}

class KeyIndexSizes : public testing::TestWithParam<int> {};

TEST_P(KeyIndexSizes, AgreesWithAMap) {
  const int keys = GetParam();
  Fixture fixture(static_cast<std::size_t>(keys));
  std::map<std::int64_t, std::uint32_t> model;
  std::mt19937_64 random(5);
  for (std::uint32_t number = 0; static_cast<int>(number) < keys; ++number) {
    const auto key = static_cast<std::int64_t>(random() % static_cast<unsigned>(keys * 4)) - keys;
    EXPECT_EQ(fixture.index.Add(key, number), model.emplace(key, number).second);
  }
  std::int64_t key[300];
  std::uint8_t null[300] = {};
  std::uint16_t kept[300];
  std::uint32_t match[300];
  std::vector<std::uint16_t> expected;
  for (std::uint16_t row = 0; row < 300; ++row) {
    key[row] = static_cast<std::int64_t>(random() % static_cast<unsigned>(keys * 4)) - keys;
    kept[row] = row;
    if (model.contains(key[row])) expected.push_back(row);
  }
  const int left = fixture.index.Narrow(key, null, kept, 300, match);
  ASSERT_EQ(std::vector<std::uint16_t>(kept, kept + left), expected);
  for (const std::uint16_t row : expected) EXPECT_EQ(match[row], model[key[row]]);
}

INSTANTIATE_TEST_SUITE_P(Sizes, KeyIndexSizes, testing::Values(1, 100, 5000, 60000));

}  // namespace
}  // namespace weir::core
