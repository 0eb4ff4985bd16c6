#include "core/shared/fingerprint_set.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "support/shared_block.hpp"

namespace weir::core {
namespace {

using test::SharedBlock;

std::uint64_t CountMembers(const FingerprintSet &set, std::uint64_t first, std::uint64_t count) {
  std::uint64_t members = 0;
  for (std::uint64_t i = first; i < first + count; ++i) members += set.Contains(i) ? 1 : 0;
  return members;
}

TEST(FingerprintSet, StartsEmpty) {
  SharedBlock block(FingerprintSet::BytesFor(64));
  const FingerprintSet *set = FingerprintSet::Create(block.memory(), 64);
  EXPECT_EQ(CountMembers(*set, 0, 10'000), 0u);
}

TEST(FingerprintSet, HoldsWhatWasAdded) {
  SharedBlock block(FingerprintSet::BytesFor(64));
  FingerprintSet *set = FingerprintSet::Create(block.memory(), 64);
  for (const std::uint64_t word : {std::uint64_t{1}, UINT64_MAX, std::uint64_t{1} << 63}) {
    EXPECT_FALSE(set->Contains(word));
    set->Add(word);
    EXPECT_TRUE(set->Contains(word));
  }
}

TEST(FingerprintSet, ZeroIsNeverAMember) {
  SharedBlock block(FingerprintSet::BytesFor(8));
  FingerprintSet *set = FingerprintSet::Create(block.memory(), 8);
  EXPECT_FALSE(set->Contains(0));
  set->Add(0);
  EXPECT_FALSE(set->Contains(0));
}

TEST(FingerprintSet, OneBucketHoldsEightAndThenReplacesOne) {
  SharedBlock block(FingerprintSet::BytesFor(1));
  FingerprintSet *set = FingerprintSet::Create(block.memory(), 1);
  for (std::uint64_t i = 1; i <= 8; ++i) set->Add(i);
  EXPECT_EQ(CountMembers(*set, 1, 8), 8u);
  for (std::uint64_t i = 9; i <= 100; ++i) {
    set->Add(i);
    EXPECT_TRUE(set->Contains(i));
    EXPECT_EQ(CountMembers(*set, 1, 100), 8u);
  }
}

TEST(FingerprintSet, AddingAMemberForgetsNothing) {
  SharedBlock block(FingerprintSet::BytesFor(8));
  FingerprintSet *set = FingerprintSet::Create(block.memory(), 8);
  for (std::uint64_t i = 1; i <= 8; ++i) set->Add(i);
  for (int again = 0; again < 100; ++again) set->Add(1 + again % 8);
  EXPECT_EQ(CountMembers(*set, 1, 8), 8u);
}

// Each way has to be replaced now and then, else some texts would be stuck for ever.
TEST(FingerprintSet, ReplacementReachesEveryWay) {
  SharedBlock block(FingerprintSet::BytesFor(8));
  FingerprintSet *set = FingerprintSet::Create(block.memory(), 8);
  for (std::uint64_t i = 1; i <= 8 + 200; ++i) set->Add(i);
  EXPECT_EQ(CountMembers(*set, 1, 8), 0u);
}

// Two statements that come in turn settle down beside each other, whichever they are.
TEST(FingerprintSet, TwoInTurnDoNotDriveEachOtherOutForEver) {
  for (std::uint64_t other = 10; other < 500; ++other) {
    SharedBlock block(FingerprintSet::BytesFor(8));
    FingerprintSet *set = FingerprintSet::Create(block.memory(), 8);
    for (std::uint64_t i = 1; i <= 8; ++i) set->Add(i);
    for (int turn = 0; turn < 50; ++turn) {
      set->Add(9);
      set->Add(other);
    }
    EXPECT_TRUE(set->Contains(9) && set->Contains(other)) << other;
  }
}

TEST(FingerprintSet, KeepsMostOfAHalfFullSet) {
  SharedBlock block(FingerprintSet::BytesFor(4096));
  FingerprintSet *set = FingerprintSet::Create(block.memory(), 4096);
  for (std::uint64_t i = 1; i <= 2048; ++i) set->Add(i << 20);
  std::uint64_t kept = 0;
  for (std::uint64_t i = 1; i <= 2048; ++i) kept += set->Contains(i << 20) ? 1 : 0;
  EXPECT_GE(kept, 1950u);
}

TEST(FingerprintSet, ClearForgetsEverything) {
  SharedBlock block(FingerprintSet::BytesFor(100));
  FingerprintSet *set = FingerprintSet::Create(block.memory(), 100);
  for (std::uint64_t i = 1; i <= 1000; ++i) set->Add(i);
  EXPECT_GT(CountMembers(*set, 1, 1000), 60u);
  set->Clear();
  EXPECT_EQ(CountMembers(*set, 1, 1000), 0u);
  set->Add(5);
  EXPECT_TRUE(set->Contains(5));
}

TEST(FingerprintSet, IsTheSameAtAnotherAddress) {
  test::TwiceMapped memory(FingerprintSet::BytesFor(64));
  FingerprintSet *one = FingerprintSet::Create(memory.first(), 64);
  const auto *other = memory.Second<FingerprintSet>();
  one->Add(77);
  EXPECT_TRUE(other->Contains(77));
  EXPECT_FALSE(other->Contains(78));
}

}  // namespace
}  // namespace weir::core
