#include "core/group/key_hash.hpp"

#include <gtest/gtest.h>

#include <set>

namespace weir::core {
namespace {

// Small dense keys are the usual ones: low bits choose the slot, so they must spread.
TEST(KeyHashTest, SpreadsDenseKeysOverLowAndHighBits) {
  for (const int words : {1, 2, 3}) {
    std::set<std::uint64_t> low;
    std::set<std::uint64_t> high;
    for (std::uint64_t i = 0; i < 4096; ++i) {
      const std::uint64_t key[3] = {i, i / 7, 3};
      const std::uint64_t hash = HashWords(key, words);
      low.insert(hash & 4095);
      high.insert(hash >> 52);
    }
    // A random function would hit 63 % of the 4096 values.
    EXPECT_GT(low.size(), 2300U) << words;
    EXPECT_GT(high.size(), 2300U) << words;
  }
}

TEST(KeyHashTest, DependsOnEveryWordAndOnNulls) {
  const std::uint64_t a[3] = {1, 2, 3};
  const std::uint64_t b[3] = {1, 2, 4};
  EXPECT_NE(HashWords(a, 3), HashWords(b, 3));
  EXPECT_EQ(HashWords(a, 2), HashWords(b, 2));
  EXPECT_NE(HashNulls(HashWords(a, 2), 1), HashNulls(HashWords(a, 2), 2));
}

}  // namespace
}  // namespace weir::core
