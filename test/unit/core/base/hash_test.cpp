#include "core/base/hash.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <unordered_set>

namespace weir::core {
namespace {

// With each input bit flipped, about half of the output bits have to flip; `hash` is given the
// input as `bytes` bytes.
template <typename Hash>
void ExpectAvalanche(std::size_t bytes, Hash &&hash) {
  std::string input(bytes, 'x');
  const std::uint64_t before = hash(input);
  for (std::size_t bit = 0; bit < 8 * bytes; ++bit) {
    input[bit / 8] = static_cast<char>(input[bit / 8] ^ (1 << bit % 8));
    const int flipped = std::popcount(before ^ hash(input));
    EXPECT_GE(flipped, 12) << bytes << " bytes, bit " << bit;
    EXPECT_LE(flipped, 52) << bytes << " bytes, bit " << bit;
    input[bit / 8] = static_cast<char>(input[bit / 8] ^ (1 << bit % 8));
  }
}

TEST(Hash, EveryBitOfAStringMatters) {
  for (std::size_t bytes = 1; bytes <= 64; ++bytes) {
    ExpectAvalanche(bytes, [](const std::string &text) { return HashBytes(text); });
  }
}

TEST(Hash, LengthMattersWhereBytesDoNot) {
  std::unordered_set<std::uint64_t> hashes;
  for (std::size_t length = 0; length <= 64; ++length) {
    hashes.insert(HashBytes(std::string(length, '\0')));
  }
  EXPECT_EQ(hashes.size(), 65u);
}

TEST(Hash, DoesNotReadBeyondTheString) {
  for (std::size_t length = 0; length <= 64; ++length) {
    const std::string exact(length, 'a');
    const std::string longer = exact + "rubbish that must not count";
    EXPECT_EQ(HashBytes(exact), HashBytes({longer.data(), length}));
  }
  EXPECT_EQ(HashBytes({}), HashBytes(""));
}

// Numbered names are what tenants are called. The expected number of used buckets when 10,000 fall
// at random into 16,384 is 7,485; low bits choose the place in tables, high ones are tags.
TEST(Hash, NumberedNamesSpreadOverLowAndHighBits) {
  std::unordered_set<std::uint64_t> low;
  std::unordered_set<std::uint64_t> high;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t hash = HashBytes("tenant_" + std::to_string(i));
    low.insert(hash & 16'383);
    high.insert(hash >> 50);
  }
  EXPECT_NEAR(static_cast<double>(low.size()), 7'485, 150);
  EXPECT_NEAR(static_cast<double>(high.size()), 7'485, 150);
}

TEST(Hash, ConsecutiveWordsSpread) {
  std::unordered_set<std::uint64_t> low;
  std::unordered_set<std::uint64_t> high;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    low.insert(HashWord(i) & 16'383);
    high.insert(HashWord(i << 40) & 16'383);
  }
  EXPECT_GE(low.size(), 7'000u);
  EXPECT_GE(high.size(), 7'000u);
}

}  // namespace
}  // namespace weir::core
