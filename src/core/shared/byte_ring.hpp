// A bounded ring of variable-length entries in shared memory: any number of producers, one
// consumer. Query texts travel in it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "core/shared/shared_layout.hpp"

namespace weir::core {

// Positions count bytes; position p lives at byte p mod capacity. An entry is a header word, then
// its bytes, rounded up to whole words, and never straddles the end: a padding entry fills the
// bytes that are left there. Claims are contiguous, so the end of one entry is the place of the
// next one's header.
//
// A zero header means "not published yet". The consumer zeroes everything it frees, so what was
// once a text never looks like a header.
//
// What is ordered by what:
// - publish (release on the header) before Peek (acquire): the consumer sees whole bytes;
// - MoveTail (release on the tail) before the claim that reuses the bytes (acquire on the tail): a
//   producer writes only after the zeroing;
// - head only hands out positions, so claiming is relaxed.
class ByteRing {
  using Word = std::uint64_t;
  using Header = std::atomic_ref<Word>;
  static_assert(Header::is_always_lock_free && Header::required_alignment == sizeof(Word));

 public:
  // `capacity_bytes` is a power of two, at least 16.
  static constexpr std::size_t BytesFor(std::uint32_t capacity_bytes) noexcept {
    return sizeof(ByteRing) + capacity_bytes;
  }

  // Places an empty ring in BytesFor(capacity_bytes) bytes at `memory`, 64-byte aligned.
  // `first_position` is a multiple of 8.
  static ByteRing *Create(void *memory, std::uint32_t capacity_bytes,
                          std::uint64_t first_position = 0) noexcept {
    auto *ring = new (memory) ByteRing(capacity_bytes, first_position);
    std::memset(ring->Bytes(), 0, capacity_bytes);
    return ring;
  }

  ByteRing(const ByteRing &) = delete;
  ByteRing &operator=(const ByteRing &) = delete;

  // Any process: adds `head` and `body` as one entry. False when there is no room now, or never,
  // because together they are longer than MaxEntryBytes().
  bool TryPush(std::string_view head, std::string_view body) noexcept {
    const std::uint64_t length = std::uint64_t{head.size()} + body.size();
    if (length > MaxEntryBytes()) return false;
    Claim claim;
    if (!TryClaim(Footprint(length), &claim)) return false;
    if (claim.padding > 0) Publish(claim.position, kPadding | (claim.padding - sizeof(Word)));
    const std::uint64_t position = claim.position + claim.padding;
    char *bytes = Bytes() + Offset(position) + sizeof(Word);
    std::copy(head.begin(), head.end(), bytes);
    std::copy(body.begin(), body.end(), bytes + head.size());
    Publish(position, kEntry | length);
    return true;
  }

  // The consumer: hands the published entries from `from` (tail <= from <= head, a position that
  // an earlier call gave) on in order, at most `max_entries`, to sink(std::string_view). Returns
  // how many, and in `*next` where to go on. The bytes stay until MoveTail.
  template <typename Sink>
  std::size_t Peek(std::uint64_t from, std::size_t max_entries, Sink &&sink,
                   std::uint64_t *next) const noexcept {
    // Where a full ring ends, the header of its first entry would be read again.
    const std::uint64_t end = tail_.load(std::memory_order_relaxed) + capacity_;
    std::size_t count = 0;
    while (count < max_entries && from != end) {
      const Word header = HeaderAt(from).load(std::memory_order_acquire);
      if (header == 0) break;
      const std::uint64_t length = header & kLengthMask;
      if (header & kEntry) {
        sink(std::string_view(Bytes() + Offset(from) + sizeof(Word), length));
        ++count;
      }
      from += Footprint(length);
    }
    *next = from;
    return count;
  }

  // The consumer: frees everything below `position`, which Peek gave.
  void MoveTail(std::uint64_t position) noexcept {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    const std::uint64_t bytes = position - tail;
    const std::uint64_t until_end = std::min<std::uint64_t>(bytes, capacity_ - Offset(tail));
    std::memset(Bytes() + Offset(tail), 0, until_end);
    std::memset(Bytes(), 0, bytes - until_end);
    tail_.store(position, std::memory_order_release);
  }

  // Any process. Positions: where the next entry goes, and the oldest one not yet freed.
  std::uint64_t head() const noexcept { return head_.load(std::memory_order_acquire); }
  std::uint64_t tail() const noexcept { return tail_.load(std::memory_order_acquire); }
  std::uint32_t capacity() const noexcept { return capacity_; }

  // Half the ring with the header: whatever the offset, such an entry and its padding fit into an
  // empty ring.
  std::uint32_t MaxEntryBytes() const noexcept { return capacity_ / 2 - sizeof(Word); }

 private:
  struct Claim {
    std::uint64_t position;
    std::uint64_t padding;  // bytes before the entry, up to the end of the ring
  };

  static constexpr Word kEntry = Word{1} << 32;
  static constexpr Word kPadding = Word{1} << 33;
  static constexpr Word kLengthMask = kEntry - 1;

  ByteRing(std::uint32_t capacity, std::uint64_t first_position) noexcept
      : head_(first_position), tail_(first_position), capacity_(capacity) {}

  // Bytes taken by an entry, or a padding, of `length`: the header and whole words.
  static constexpr std::uint64_t Footprint(std::uint64_t length) noexcept {
    return sizeof(Word) + ((length + sizeof(Word) - 1) & ~std::uint64_t{sizeof(Word) - 1});
  }

  // A stale head may lie behind the tail, which makes the bytes in use negative: the exchange then
  // fails and brings the true head.
  bool TryClaim(std::uint64_t footprint, Claim *claim) noexcept {
    std::uint64_t position = head_.load(std::memory_order_relaxed);
    std::uint64_t padding;
    std::uint64_t end;
    do {
      const std::uint64_t until_end = capacity_ - Offset(position);
      padding = footprint > until_end ? until_end : 0;
      end = position + padding + footprint;
      if (Distance(tail_.load(std::memory_order_acquire), end) > std::int64_t{capacity_}) {
        return false;
      }
    } while (!head_.compare_exchange_weak(position, end, std::memory_order_relaxed));
    *claim = {position, padding};
    return true;
  }

  void Publish(std::uint64_t position, Word header) noexcept {
    HeaderAt(position).store(header, std::memory_order_release);
  }

  std::uint64_t Offset(std::uint64_t position) const noexcept { return position & (capacity_ - 1); }

  // The bytes are not part of the object, so its constness does not reach them.
  char *Bytes() const noexcept {
    return reinterpret_cast<char *>(const_cast<ByteRing *>(this) + 1);
  }
  Header HeaderAt(std::uint64_t position) const noexcept {
    return Header(*reinterpret_cast<Word *>(Bytes() + Offset(position)));
  }

  alignas(kCacheLineBytes) SharedU64 head_;          // written by producers
  alignas(kCacheLineBytes) SharedU64 tail_;          // written by the consumer
  alignas(kCacheLineBytes) std::uint32_t capacity_;  // never changes; the bytes follow
};

}  // namespace weir::core
