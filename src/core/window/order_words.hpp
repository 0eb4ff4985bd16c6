// Order columns as words that compare like the order asked for.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/window/window_plan.hpp"

namespace weir::core {

// `place` tells where NULL stands: before the values or behind them.
struct OrderWord {
  std::uint64_t place;
  std::uint64_t value;
};

// How many leading columns of two rows are equal, and whether the left one comes first by the next.
struct OrderMatch {
  int equal_prefix;
  bool is_before;
};

inline OrderMatch MatchOrder(const OrderWord *left, const OrderWord *right, int count) noexcept {
  for (int i = 0; i < count; ++i) {
    if (left[i].place == right[i].place && left[i].value == right[i].value) continue;
    const bool is_before = left[i].place != right[i].place ? left[i].place < right[i].place
                                                           : left[i].value < right[i].value;
    return {i, is_before};
  }
  return {count, false};
}

// The words of a batch, those of a row side by side.
class OrderWords {
 public:
  OrderWords(std::pmr::memory_resource &memory, const WindowPlan &plan)
      : plan_(plan),
        words_(static_cast<std::size_t>(plan.order_count) * kColumnRows, OrderWord{}, &memory) {}

  void Fill(const Column *columns, int count) noexcept;
  const OrderWord *At(int row) const noexcept {
    return words_.data() + static_cast<std::ptrdiff_t>(row) * plan_.order_count;
  }

 private:
  const WindowPlan &plan_;
  std::pmr::vector<OrderWord> words_;
};

}  // namespace weir::core
