// How byte strings travel in two words.
//
// Up to 15 bytes are inline: the first eight in `word`, the rest in `high`, whose top byte is the
// length. Longer strings put a hash in `word`, 0xff and the length in `high`, and a pointer to the
// bytes in `outline`: two strings with equal words need a comparison of their bytes.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/base/hash.hpp"
#include "core/column/column.hpp"

namespace weir::core {

inline constexpr std::uint32_t kInlineText = 15;
inline constexpr std::uint64_t kOutlineTag = 0xff;

inline bool IsOutline(std::uint64_t high) noexcept { return high >> 56 == kOutlineTag; }

inline std::uint32_t TextLength(std::uint64_t high) noexcept {
  return IsOutline(high) ? static_cast<std::uint32_t>(high)
                         : static_cast<std::uint32_t>(high >> 56);
}

inline std::uint64_t LowBytesMask(std::uint32_t bytes) noexcept {
  return bytes >= 8 ? ~0ULL : (1ULL << (bytes * 8)) - 1;
}

// Reads 16 bytes at once where they end before `limit`, the end of readable memory.
inline void PackInline(const char *bytes, std::uint32_t length, const char *limit,
                       std::int64_t *word, std::uint64_t *high) noexcept {
  std::uint64_t low_part = 0;
  std::uint64_t high_part = 0;
  if (bytes + 16 <= limit) [[likely]] {
    low_part = Load<std::uint64_t>(bytes) & LowBytesMask(length);
    high_part = length > 8 ? Load<std::uint64_t>(bytes + 8) & LowBytesMask(length - 8) : 0;
  } else {
    char copy[16] = {};
    std::memcpy(copy, bytes, length);
    low_part = Load<std::uint64_t>(copy);
    high_part = Load<std::uint64_t>(copy + 8);
  }
  *word = static_cast<std::int64_t>(low_part);
  *high = high_part | static_cast<std::uint64_t>(length) << 56;
}

// Packs a string whose bytes stay where they are until the batch is consumed.
inline void PackText(Column &column, int row, const char *bytes, std::uint32_t length,
                     const char *limit) noexcept {
  if (length <= kInlineText) [[likely]] {
    PackInline(bytes, length, limit, &column.word[row], &column.high[row]);
    return;
  }
  column.word[row] = static_cast<std::int64_t>(HashBytes({bytes, length}));
  column.high[row] = kOutlineTag << 56 | length;
  column.outline[row] = bytes;
  column.length[row] = length;
  column.has_outline = true;
}

// Packs a key whose first `key_length` bytes decide equality and whose whole `length` bytes are
// given back. The column must be padded.
inline void PackPadded(Column &column, int row, const char *bytes, std::uint32_t key_length,
                       std::uint32_t length) noexcept {
  PackText(column, row, bytes, key_length, bytes);
  column.outline[row] = bytes;
  column.length[row] = length;
  column.has_outline = true;
}

}  // namespace weir::core
