// Maps the keys of batch rows to group rows.
//
// Open addressing over 8-byte slots: a 16-bit tag of the hash and a 48-bit pointer to the group's
// row, which holds the key and the states side by side. Rows never move, so growing rewrites slots
// only, and a false tag costs one cache miss in 65,536.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/base/arena.hpp"
#include "core/column/column.hpp"
#include "core/group/group_rows.hpp"
#include "core/group/row_layout.hpp"

namespace weir::core {

class GroupTable {
 public:
  // `limit` bounds the memory of rows, slots and long keys together; `expected` groups get their
  // slots at once. `layout` outlives the table.
  GroupTable(std::pmr::memory_resource &memory, const RowLayout &layout, const ValueKind *kinds,
             std::size_t limit, double expected);
  ~GroupTable();
  GroupTable(const GroupTable &) = delete;
  GroupTable &operator=(const GroupTable &) = delete;

  // Points rows[i] at the group of each batch row and makes new groups on the way. Rows whose
  // group is new when the memory limit is reached get a null pointer; returns how many. Once one
  // key was refused all new keys are, so that a group's rows are never split.
  int Find(const Column *columns, int count, std::byte **rows);

  // The row of a table without keys.
  std::byte *AddOnlyRow();

  // The hash of a row of the last Find.
  std::uint64_t HashOf(int row) const noexcept { return hash_[row]; }

  // Forgets all groups and what the arena holds.
  void Clear() noexcept;

  void set_limit(std::size_t limit) noexcept {
    limit_ = limit;
    rows_.set_limit(limit);
  }

  bool is_full() const noexcept { return is_full_; }
  const GroupRows &rows() const noexcept { return rows_; }
  std::size_t bytes() const noexcept { return rows_.bytes() + slot_bytes() + arena_.bytes(); }
  // For states that live outside the rows.
  Arena &arena() noexcept { return arena_; }

 private:
  struct Keys;

  std::size_t slot_bytes() const noexcept { return slots_ ? (mask_ + 1) * 8 : 0; }
  template <int kWords>
  void FindFixed(const Keys &keys, int count, std::byte **rows);
  void FindAny(const Keys &keys, int count, std::byte **rows);
  bool SameOutlines(const std::byte *row, const Keys &keys, int at) const noexcept;
  std::byte *NewRow(const Keys &keys, int at, const std::uint64_t *words, std::uint64_t nulls);
  void SaveOutlines(std::byte *row, const Keys &keys, int at, std::uint64_t nulls);
  char *SaveBytes(const char *bytes, std::uint32_t length);
  void PrepareFor(int count);
  void Resize(std::size_t slots);
  std::uint64_t HashRow(const std::byte *row) const noexcept;

  std::pmr::memory_resource &memory_;
  const RowLayout &layout_;
  std::size_t limit_;
  GroupRows rows_;
  std::uint64_t *slots_ = nullptr;
  std::uint64_t mask_ = 0;
  Arena arena_;  // long keys
  bool is_full_ = false;
  std::pmr::vector<std::byte> template_row_;
  int refused_ = 0;
  std::uint64_t hash_[kColumnRows];
};

// The bytes of a key that its words do not hold: 32-bit length, then the bytes.
struct Outline {
  const char *bytes = nullptr;
  std::uint32_t length = 0;
};

inline Outline OutlineOf(const std::byte *row, int offset) noexcept {
  const char *saved = Load<const char *>(row + offset);
  if (saved == nullptr) return {};
  return {saved + 4, Load<std::uint32_t>(saved)};
}

}  // namespace weir::core
