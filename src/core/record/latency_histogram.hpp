// How many durations were how long: a log-linear histogram from a microsecond to an hour that
// merges by addition.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::core {

// Four buckets an octave: a bucket begins at 1, 1.25, 1.5 or 1.75 times a power of two microseconds
// and is at most a quarter of its beginning wide. Its value is the harmonic mean of its edges, so
// no duration between a microsecond and an hour differs from its bucket's value by more than a
// ninth of itself. Bucket 0 holds what is shorter, the last bucket what is longer.
//
// Counts stop at the largest they can hold, together, so a total never overflows.
class LatencyHistogram {
 public:
  static constexpr int kBuckets = 129;
  static constexpr double kLongestUs = 3.6e9;
  static constexpr std::uint64_t kMostCounts = INT64_MAX;
  // A version, then for each bucket in use its number and its count in groups of seven bits.
  static constexpr std::size_t kMaxEncodedBytes = 1 + kBuckets * (1 + 9);

  static int BucketOf(double ms) noexcept {
    const double us = ms * 1000.0;
    if (!(us >= 1.0)) return 0;
    if (us >= kLongestUs) return kBuckets - 1;
    const auto bits = std::bit_cast<std::uint64_t>(us);
    const int octave = static_cast<int>(bits >> 52) - 1023;
    return 1 + octave * 4 + static_cast<int>(bits >> 50 & 3);
  }

  static double LowerMs(int bucket) noexcept {
    if (bucket == 0) return 0.0;
    if (bucket == kBuckets - 1) return kLongestUs / 1000.0;
    return std::ldexp(4 + (bucket - 1) % 4, (bucket - 1) / 4 - 2) / 1000.0;
  }

  // Infinity for the last bucket.
  static double UpperMs(int bucket) noexcept {
    return bucket == kBuckets - 1 ? HUGE_VAL : std::min(LowerMs(bucket + 1), kLongestUs / 1000.0);
  }

  // What stands for the durations of a bucket.
  static double ValueMs(int bucket) noexcept {
    const double lower = LowerMs(bucket);
    if (bucket == kBuckets - 1) return lower;
    const double upper = UpperMs(bucket);
    return bucket == 0 ? upper / 2 : 2 * lower * upper / (lower + upper);
  }

  void Add(double ms, std::uint64_t count = 1) noexcept { AddTo(BucketOf(ms), count); }

  void Merge(const LatencyHistogram &other) noexcept {
    for (int i = 0; i < kBuckets; ++i) AddTo(i, other.counts_[i]);
  }

  std::uint64_t total() const noexcept { return total_; }
  std::uint64_t count(int bucket) const noexcept { return counts_[bucket]; }

  // The value of the bucket that holds the duration which a share `p` (0 to 1) of all durations
  // does not exceed. NaN when there are none.
  double Percentile(double p) const noexcept {
    if (total_ == 0) return NAN;
    const double wanted = p * static_cast<double>(total_);
    std::uint64_t seen = 0;
    int last = 0;
    for (int i = 0; i < kBuckets; ++i) {
      if (counts_[i] == 0) continue;
      seen += counts_[i];
      last = i;
      if (static_cast<double>(seen) >= wanted) break;
    }
    return ValueMs(last);
  }

  // Durations in the bucket of `ms` and in those above it.
  std::uint64_t CountFrom(double ms) const noexcept {
    std::uint64_t count = 0;
    for (int i = BucketOf(ms); i < kBuckets; ++i) count += counts_[i];
    return count;
  }

  // Adds `count` durations to a bucket.
  void AddTo(int bucket, std::uint64_t count) noexcept {
    const std::uint64_t added = std::min(count, kMostCounts - total_);
    counts_[bucket] += added;
    total_ += added;
  }

  // Writes at most kMaxEncodedBytes; returns how many. Equal histograms have equal bytes.
  std::size_t Encode(std::uint8_t *out) const noexcept {
    std::uint8_t *at = out;
    *at++ = kVersion;
    for (int i = 0; i < kBuckets; ++i) {
      if (counts_[i] == 0) continue;
      *at++ = static_cast<std::uint8_t>(i);
      std::uint64_t left = counts_[i];
      for (; left >= 0x80; left >>= 7) *at++ = static_cast<std::uint8_t>(left | 0x80);
      *at++ = static_cast<std::uint8_t>(left);
    }
    return static_cast<std::size_t>(at - out);
  }

  // Adds what Encode() has written. False, and nothing is said about the counts, for any other
  // bytes.
  bool MergeEncoded(std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.empty() || bytes[0] != kVersion) return false;
    std::size_t at = 1;
    int last = -1;
    std::uint64_t sum = 0;
    while (at < bytes.size()) {
      const int bucket = bytes[at++];
      std::uint64_t count = 0;
      if (bucket <= last || bucket >= kBuckets || !ReadCount(bytes, &at, &count)) return false;
      if (count > kMostCounts - sum) return false;
      sum += count;
      last = bucket;
      AddTo(bucket, count);
    }
    return true;
  }

 private:
  static constexpr std::uint8_t kVersion = 1;

  // A count that is not 0, in no more groups than it needs.
  static bool ReadCount(std::span<const std::uint8_t> bytes, std::size_t *at,
                        std::uint64_t *count) noexcept {
    for (int shift = 0; shift < 63 && *at < bytes.size(); shift += 7) {
      const std::uint8_t group = bytes[(*at)++];
      *count |= static_cast<std::uint64_t>(group & 0x7F) << shift;
      if (group < 0x80) return group != 0;
    }
    return false;
  }

  std::uint64_t counts_[kBuckets]{};
  std::uint64_t total_ = 0;
};

}  // namespace weir::core
