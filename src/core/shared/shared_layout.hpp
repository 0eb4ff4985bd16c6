// What every structure that several processes map has in common.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::core {

// Fields written by different processes are kept this far apart. Structures start on such a
// boundary: the caller's memory has to be aligned to it.
inline constexpr std::size_t kCacheLineBytes = 64;

// The atomics of shared structures. Each process may map them at an address of its own, so a lock
// hidden beside the object would not do.
using SharedU8 = std::atomic<std::uint8_t>;
using SharedU32 = std::atomic<std::uint32_t>;
using SharedU64 = std::atomic<std::uint64_t>;
static_assert(SharedU8::is_always_lock_free && sizeof(SharedU8) == 1);
static_assert(SharedU32::is_always_lock_free && sizeof(SharedU32) == 4);
static_assert(SharedU64::is_always_lock_free && sizeof(SharedU64) == 8);

constexpr std::size_t RoundUpToCacheLine(std::size_t bytes) noexcept {
  return (bytes + kCacheLineBytes - 1) & ~(kCacheLineBytes - 1);
}

// Positions count for ever and wrap at 2^64, so they are compared by their distance.
constexpr std::int64_t Distance(std::uint64_t from, std::uint64_t to) noexcept {
  return static_cast<std::int64_t>(to - from);
}

}  // namespace weir::core
