// All rows of an input in memory, by key, and in order within each key: for rows that do not arrive
// in order, and for frames that look ahead.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/base/arena.hpp"
#include "core/group/group_rows.hpp"
#include "core/group/group_table.hpp"
#include "core/window/order_words.hpp"
#include "core/window/window_plan.hpp"

namespace weir::core {

class PartitionStore {
 public:
  // `columns` are the batches' columns, whose kinds count; all of them are kept. `layout` is the
  // plan's with kExtraBytes. Plan and layout outlive the store.
  PartitionStore(std::pmr::memory_resource &memory, const WindowPlan &plan, const RowLayout &layout,
                 const Column *columns, int column_count, std::size_t limit);

  static constexpr int kExtraBytes = 16;

  // Copies rows [0, count). False when they do not fit: the store is of no use then.
  bool Add(const Column *columns, int count);

  // Puts each key's rows together and sorts those that did not arrive in order.
  void Finish();

  struct Partition {
    std::int64_t first;  // its first row
    std::int64_t count;
  };
  std::int64_t partition_count() const noexcept {
    return static_cast<std::int64_t>(partitions_.size());
  }
  Partition partition(std::int64_t number) const noexcept {
    const Key &key = partitions_[static_cast<std::size_t>(number)];
    return {key.first, key.count};
  }
  std::int64_t sorted_partitions() const noexcept { return sorted_; }

  const OrderWord *OrderOf(std::int64_t row) const noexcept {
    return reinterpret_cast<const OrderWord *>(At(row) + kOrderAt);
  }
  std::int64_t WordOf(std::int64_t row, int column) const noexcept {
    return Load<std::int64_t>(At(row) + offset_[column]);
  }
  bool IsNull(std::int64_t row, int column) const noexcept {
    return (Load<std::uint64_t>(At(row)) >> column & 1) != 0;
  }

  // Copies a value into a row of a column of the same kind.
  void Read(std::int64_t row, int column, Column &out, int out_row) const noexcept;

  std::size_t bytes() const noexcept;

 private:
  struct Key {
    std::int64_t first;
    std::int64_t count;
    const std::byte *last;
    bool is_sorted;
  };

  static constexpr int kOrderAt = 16;  // after the null mask and the key's number

  const std::byte *At(std::int64_t row) const noexcept {
    return row_[static_cast<std::size_t>(row)];
  }
  std::uint64_t NumberOf(std::byte *group);
  void Save(std::byte *to, const Column *columns, int row);
  const char *SaveOutline(const Column &column, int row);

  const WindowPlan &plan_;
  const RowLayout &layout_;
  int column_count_;
  std::size_t limit_;
  int offset_[kMaxColumns];
  bool is_wide_[kMaxColumns];
  GroupTable table_;
  GroupRows rows_;
  Arena outlines_;
  OrderWords words_;
  std::byte *only_group_ = nullptr;
  std::pmr::vector<Key> partitions_;
  std::pmr::vector<const std::byte *> row_;
  std::int64_t sorted_ = 0;
  std::byte *groups_[kColumnRows];
};

}  // namespace weir::core
