// The hash of a group key's words.
#pragma once

#include <cstdint>

#include "core/base/hash.hpp"

namespace weir::core {

// Every bit of the result depends on every word: tables take their index from the low bits, their
// tags and spill partitions from the high ones.
inline std::uint64_t HashWords(const std::uint64_t *words, int count) noexcept {
  if (count == 1) return HashWord(words[0]);
  std::uint64_t hash = MultiplyFold(words[0] ^ detail::kRoot2, words[1] ^ detail::kGolden);
  for (int i = 2; i < count; ++i)
    hash = MultiplyFold(hash ^ detail::kRoot3, words[i] ^ detail::kGolden);
  return hash;
}

// Keys with NULLs hash apart from the same words without.
inline std::uint64_t HashNulls(std::uint64_t hash, std::uint64_t null_mask) noexcept {
  return MultiplyFold(hash ^ detail::kRoot3, null_mask ^ detail::kRoot2);
}

}  // namespace weir::core
