// A bounded ring of fixed-size records in shared memory: any number of producers, one consumer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "core/record/query_record.hpp"
#include "core/shared/shared_layout.hpp"

namespace weir::core {

// Position p lives in slot p mod capacity, and the slot's sequence (Vyukov's idea) says what it is
// good for: 2p while it is free for position p, 2p + 1 once the record of p is published. Even and
// odd never meet, so one slot is enough for a ring. Dropping the top bit of p is harmless: no two
// live positions are 2^63 apart.
//
// What is ordered by what:
// - publish (release on the sequence) before Peek (acquire): the consumer sees a whole record;
// - MoveTail (release on the sequence) before the next claim of the slot (acquire): a producer
//   overwrites only what the consumer has done with;
// - head only hands out positions and carries no data, so claiming is relaxed.
//
// A producer that finds its slot taken returns at once; it never waits for another process.
template <typename T>
class MpscRing {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  static constexpr std::size_t SlotBytes() noexcept { return sizeof(Slot); }

  // `capacity` is a power of two.
  static constexpr std::size_t BytesFor(std::uint32_t capacity) noexcept {
    return sizeof(MpscRing) + std::size_t{capacity} * sizeof(Slot);
  }

  // Places an empty ring in BytesFor(capacity) bytes at `memory`, 64-byte aligned. The first record
  // gets `first_position`.
  static MpscRing *Create(void *memory, std::uint32_t capacity,
                          std::uint64_t first_position = 0) noexcept {
    auto *ring = new (memory) MpscRing(capacity, first_position);
    for (std::uint32_t i = 0; i < capacity; ++i) {
      const std::uint64_t position = first_position + i;
      auto *slot = new (ring->Slots() + (position & ring->mask_)) Slot();
      slot->sequence.store(FreeFor(position), std::memory_order_relaxed);
    }
    return ring;
  }

  MpscRing(const MpscRing &) = delete;
  MpscRing &operator=(const MpscRing &) = delete;

  // Any process. False when the ring is full.
  bool TryPush(const T &value, std::uint32_t weight) noexcept {
    std::uint64_t position = head_.load(std::memory_order_relaxed);
    for (;;) {
      Slot &slot = SlotAt(position);
      const std::uint64_t sequence = slot.sequence.load(std::memory_order_acquire);
      const std::int64_t ahead = Distance(FreeFor(position), sequence);
      if (ahead < 0) return false;
      if (ahead > 0) {
        position = head_.load(std::memory_order_relaxed);
      } else if (head_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
        Publish(slot, position, value, weight);
        return true;
      }
    }
  }

  // The consumer: hands the published records from `from` (tail <= from <= head) on in order, at
  // most `max`, to sink(const T &); ends early at a slot that is claimed but not yet published.
  // Returns how many. The records stay until MoveTail.
  template <typename Sink>
  std::size_t Peek(std::uint64_t from, std::size_t max, Sink &&sink) const noexcept {
    std::size_t count = 0;
    for (; count < max; ++count) {
      const std::uint64_t position = from + count;
      const Slot &slot = SlotAt(position);
      if (slot.sequence.load(std::memory_order_acquire) != PublishedAt(position)) break;
      sink(slot.value);
    }
    return count;
  }

  // The consumer: frees everything below `position`, which it has peeked up to.
  void MoveTail(std::uint64_t position) noexcept {
    for (std::uint64_t p = tail_.load(std::memory_order_relaxed); p != position; ++p) {
      SlotAt(p).sequence.store(FreeFor(p + capacity()), std::memory_order_release);
    }
    tail_.store(position, std::memory_order_release);
  }

  // Any process, any time: the sum of the weights of the published records between tail and head;
  // exact when nobody pushes or moves the tail. Costs a cache line per record.
  //
  // A weight counts when the sequence is the same before and after reading it. The weight is
  // stored with release and loaded with acquire, so whoever reads a later record's weight also
  // sees that the slot was freed in between.
  std::uint64_t WaitingWeight() const noexcept {
    const std::uint64_t first = tail();
    const std::uint64_t count = InUseFrom(first);
    std::uint64_t total = 0;
    for (std::uint64_t position = first; position != first + count; ++position) {
      const Slot &slot = SlotAt(position);
      if (slot.sequence.load(std::memory_order_acquire) != PublishedAt(position)) continue;
      const std::uint32_t weight = slot.weight.load(std::memory_order_acquire);
      if (slot.sequence.load(std::memory_order_relaxed) == PublishedAt(position)) total += weight;
    }
    return total;
  }

  // Any process. Positions: where the next record goes, and the oldest one not yet freed.
  std::uint64_t head() const noexcept { return head_.load(std::memory_order_acquire); }
  std::uint64_t tail() const noexcept { return tail_.load(std::memory_order_acquire); }
  std::uint32_t capacity() const noexcept { return mask_ + 1; }

  // Any process: slots claimed or published.
  std::uint64_t InUse() const noexcept { return InUseFrom(tail()); }

 private:
  struct alignas(kCacheLineBytes) Slot {
    SharedU64 sequence;  // written by the producer that publishes and the consumer that frees
    SharedU32 weight;    // like `value`, written by the producer between claim and publish
    T value;
  };
  static_assert(std::is_trivially_destructible_v<Slot>);

  MpscRing(std::uint32_t capacity, std::uint64_t first_position) noexcept
      : head_(first_position), tail_(first_position), mask_(capacity - 1) {}

  static constexpr std::uint64_t FreeFor(std::uint64_t position) noexcept { return 2 * position; }
  static constexpr std::uint64_t PublishedAt(std::uint64_t position) noexcept {
    return 2 * position + 1;
  }

  static void Publish(Slot &slot, std::uint64_t position, const T &value,
                      std::uint32_t weight) noexcept {
    slot.weight.store(weight, std::memory_order_release);
    slot.value = value;
    slot.sequence.store(PublishedAt(position), std::memory_order_release);
  }

  // The head is read after the tail, so it is never behind it; both may have moved on in between,
  // which the cap makes up for.
  std::uint64_t InUseFrom(std::uint64_t tail) const noexcept {
    return std::min<std::uint64_t>(head() - tail, capacity());
  }

  Slot *Slots() noexcept { return reinterpret_cast<Slot *>(this + 1); }
  const Slot *Slots() const noexcept { return reinterpret_cast<const Slot *>(this + 1); }
  Slot &SlotAt(std::uint64_t position) noexcept { return Slots()[position & mask_]; }
  const Slot &SlotAt(std::uint64_t position) const noexcept { return Slots()[position & mask_]; }

  alignas(kCacheLineBytes) SharedU64 head_;      // written by producers
  alignas(kCacheLineBytes) SharedU64 tail_;      // written by the consumer
  alignas(kCacheLineBytes) std::uint32_t mask_;  // never changes; the slots follow
};

static_assert(MpscRing<QueryRecord>::SlotBytes() == 256);

}  // namespace weir::core
