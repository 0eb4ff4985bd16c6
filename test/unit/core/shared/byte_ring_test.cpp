#include "core/shared/byte_ring.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/shared_block.hpp"

namespace weir::core {
namespace {

using test::SharedBlock;
using Texts = std::vector<std::string>;

struct Peeked {
  Texts entries;
  std::uint64_t next;
};

Peeked PeekFrom(const ByteRing &ring, std::uint64_t from, std::size_t max = 1000) {
  Peeked peeked;
  const std::size_t count = ring.Peek(
      from, max, [&](std::string_view entry) { peeked.entries.emplace_back(entry); }, &peeked.next);
  EXPECT_EQ(count, peeked.entries.size());
  return peeked;
}

// At the beginning, and right before positions wrap.
class ByteRingAt : public testing::TestWithParam<std::uint64_t> {
 protected:
  ByteRing *Create(std::uint32_t capacity) {
    block_ = std::make_unique<SharedBlock>(ByteRing::BytesFor(capacity));
    return ByteRing::Create(block_->memory(), capacity, GetParam());
  }

  // Takes everything and frees it.
  Texts Drain(ByteRing *ring) {
    Peeked peeked = PeekFrom(*ring, ring->tail());
    ring->MoveTail(peeked.next);
    return peeked.entries;
  }

