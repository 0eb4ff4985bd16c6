// What is kept of a partition while its rows are read.
#pragma once

#include <cstdint>
#include <memory_resource>

#include "core/group/row_layout.hpp"
#include "core/window/window_plan.hpp"

namespace weir::core {

// Rows that may still become a frame's extreme, oldest first: each beats all that come after it. A
// ring that doubles; the memory of outgrown ones is the arena's to free.
class FrameDeque {
 public:
  struct Entry {
    std::int64_t row;
    std::int64_t word;
  };

  bool is_empty() const noexcept { return size_ == 0; }
  const Entry &front() const noexcept { return entries_[first_]; }
  const Entry &back() const noexcept { return entries_[(first_ + size_ - 1) & mask_]; }
  void PopFront() noexcept {
    first_ = (first_ + 1) & mask_;
    --size_;
  }
  void PopBack() noexcept { --size_; }
  void Clear() noexcept { size_ = 0; }
  void PushBack(Entry entry, std::pmr::memory_resource &memory) {
    if (size_ > mask_ || entries_ == nullptr) Grow(memory);
    entries_[(first_ + size_++) & mask_] = entry;
  }

 private:
  static constexpr std::uint32_t kFirstSize = 8;

  void Grow(std::pmr::memory_resource &memory) {
    const std::uint32_t room = entries_ == nullptr ? kFirstSize : (mask_ + 1) * 2;
    auto *grown = static_cast<Entry *>(memory.allocate(room * sizeof(Entry), alignof(Entry)));
    for (std::uint32_t i = 0; i < size_; ++i) grown[i] = entries_[(first_ + i) & mask_];
    entries_ = grown;
    mask_ = room - 1;
    first_ = 0;
  }

  Entry *entries_ = nullptr;
  std::uint32_t mask_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
};

// Values of one argument in one partition: rows [base, base + size).
struct SeriesView {
  const std::int64_t *word = nullptr;
  const std::uint8_t *null = nullptr;
  std::int64_t base = 0;
  std::int64_t size = 0;
  bool has_nulls = false;
  bool has_large = false;  // a float so large that PostgreSQL's arithmetic might overflow

  std::int64_t WordAt(std::int64_t row) const noexcept { return word[row - base]; }
  bool IsNull(std::int64_t row) const noexcept { return has_nulls && null[row - base] != 0; }
};

// No more aligned than an arena's memory.
using Wide [[gnu::aligned(8)]] = __int128;

// The rows [low, high) are in the sums.
struct FunctionState {
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::int64_t count = 0;  // of values that are not NULL
  union {
    Wide integer = 0;
    double real;
  } sum;
  union {
    Wide squares = 0;
    Moments moments;
  } spread;
  bool overflowed = false;  // of a sum that never starts again
  FrameDeque deque;
};

// Results of one function for the rows of a batch.
enum class ResultState : std::uint8_t {
  kValue,
  kNull,
  kAbsent,    // there is no such row
  kOverflow,  // PostgreSQL raises an error here
};

struct WindowResult {
  ResultState *state = nullptr;
  std::int64_t *word = nullptr;    // a count, a sum's low word, an extreme, or a row's number
  std::uint64_t *high = nullptr;   // a sum's high word
  const char **outline = nullptr;  // of a found value that its words do not hold
  std::uint32_t *length = nullptr;
  std::int64_t *count = nullptr;  // of values that are not NULL
  Moments *moments = nullptr;
  Squares *squares = nullptr;
};

}  // namespace weir::core
