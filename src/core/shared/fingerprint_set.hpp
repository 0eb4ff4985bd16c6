// A set that may forget, in shared memory: has the text of this query been sent?
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include "core/base/hash.hpp"
#include "core/shared/shared_layout.hpp"

namespace weir::core {

// Like a processor's cache: a fingerprint belongs to one bucket of eight words, one cache line,
// and a new one takes the place of another when the bucket is full. What is in the set was added;
// what was added may have been forgotten. 0 stands for an empty word and is never a member.
//
// A fingerprint is the whole datum and nothing else hangs on it, so all accesses are relaxed. Two
// processes that add at once may overwrite each other or store one fingerprint twice: both are
// only ways to forget.
class FingerprintSet {
 public:
  // Room for `capacity` (at least 1) fingerprints, rounded up to a power of two of buckets.
  static constexpr std::size_t BytesFor(std::uint32_t capacity) noexcept {
    return sizeof(FingerprintSet) + BucketCount(capacity) * sizeof(Bucket);
  }

  // Places an empty set in BytesFor(capacity) bytes at `memory`, 64-byte aligned.
  static FingerprintSet *Create(void *memory, std::uint32_t capacity) noexcept {
    auto *set = new (memory) FingerprintSet(BucketCount(capacity));
    for (std::uint64_t i = 0; i <= set->bucket_mask_; ++i) new (set->Buckets() + i) Bucket();
    return set;
  }

  FingerprintSet(const FingerprintSet &) = delete;
  FingerprintSet &operator=(const FingerprintSet &) = delete;

  // Any process.
  bool Contains(std::uint64_t fingerprint) const noexcept {
    return fingerprint != 0 && Find(BucketOf(fingerprint), fingerprint) < kWays;
  }

  // Any process.
  void Add(std::uint64_t fingerprint) noexcept {
    if (fingerprint == 0) return;
    Bucket &bucket = BucketOf(fingerprint);
    if (Find(bucket, fingerprint) < kWays) return;
    int way = Find(bucket, 0);
    if (way == kWays) way = Victim();
    bucket.words[way].store(fingerprint, std::memory_order_relaxed);
  }

  // Any process: forgets everything that was there before the call.
  void Clear() noexcept {
    for (std::uint64_t i = 0; i <= bucket_mask_; ++i) {
      for (SharedU64 &word : Buckets()[i].words) word.store(0, std::memory_order_relaxed);
    }
  }

 private:
  static constexpr int kWays = 8;

  struct alignas(kCacheLineBytes) Bucket {
    SharedU64 words[kWays]{};  // written by any process
  };
  static_assert(sizeof(Bucket) == kCacheLineBytes);

  explicit FingerprintSet(std::uint64_t buckets) noexcept : bucket_mask_(buckets - 1) {}

  static constexpr std::uint64_t BucketCount(std::uint32_t capacity) noexcept {
    return std::bit_ceil((std::uint64_t{capacity} + kWays - 1) / kWays);
  }

  // Where `word` is in the bucket; kWays when it is not there.
  static int Find(const Bucket &bucket, std::uint64_t word) noexcept {
    int way = 0;
    while (way < kWays && bucket.words[way].load(std::memory_order_relaxed) != word) ++way;
    return way;
  }

  // Drawn from a count of draws: anything that followed from the fingerprints alone would let two
  // of them drive each other out for ever.
  int Victim() noexcept {
    const std::uint64_t draw = draws_.fetch_add(1, std::memory_order_relaxed);
    return static_cast<int>(HashWord(draw) % kWays);
  }

  Bucket &BucketOf(std::uint64_t fingerprint) noexcept {
    return Buckets()[HashWord(fingerprint) & bucket_mask_];
  }
  const Bucket &BucketOf(std::uint64_t fingerprint) const noexcept {
    return const_cast<FingerprintSet *>(this)->BucketOf(fingerprint);
  }
  Bucket *Buckets() noexcept { return reinterpret_cast<Bucket *>(this + 1); }

  alignas(kCacheLineBytes) SharedU64 draws_{0};         // written by whoever replaces
  alignas(kCacheLineBytes) std::uint64_t bucket_mask_;  // never changes; the buckets follow
};

}  // namespace weir::core
