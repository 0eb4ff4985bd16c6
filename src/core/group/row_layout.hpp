// Where keys and aggregate states lie inside a group's row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/column/column.hpp"

namespace weir::core {

inline constexpr int kMaxKeys = 16;
inline constexpr int kMaxColumns = 64;
inline constexpr int kMaxKeyWords = 2 * kMaxKeys;

// What the aggregates over one column need; a bit set. Aggregates that share a column share states.
enum : std::uint32_t {
  kNeedCount = 1U << 0,
  kNeedSum = 1U << 1,
  kNeedMin = 1U << 2,
  kNeedMax = 1U << 3,
  kNeedMoments = 1U << 4,  // count, mean and squared deviations of a float, as doubles
  // Sums of an integer and of its square; of the square alone where those exceed 128 bits.
  kNeedSquares = 1U << 5,
  kNeedBitAnd = 1U << 6,
  kNeedBitOr = 1U << 7,
  kNeedBitXor = 1U << 8,
};

// Byte offsets inside the row, -1 where not needed.
struct StateOffsets {
  std::int32_t null_count = -1;
  std::int32_t sum = -1;
  std::int32_t min = -1;
  std::int32_t max = -1;
  std::int32_t moments = -1;
  std::int32_t squares = -1;
  std::int32_t bit_and = -1;
  std::int32_t bit_or = -1;
  std::int32_t bit_xor = -1;
};

// A row: one header word, the key words, a pointer per text key, the states.
//
// The header holds the number of rows in the group above 16 bits that say which keys are NULL.
// A column's non-NULL count is the group's count less its null count.
struct RowLayout {
  int key_count = 0;
  int key_column[kMaxKeys] = {};
  int key_word[kMaxKeys] = {};     // index of the key's first word after the header
  int key_outline[kMaxKeys] = {};  // byte offset of the key's outline pointer, or -1
  int key_words = 0;
  int column_count = 0;
  std::uint32_t need[kMaxColumns] = {};
  StateOffsets state[kMaxColumns];
  int extra_bytes = 0;  // zeroed room after the states, for the caller
  int extra = -1;       // its offset
  int stride = 8;
};

inline constexpr int kCountShift = 16;
inline constexpr std::uint64_t kKeyNullMask = 0xffff;

inline std::int64_t RowCount(const std::byte *row) noexcept {
  return static_cast<std::int64_t>(Load<std::uint64_t>(row) >> kCountShift);
}

// Lays out the row for columns of the given kinds; `need` is filled per column by the caller, as
// are key_count and key_column.
void FinishLayout(RowLayout &layout, const ValueKind *kinds, const bool *nullable) noexcept;

// Writes the states of a group that has seen no row.
void InitRow(const RowLayout &layout, const ValueKind *kinds, std::byte *row) noexcept;

// Text minimum or maximum: bytes in the aggregator's memory.
struct TextState {
  char *bytes;
  std::uint32_t length;
  std::uint32_t capacity;
};

struct Moments {
  double count;
  double sum;
  double squares;
};

// Whether squares of the kind need a SquareSum.
inline bool IsBig(ValueKind kind) noexcept {
  return kind == ValueKind::kInt64 || kind == ValueKind::kNumeric;
}

struct Squares {
  __int128 sum;
  __int128 squares;
};

}  // namespace weir::core