  std::unique_ptr<SharedBlock> block_;
};

TEST_P(ByteRingAt, StartsEmpty) {
  ByteRing *ring = Create(64);
  EXPECT_EQ(ring->head(), GetParam());
  EXPECT_EQ(ring->tail(), GetParam());
  EXPECT_EQ(ring->capacity(), 64u);
  const Peeked peeked = PeekFrom(*ring, ring->tail());
  EXPECT_TRUE(peeked.entries.empty());
  EXPECT_EQ(peeked.next, ring->tail());
}

TEST_P(ByteRingAt, JoinsHeadAndBodyAndKeepsOrder) {
  ByteRing *ring = Create(128);
  EXPECT_TRUE(ring->TryPush("12:", "SELECT 1"));
  EXPECT_TRUE(ring->TryPush("", "no head"));
  EXPECT_TRUE(ring->TryPush("no body", ""));
  const Peeked peeked = PeekFrom(*ring, ring->tail());
  EXPECT_EQ(peeked.entries, (Texts{"12:SELECT 1", "no head", "no body"}));
  EXPECT_EQ(peeked.next, ring->head());
}

TEST_P(ByteRingAt, CarriesEmptyEntriesAndEmbeddedZeros) {
  ByteRing *ring = Create(64);
  const std::string zeros("\0a\0\0", 4);
  EXPECT_TRUE(ring->TryPush("", ""));
  EXPECT_TRUE(ring->TryPush(zeros, zeros));
  EXPECT_TRUE(ring->TryPush("", ""));
  EXPECT_EQ(Drain(ring), (Texts{"", zeros + zeros, ""}));
}

TEST_P(ByteRingAt, PeekFreesNothingAndGoesOnWhereItStopped) {
  ByteRing *ring = Create(128);
  for (const char *text : {"one", "two", "three"}) ring->TryPush(text, "");
  const Peeked first = PeekFrom(*ring, ring->tail(), 1);
  EXPECT_EQ(first.entries, Texts{"one"});
  EXPECT_EQ(PeekFrom(*ring, first.next).entries, (Texts{"two", "three"}));
  EXPECT_EQ(PeekFrom(*ring, ring->tail()).entries, (Texts{"one", "two", "three"}));
  EXPECT_TRUE(PeekFrom(*ring, ring->tail(), 0).entries.empty());
}

TEST_P(ByteRingAt, TakesTheLongestEntryAtEveryOffsetAndRefusesOneByteMore) {
  for (int words = 0; words < 8; ++words) {
    ByteRing *ring = Create(64);
    ASSERT_EQ(ring->MaxEntryBytes(), 24u);
    for (int i = 0; i < words; ++i) {
      ASSERT_TRUE(ring->TryPush("", ""));
      Drain(ring);
    }
    const std::string longest(24, 'x');
    EXPECT_FALSE(ring->TryPush(longest, "x"));
    EXPECT_FALSE(ring->TryPush("x", longest));
    EXPECT_TRUE(ring->TryPush(longest.substr(0, 5), longest.substr(5))) << words;
    EXPECT_EQ(Drain(ring), Texts{longest}) << words;
  }
}

TEST_P(ByteRingAt, FillsToTheLastByteAndGivesNothingTwice) {
  ByteRing *ring = Create(64);
  // Two words of footprint each: four fit exactly.
  for (const char *text : {"aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"}) {
    EXPECT_TRUE(ring->TryPush(text, ""));
  }
  EXPECT_EQ(ring->head() - ring->tail(), 64u);
  EXPECT_FALSE(ring->TryPush("", ""));
  const Peeked peeked = PeekFrom(*ring, ring->tail());
  EXPECT_EQ(peeked.entries.size(), 4u);
  EXPECT_TRUE(PeekFrom(*ring, peeked.next).entries.empty());
  ring->MoveTail(peeked.next);
  EXPECT_TRUE(PeekFrom(*ring, ring->tail()).entries.empty());
  EXPECT_TRUE(ring->TryPush("again", ""));
  EXPECT_EQ(Drain(ring), Texts{"again"});
}

TEST_P(ByteRingAt, PadsTheEndRatherThanSplittingAnEntry) {
  ByteRing *ring = Create(64);
  // Leaves 24 bytes up to the end of the buffer, wherever the positions are.
  while (ring->head() % 64 != 40) {
    ASSERT_TRUE(ring->TryPush("", ""));
    Drain(ring);
  }
  const std::uint64_t before = ring->head();
  ASSERT_TRUE(ring->TryPush("12345678", "123456789"));
  EXPECT_EQ(ring->head(), before + 24 + 32);
  EXPECT_EQ(Drain(ring), Texts{"12345678123456789"});
  EXPECT_EQ(ring->tail(), ring->head());
}

TEST_P(ByteRingAt, PadsASingleWordAtTheEnd) {
  ByteRing *ring = Create(64);
  while (ring->head() % 64 != 56) {
    ASSERT_TRUE(ring->TryPush("", ""));
    Drain(ring);
  }
  ASSERT_TRUE(ring->TryPush("x", ""));
  EXPECT_EQ(Drain(ring), Texts{"x"});
}

TEST_P(ByteRingAt, CountsThePaddingWhenItIsFull) {
  ByteRing *ring = Create(64);
  while (ring->head() % 64 != 40) {
    ASSERT_TRUE(ring->TryPush("", ""));
    Drain(ring);
  }
  ASSERT_TRUE(ring->TryPush("", ""));           // 16 bytes left at the end, 40 in front
  ASSERT_TRUE(ring->TryPush("123456789", ""));  // needs 24, so pads 16; 16 left
  EXPECT_FALSE(ring->TryPush("123456789", ""));
  EXPECT_TRUE(ring->TryPush("12345678", ""));
  EXPECT_EQ(Drain(ring), (Texts{"", "123456789", "12345678"}));
}

TEST_P(ByteRingAt, EndsAtAnEntryThatIsClaimedButNotPublished) {
  ByteRing *ring = Create(64);
  ring->TryPush("a", "");
  const std::uint64_t stalled = ring->head();
  block_->WordAt(0).fetch_add(16);  // the head is the first word
  ring->TryPush("c", "");
  EXPECT_EQ(Drain(ring), Texts{"a"});
  EXPECT_EQ(ring->tail(), stalled);
  EXPECT_TRUE(Drain(ring).empty());
  // The producer goes on: one byte, then the header.
  const std::size_t header = ByteRing::BytesFor(0) + stalled % 64;
  block_->WordAt(header + 8).store('b');
  block_->WordAt(header).store(1 | std::uint64_t{1} << 32);
  EXPECT_EQ(Drain(ring), (Texts{"b", "c"}));
}

// A text may hold anything, also the bytes of published headers.
TEST_P(ByteRingAt, OldTextsNeverLookLikeHeaders) {
  ByteRing *ring = Create(256);
  const std::uint64_t header = 8 | std::uint64_t{1} << 32;
  std::string forged;
  for (int i = 0; i < 15; ++i) forged.append(reinterpret_cast<const char *>(&header), 8);
  for (int lap = 0; lap < 100; ++lap) {
    ASSERT_TRUE(ring->TryPush("", std::string_view(forged).substr(0, 8 * (lap % 16))));
    ASSERT_EQ(Drain(ring).size(), 1u);
    ASSERT_TRUE(Drain(ring).empty());
  }
}

TEST_P(ByteRingAt, KeepsEverythingOverManyLaps) {
  ByteRing *ring = Create(1024);
  test::Random random(GetParam());
  Texts expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text(random.Below(200), static_cast<char>('a' + i % 26));
    const std::size_t cut = random.Below(text.size() + 1);
    while (
        !ring->TryPush(std::string_view(text).substr(0, cut), std::string_view(text).substr(cut))) {
      ASSERT_EQ(Drain(ring), expected);
      expected.clear();
    }
    expected.push_back(text);
  }
  EXPECT_EQ(Drain(ring), expected);
}

INSTANTIATE_TEST_SUITE_P(Positions, ByteRingAt, testing::Values(0, std::uint64_t{0} - 64));

TEST(ByteRing, SmallestRingTakesOneEmptyEntryPerWord) {
  SharedBlock block(ByteRing::BytesFor(16));
  ByteRing *ring = ByteRing::Create(block.memory(), 16);
  EXPECT_EQ(ring->MaxEntryBytes(), 0u);
  EXPECT_FALSE(ring->TryPush("x", ""));
  EXPECT_TRUE(ring->TryPush("", ""));
  EXPECT_TRUE(ring->TryPush("", ""));
  EXPECT_FALSE(ring->TryPush("", ""));
}

TEST(ByteRing, IsTheSameAtAnotherAddress) {
  test::TwiceMapped memory(ByteRing::BytesFor(64));
  ByteRing *producer = ByteRing::Create(memory.first(), 64);
  auto *consumer = memory.Second<ByteRing>();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(producer->TryPush("number ", std::to_string(i)));
    const Peeked peeked = PeekFrom(*consumer, consumer->tail());
    ASSERT_EQ(peeked.entries, Texts{"number " + std::to_string(i)});
    consumer->MoveTail(peeked.next);
  }
}

}  // namespace
}  // namespace weir::core
