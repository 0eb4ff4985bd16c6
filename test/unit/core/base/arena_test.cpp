#include "core/base/arena.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

TEST(ArenaTest, GivesDisjointAlignedMemoryAndReturnsItAll) {
  FailingResource memory;
  {
    Arena arena(memory);
    std::vector<std::pair<unsigned char *, std::size_t>> blocks;
    for (std::size_t i = 0; i < 3000; ++i) {
      const std::size_t size = i % 97 * (i % 500 == 0 ? 4096 : 1) + 1;
      auto *at = static_cast<unsigned char *>(arena.allocate(size, 8));
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % 8, 0U);
      std::memset(at, static_cast<int>(i % 251), size);
      blocks.emplace_back(at, size);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      for (std::size_t k = 0; k < blocks[i].second; ++k) ASSERT_EQ(blocks[i].first[k], i % 251);
    }
    EXPECT_GT(arena.bytes(), 0U);
  }
  EXPECT_EQ(memory.outstanding(), 0);
}

TEST(ArenaTest, SurvivesFailureOfAnyAllocation) {
  for (int allowed = 0; allowed < 12; ++allowed) {
    FailingResource memory(allowed);
    {
      Arena arena(memory);
      bool failed = false;
      for (int i = 0; i < 100000 && !failed; ++i) {
        try {
          (void)arena.allocate(100, 8);
        } catch (const std::bad_alloc &) {
          failed = true;
        }
      }
      EXPECT_TRUE(failed);
    }
    EXPECT_EQ(memory.outstanding(), 0);
  }
}

TEST(ArenaTest, ClearKeepsOneBlockAndUsesItAgain) {
  FailingResource memory;
  {
    Arena arena(memory);
    arena.Clear();
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 20000; ++i) std::memset(arena.allocate(40, 8), round, 40);
      const std::size_t full = arena.bytes();
      arena.Clear();
      EXPECT_LT(arena.bytes(), full);
      EXPECT_GT(arena.bytes(), 0U);
      EXPECT_EQ(memory.outstanding(), 1);
    }
  }
  EXPECT_EQ(memory.outstanding(), 0);
}

}  // namespace
}  // namespace weir::core
