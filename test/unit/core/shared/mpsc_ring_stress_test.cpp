// MpscRing under load. WEIR_RING_OPERATIONS sets the number of pushes and pops together.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "core/base/hash.hpp"
#include "core/shared/mpsc_ring.hpp"
#include "support/shared_block.hpp"

namespace weir::core {
namespace {

// As big as a query record. Every word follows from the first two, so a torn record shows.
struct Payload {
  std::uint64_t producer;
  std::uint64_t number;
  std::uint64_t words[28];

  static Payload Of(std::uint64_t producer, std::uint64_t number) {
    Payload payload{producer, number, {}};
    std::uint64_t word = HashWord(number << 8 | producer);
    for (std::uint64_t &slot : payload.words) slot = word++;
    return payload;
  }

  bool IsWhole() const {
    const Payload expected = Of(producer, number);
    return std::memcmp(this, &expected, sizeof(*this)) == 0;
  }

  std::uint32_t weight() const { return 1 + number % 7; }
};
static_assert(sizeof(Payload) == sizeof(QueryRecord));

using Ring = MpscRing<Payload>;

constexpr int kProducers = 4;

// Counters start so low that both the positions and the sequences wrap during the run.
constexpr std::uint64_t kJustBelowWrap = std::uint64_t{0} - 1000;

std::uint64_t Produce(Ring *ring, std::uint64_t producer, std::uint64_t count) {
  std::uint64_t weight = 0;
  for (std::uint64_t number = 0; number < count; ++number) {
    const Payload payload = Payload::Of(producer, number);
    while (!ring->TryPush(payload, payload.weight())) std::this_thread::yield();
    weight += payload.weight();
  }
  return weight;
}

// Takes `count` records in batches of changing size and checks each.
struct Consumer {
  std::uint64_t weight = 0;
  std::uint64_t torn = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t next[kProducers] = {};

  void Take(const Payload &payload) {
    if (payload.producer >= kProducers || !payload.IsWhole()) {
      ++torn;
      return;
    }
    if (payload.number != next[payload.producer]++) ++out_of_order;
    weight += payload.weight();
  }

  void Run(Ring *ring, std::uint64_t count) {
    std::size_t batch = 1;
    while (count > 0) {
      const std::uint64_t from = ring->tail();
      const std::size_t seen =
          ring->Peek(from, batch, [this](const Payload &payload) { Take(payload); });
      ring->MoveTail(from + seen);
      count -= seen;
      batch = batch % ring->capacity() + 1;
      if (seen == 0) std::this_thread::yield();
    }
  }

  void ExpectClean(std::uint64_t each) const {
    EXPECT_EQ(torn, 0u);
    EXPECT_EQ(out_of_order, 0u);
    for (const std::uint64_t n : next) EXPECT_EQ(n, each);
  }
};

// Looks on as a status function does, and checks what holds at any moment.
void Watch(const Ring *ring, const std::atomic<bool> *stop) {
  while (!stop->load(std::memory_order_relaxed)) {
    ASSERT_LE(ring->InUse(), ring->capacity());
    ASSERT_LE(ring->WaitingWeight(), 7 * ring->capacity());
    std::this_thread::yield();
  }
}

void RunThreads(std::uint32_t capacity, std::uint64_t each) {
  test::SharedBlock block(Ring::BytesFor(capacity));
  Ring *ring = Ring::Create(block.memory(), capacity, kJustBelowWrap);
  std::uint64_t pushed[kProducers] = {};
  std::atomic<bool> stop{false};
  std::vector<std::thread> producers;
  for (int i = 0; i < kProducers; ++i) {
    producers.emplace_back([=, &pushed] { pushed[i] = Produce(ring, i, each); });
  }
  std::thread watcher(Watch, ring, &stop);
  Consumer consumer;
  consumer.Run(ring, kProducers * each);
  for (std::thread &producer : producers) producer.join();
  stop.store(true);
  watcher.join();

  consumer.ExpectClean(each);
  EXPECT_EQ(consumer.weight, pushed[0] + pushed[1] + pushed[2] + pushed[3]);
  EXPECT_EQ(ring->InUse(), 0u);
  EXPECT_EQ(ring->WaitingWeight(), 0u);
  EXPECT_EQ(ring->head(), kJustBelowWrap + kProducers * each);
}

TEST(MpscRingStress, EveryRecordArrivesOnceWholeAndInOrder) {
  RunThreads(1024, test::StressOperations(1'000'000) / 2 / kProducers);
}

TEST(MpscRingStress, ATinyRingIsAlwaysFull) { RunThreads(2, 5'000); }

TEST(MpscRingStress, OneSlotPassesFromHandToHand) { RunThreads(1, 5'000); }

// Refused records are dropped here, as a backend with a full fold table does.
TEST(MpscRingStress, PushedAndRefusedAddUp) {
  constexpr std::uint64_t kEach = 20'000;
  test::SharedBlock block(Ring::BytesFor(64));
  Ring *ring = Ring::Create(block.memory(), 64, kJustBelowWrap);
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<int> running{kProducers};
  std::vector<std::thread> producers;
  for (int i = 0; i < kProducers; ++i) {
    producers.emplace_back([&, i] {
      std::uint64_t weight = 0;
      for (std::uint64_t number = 0; number < kEach; ++number) {
        const Payload payload = Payload::Of(i, number);
        if (ring->TryPush(payload, payload.weight())) weight += payload.weight();
        if (number % 64 == 0) std::this_thread::yield();
      }
      accepted.fetch_add(weight);
      running.fetch_sub(1);
    });
  }
  std::uint64_t drained = 0;
  while (running.load() > 0) {
    const std::size_t seen = ring->Peek(ring->tail(), 16, [&](const Payload &payload) {
      EXPECT_TRUE(payload.IsWhole());
      drained += payload.weight();
    });
    ring->MoveTail(ring->tail() + seen);
    if (seen == 0) std::this_thread::yield();
  }
  for (std::thread &producer : producers) producer.join();
  EXPECT_GT(drained, 0u);
  EXPECT_EQ(accepted.load(), drained + ring->WaitingWeight());
}

// Real processes, each with the ring at an address of its own.
TEST(MpscRingProcesses, RecordsCrossFromProcessToProcess) {
  constexpr std::uint64_t kEach = 50'000;
  constexpr std::uint32_t kCapacity = 256;
  test::TwiceMapped memory(Ring::BytesFor(kCapacity));
  Ring *ring = Ring::Create(memory.first(), kCapacity, kJustBelowWrap);
  std::vector<pid_t> children;
  for (int i = 0; i < kProducers; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Produce(i % 2 == 0 ? memory.Second<Ring>() : ring, i, kEach);
      _exit(0);
    }
    children.push_back(child);
  }
  Consumer consumer;
  consumer.Run(ring, kProducers * kEach);
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  consumer.ExpectClean(kEach);
  EXPECT_EQ(ring->InUse(), 0u);
}

}  // namespace
}  // namespace weir::core
