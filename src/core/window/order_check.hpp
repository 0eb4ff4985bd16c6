// Checks that the rows of each key arrive in order, before anybody relies on it.
#pragma once

#include <cstdint>
#include <memory_resource>

#include "core/group/group_table.hpp"
#include "core/window/order_words.hpp"
#include "core/window/window_plan.hpp"

namespace weir::core {

class OrderCheck {
 public:
  // `layout` is the plan's with ExtraBytes() of extra bytes; it and the plan outlive the check.
  OrderCheck(std::pmr::memory_resource &memory, const WindowPlan &plan, const RowLayout &layout,
             std::size_t limit);

  static int ExtraBytes(const WindowPlan &plan) noexcept {
    return 8 + plan.order_count * static_cast<int>(sizeof(OrderWord));
  }

  // False once a row came that belongs before an earlier one of its key, or that has no room.
  bool Add(const Column *columns, int count);

  // The most leading order columns in which two neighbours of a key were equal.
  int longest_tie() const noexcept { return longest_tie_; }
  std::int64_t keys() const noexcept { return table_.rows().count(); }
  std::size_t bytes() const noexcept { return table_.bytes(); }

 private:
  const WindowPlan &plan_;
  const RowLayout &layout_;
  GroupTable table_;
  OrderWords words_;
  std::byte *only_row_ = nullptr;
  int longest_tie_ = -1;
  std::byte *rows_[kColumnRows];
};

}  // namespace weir::core
