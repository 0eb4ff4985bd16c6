#include "core/shared/mpsc_ring.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "support/shared_block.hpp"

namespace weir::core {
namespace {

using Ring = MpscRing<std::uint64_t>;
using test::SharedBlock;

std::vector<std::uint64_t> PeekAll(const Ring &ring, std::uint64_t from, std::size_t max = 1000) {
  std::vector<std::uint64_t> values;
  const std::size_t count =
      ring.Peek(from, max, [&](const std::uint64_t &value) { values.push_back(value); });
  EXPECT_EQ(count, values.size());
  return values;
}

// Each behaviour holds wherever the positions are: at the beginning, and right before the wrap of
// 2^64 and of the 2^63 that the sequences can tell apart.
class MpscRingAt : public testing::TestWithParam<std::uint64_t> {
 protected:
  Ring *Create(std::uint32_t capacity) {
    block_ = std::make_unique<SharedBlock>(Ring::BytesFor(capacity));
    return Ring::Create(block_->memory(), capacity, GetParam());
  }

  std::unique_ptr<SharedBlock> block_;
};

TEST_P(MpscRingAt, StartsEmpty) {
  Ring *ring = Create(4);
  EXPECT_EQ(ring->head(), GetParam());
  EXPECT_EQ(ring->tail(), GetParam());
  EXPECT_EQ(ring->capacity(), 4u);
  EXPECT_EQ(ring->InUse(), 0u);
  EXPECT_EQ(ring->WaitingWeight(), 0u);
  EXPECT_TRUE(PeekAll(*ring, ring->tail()).empty());
}

TEST_P(MpscRingAt, GivesRecordsInOrder) {
  Ring *ring = Create(4);
  for (std::uint64_t i = 10; i < 13; ++i) EXPECT_TRUE(ring->TryPush(i, 2));
  EXPECT_EQ(PeekAll(*ring, ring->tail()), (std::vector<std::uint64_t>{10, 11, 12}));
  EXPECT_EQ(ring->InUse(), 3u);
  EXPECT_EQ(ring->WaitingWeight(), 6u);
}

TEST_P(MpscRingAt, PeekFreesNothing) {
  Ring *ring = Create(2);
  ring->TryPush(1, 1);
  ring->TryPush(2, 1);
  EXPECT_EQ(PeekAll(*ring, ring->tail()).size(), 2u);
  EXPECT_EQ(PeekAll(*ring, ring->tail()).size(), 2u);
  EXPECT_FALSE(ring->TryPush(3, 1));
}

TEST_P(MpscRingAt, PeekStartsAnywhereAndStopsAtMax) {
  Ring *ring = Create(8);
  for (std::uint64_t i = 0; i < 6; ++i) ring->TryPush(i, 1);
  EXPECT_EQ(PeekAll(*ring, ring->tail() + 2, 3), (std::vector<std::uint64_t>{2, 3, 4}));
  EXPECT_TRUE(PeekAll(*ring, ring->tail(), 0).empty());
  EXPECT_TRUE(PeekAll(*ring, ring->head()).empty());
}

TEST_P(MpscRingAt, RefusesWhenFullUntilTheTailMoves) {
  Ring *ring = Create(4);
  for (std::uint64_t i = 0; i < 4; ++i) EXPECT_TRUE(ring->TryPush(i, 1));
  EXPECT_FALSE(ring->TryPush(4, 1));
  EXPECT_EQ(ring->InUse(), 4u);
  // A full ring's head is at the slot of its tail, which is not to be given again.
  EXPECT_TRUE(PeekAll(*ring, ring->head()).empty());
  EXPECT_EQ(PeekAll(*ring, ring->tail()).size(), 4u);

  ring->MoveTail(ring->tail() + 1);
  EXPECT_TRUE(ring->TryPush(4, 1));
  EXPECT_FALSE(ring->TryPush(5, 1));
  EXPECT_EQ(PeekAll(*ring, ring->tail()), (std::vector<std::uint64_t>{1, 2, 3, 4}));
}

TEST_P(MpscRingAt, WorksWithOneSlot) {
  Ring *ring = Create(1);
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(ring->TryPush(i, 3));
    EXPECT_FALSE(ring->TryPush(99, 3));
    EXPECT_EQ(ring->WaitingWeight(), 3u);
    EXPECT_EQ(PeekAll(*ring, ring->tail()), std::vector<std::uint64_t>{i});
    ring->MoveTail(ring->head());
    EXPECT_EQ(ring->InUse(), 0u);
  }
}

TEST_P(MpscRingAt, MovingTheTailNowhereChangesNothing) {
  Ring *ring = Create(2);
  ring->TryPush(1, 1);
  ring->MoveTail(ring->tail());
  EXPECT_EQ(PeekAll(*ring, ring->tail()), std::vector<std::uint64_t>{1});
}

TEST_P(MpscRingAt, EndsAtASlotThatIsClaimedButNotPublished) {
  Ring *ring = Create(4);
  ring->TryPush(1, 1);
  const std::uint64_t stalled = ring->head();
  // A producer claims by moving the head, the first word, and then is suspended.
  block_->WordAt(0).fetch_add(1);
  EXPECT_TRUE(ring->TryPush(3, 10));
  EXPECT_EQ(ring->InUse(), 3u);
  EXPECT_EQ(ring->WaitingWeight(), 11u);
  EXPECT_EQ(PeekAll(*ring, ring->tail()), std::vector<std::uint64_t>{1});
  ring->MoveTail(stalled);
  EXPECT_TRUE(PeekAll(*ring, ring->tail()).empty());

  // It goes on: value, then sequence.
  const std::size_t slot = Ring::BytesFor(0) + stalled % 4 * Ring::SlotBytes();
  block_->WordAt(slot + 16).store(2);
  block_->WordAt(slot).store(2 * stalled + 1);
  EXPECT_EQ(PeekAll(*ring, ring->tail()), (std::vector<std::uint64_t>{2, 3}));
}

TEST_P(MpscRingAt, AStalledProducerMakesTheRingFullNotWrong) {
  Ring *ring = Create(2);
  block_->WordAt(0).fetch_add(1);
  EXPECT_TRUE(ring->TryPush(2, 1));
  EXPECT_FALSE(ring->TryPush(3, 1));
}

TEST_P(MpscRingAt, KeepsOrderOverManyLaps) {
  Ring *ring = Create(8);
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  for (int lap = 0; lap < 1000; ++lap) {
    for (int i = 0; i < 1 + lap % 8; ++i) {
      if (ring->TryPush(pushed, 1)) ++pushed;
    }
    const std::size_t count = ring->Peek(ring->tail(), 1 + lap % 5,
                                         [&](std::uint64_t value) { EXPECT_EQ(value, popped++); });
    ring->MoveTail(ring->tail() + count);
    EXPECT_EQ(ring->InUse(), pushed - popped);
    EXPECT_EQ(ring->WaitingWeight(), pushed - popped);
  }
  EXPECT_GT(pushed, 2000u);
}

INSTANTIATE_TEST_SUITE_P(Positions, MpscRingAt,
                         testing::Values(0, std::uint64_t{0} - 3, (std::uint64_t{1} << 63) - 3));

TEST(MpscRing, WeightsAddUpBeyond32Bits) {
  SharedBlock block(Ring::BytesFor(4));
  Ring *ring = Ring::Create(block.memory(), 4);
  for (std::uint64_t i = 0; i < 3; ++i) ring->TryPush(i, UINT32_MAX);
  EXPECT_EQ(ring->WaitingWeight(), 3 * std::uint64_t{UINT32_MAX});
}

TEST(MpscRing, CarriesWholeQueryRecords) {
  SharedBlock block(MpscRing<QueryRecord>::BytesFor(2));
  auto *ring = MpscRing<QueryRecord>::Create(block.memory(), 2);
  QueryRecord record{};
  record.query_id = 42;
  record.calls = 5;
  record.counters.jit_emission_ms = 1.5f;
  ASSERT_TRUE(ring->TryPush(record, record.calls));
  ring->Peek(ring->tail(), 1, [&](const QueryRecord &seen) {
    EXPECT_EQ(std::memcmp(&seen, &record, sizeof(record)), 0);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&seen) % 64, 16u);
  });
}

TEST(MpscRing, IsTheSameAtAnotherAddress) {
  test::TwiceMapped memory(Ring::BytesFor(4));
  Ring *producer = Ring::Create(memory.first(), 4, 7);
  Ring *consumer = memory.Second<Ring>();
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(producer->TryPush(i, 1));
    ASSERT_EQ(PeekAll(*consumer, consumer->tail()), std::vector<std::uint64_t>{i});
    consumer->MoveTail(consumer->head());
  }
  EXPECT_EQ(producer->InUse(), 0u);
}

}  // namespace
}  // namespace weir::core
