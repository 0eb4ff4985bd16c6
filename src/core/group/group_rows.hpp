// Storage of group rows: chunks that never move, walked in the order the groups were first seen.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/group/row_layout.hpp"

namespace weir::core {

class GroupRows {
 public:
  // No chunk is allocated that would take the total beyond `limit`, save the first.
  GroupRows(std::pmr::memory_resource &memory, int stride, std::size_t limit)
      : memory_(memory),
        chunks_(&memory),
        stride_(static_cast<std::size_t>(stride)),
        limit_(limit) {}

  GroupRows(const GroupRows &) = delete;
  GroupRows &operator=(const GroupRows &) = delete;

  ~GroupRows() {
    for (const Chunk &chunk : chunks_) memory_.deallocate(chunk.memory, chunk.bytes, 8);
  }

  // Room for one more row, or null at the limit. `others` is what else counts towards it.
  std::byte *Add(std::size_t others) {
    if (next_ == end_ && !Grow(others)) return nullptr;
    std::byte *row = next_;
    next_ += stride_;
    ++count_;
    return row;
  }

  // Forgets all rows; the first chunk is kept.
  void Clear() noexcept {
    while (chunks_.size() > 1) {
      const Chunk &chunk = chunks_.back();
      memory_.deallocate(chunk.memory, chunk.bytes, 8);
      bytes_ -= chunk.bytes;
      chunks_.pop_back();
    }
    count_ = 0;
    if (chunks_.empty()) return;
    next_ = chunks_[0].rows_at;
    end_ = next_ + static_cast<std::size_t>(chunks_[0].rows) * stride_;
  }

  void set_limit(std::size_t limit) noexcept { limit_ = limit; }

  std::int64_t count() const noexcept { return count_; }
  std::size_t bytes() const noexcept { return bytes_; }

  // Calls visit(row) for every row in the order of their making.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::int64_t i = 0; i < count_;) {
      const Chunk &chunk = chunks_[ChunkOf(i)];
      const std::int64_t end = std::min(count_, chunk.first + chunk.rows);
      for (; i < end; ++i) visit(RowIn(chunk, i));
    }
  }

  // Walks the rows one by one from outside; a fresh cursor stands at the first.
  struct Cursor {
    std::size_t chunk = 0;
    std::int64_t row = 0;
  };

  // The next row, or null after the last.
  std::byte *Next(Cursor &cursor) const noexcept {
    if (cursor.row >= count_) return nullptr;
    const Chunk *chunk = &chunks_[cursor.chunk];
    if (cursor.row >= chunk->first + chunk->rows) chunk = &chunks_[++cursor.chunk];
    return RowIn(*chunk, cursor.row++);
  }

 private:
  struct Chunk {
    std::byte *memory;   // as allocated
    std::byte *rows_at;  // aligned to a cache line
    std::size_t bytes;
    std::int64_t first;
    std::int64_t rows;
  };

  static constexpr std::size_t kFirstChunk = 16 * 1024;
  static constexpr std::size_t kLargestChunk = 8 * 1024 * 1024;
  static constexpr std::size_t kCacheLine = 64;

  std::byte *RowIn(const Chunk &chunk, std::int64_t row) const noexcept {
    return chunk.rows_at + static_cast<std::size_t>(row - chunk.first) * stride_;
  }

  std::size_t ChunkOf(std::int64_t row) const noexcept {
    std::size_t i = 0;
    while (row >= chunks_[i].first + chunks_[i].rows) ++i;
    return i;
  }

  bool Grow(std::size_t others) {
    // A quarter of what there is wastes little and keeps the number of chunks small.
    std::size_t bytes = std::max(kFirstChunk, std::min(kLargestChunk, bytes_ / 4));
    bytes = std::max(bytes, stride_ * 4);
    if (!chunks_.empty() && bytes_ + others + bytes > limit_) return false;
    if (chunks_.size() == chunks_.capacity()) chunks_.reserve(chunks_.size() * 2 + 8);
    auto *memory = static_cast<std::byte *>(memory_.allocate(bytes + kCacheLine, 8));
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    std::byte *rows_at = memory + (kCacheLine - address % kCacheLine) % kCacheLine;
    const auto rows = static_cast<std::int64_t>(bytes / stride_);
    chunks_.push_back({memory, rows_at, bytes + kCacheLine, count_, rows});
    bytes_ += bytes + kCacheLine;
    next_ = rows_at;
    end_ = rows_at + static_cast<std::size_t>(rows) * stride_;
    return true;
  }

  std::pmr::memory_resource &memory_;
  std::pmr::vector<Chunk> chunks_;
  std::size_t stride_;
  std::size_t limit_;
  std::size_t bytes_ = 0;
  std::int64_t count_ = 0;
  std::byte *next_ = nullptr;
  std::byte *end_ = nullptr;
};

}  // namespace weir::core
