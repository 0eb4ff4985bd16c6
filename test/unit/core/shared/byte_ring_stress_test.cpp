// ByteRing under load: entries of all lengths from several producers.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/shared/byte_ring.hpp"
#include "support/shared_block.hpp"

namespace weir::core {
namespace {

constexpr int kProducers = 4;

struct Label {
  std::uint32_t producer;
  std::uint32_t number;
};

// The text of an entry follows from its label; its length goes from 0 to `longest`.
std::string TextOf(Label label, std::size_t longest) {
  test::Random random(std::uint64_t{label.producer} << 32 | label.number);
  std::string text(random.Below(longest + 1), '\0');
  for (char &byte : text) byte = static_cast<char>(random.Below(256));
  return text;
}

void Produce(ByteRing *ring, std::uint32_t producer, std::uint32_t count, std::size_t longest) {
  for (std::uint32_t number = 0; number < count; ++number) {
    const Label label{producer, number};
    const std::string text = TextOf(label, longest);
    const std::string_view head(reinterpret_cast<const char *>(&label), sizeof(label));
    while (!ring->TryPush(head, text)) std::this_thread::yield();
  }
}

void RunThreads(std::uint32_t capacity, std::uint32_t each) {
  test::SharedBlock block(ByteRing::BytesFor(capacity));
  ByteRing *ring = ByteRing::Create(block.memory(), capacity, std::uint64_t{0} - 4096);
  const std::size_t longest = ring->MaxEntryBytes() - sizeof(Label);
  std::vector<std::thread> producers;
  for (std::uint32_t i = 0; i < kProducers; ++i) {
    producers.emplace_back(Produce, ring, i, each, longest);
  }
  std::uint32_t next[kProducers] = {};
  std::uint64_t wrong = 0;
  const auto take = [&](std::string_view entry) {
    Label label{kProducers, 0};
    if (entry.size() >= sizeof(label)) std::memcpy(&label, entry.data(), sizeof(label));
    if (label.producer >= kProducers || label.number != next[label.producer]++ ||
        entry.substr(sizeof(label)) != TextOf(label, longest)) {
      ++wrong;
    }
  };
  for (std::uint64_t left = std::uint64_t{kProducers} * each; left > 0;) {
    std::uint64_t next_position;
    const std::size_t seen = ring->Peek(ring->tail(), 1 + left % 7, take, &next_position);
    ring->MoveTail(next_position);
    left -= seen;
    if (seen == 0) std::this_thread::yield();
  }
  for (std::thread &producer : producers) producer.join();
  EXPECT_EQ(wrong, 0u);
  for (const std::uint32_t n : next) EXPECT_EQ(n, each);
  EXPECT_EQ(ring->tail(), ring->head());
}

TEST(ByteRingStress, EveryEntryArrivesOnceWholeAndInOrder) { RunThreads(4096, 20'000); }

TEST(ByteRingStress, ATinyRingIsAlwaysFull) { RunThreads(64, 20'000); }

}  // namespace
}  // namespace weir::core
