// Columns of a batch: fixed-capacity arrays that server code fills and the core reads.
#pragma once

#include <cstdint>
#include <cstring>

namespace weir::core {

// A batch is consumed once it holds kBatchRows rows; the room above that lets one more heap page
// be decoded without a check per row.
inline constexpr int kBatchRows = 1024;
inline constexpr int kColumnRows = 1024 + 320;

// What a column's words mean. The two integer kinds differ in how wide a sum of them must be.
enum class ValueKind : std::uint8_t {
  kInt32,    // word: any integer of at most 32 bits, sign-extended (also bool, date, oid)
  kInt64,    // word: bigint, time, timestamp
  kFloat4,   // word: the value widened to double, its bits
  kFloat8,   // word: the bits of a double
  kText,     // word, high: see text_word.hpp
  kNumeric,  // word, high: 128-bit integer in units of 10^-16, see numeric_value.hpp
};

// Invariant: unless `has_nulls`, every byte of `null` is zero, so that decoding rows without NULLs
// has nothing to clear. A NULL's word is zero.
struct Column {
  ValueKind kind = ValueKind::kInt64;
  bool has_nulls = false;
  // Text: each row has `outline` and `length`, because a key's canonical bytes are not its value.
  bool is_padded = false;
  // Some row of this batch keeps its bytes outside the words.
  bool has_outline = false;
  std::int64_t *word = nullptr;
  std::uint64_t *high = nullptr;
  const char **outline = nullptr;
  std::uint32_t *length = nullptr;
  std::uint8_t *null = nullptr;
};

// The column without its first rows.
inline Column Skip(Column column, int rows) noexcept {
  column.word += rows;
  column.null += rows;
  if (column.high != nullptr) column.high += rows;
  if (column.outline != nullptr) column.outline += rows;
  if (column.length != nullptr) column.length += rows;
  return column;
}

// Moves a row of the column to another place.
inline void MoveRow(Column &column, int from, int to) noexcept {
  column.word[to] = column.word[from];
  column.null[to] = column.null[from];
  if (column.high != nullptr) column.high[to] = column.high[from];
  if (column.outline != nullptr) column.outline[to] = column.outline[from];
  if (column.length != nullptr) column.length[to] = column.length[from];
}

inline double AsDouble(std::int64_t word) noexcept { return __builtin_bit_cast(double, word); }
inline std::int64_t AsWord(double value) noexcept {
  return __builtin_bit_cast(std::int64_t, value);
}

template <typename T>
inline T Load(const void *from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
inline void Store(void *to, T value) noexcept {
  std::memcpy(to, &value, sizeof(T));
}

}  // namespace weir::core
