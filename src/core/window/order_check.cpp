#include "core/window/order_check.hpp"

#include <algorithm>

namespace weir::core {

OrderCheck::OrderCheck(std::pmr::memory_resource &memory, const WindowPlan &plan,
                       const RowLayout &layout, std::size_t limit)
    : plan_(plan),
      layout_(layout),
      table_(memory, layout, plan.kinds, limit, 0),
      words_(memory, plan) {
  if (layout.key_count == 0) only_row_ = table_.AddOnlyRow();
}

bool OrderCheck::Add(const Column *columns, int count) {
  if (only_row_ == nullptr && table_.Find(columns, count, rows_) > 0) return false;
  words_.Fill(columns, count);
  const std::size_t bytes = static_cast<std::size_t>(plan_.order_count) * sizeof(OrderWord);
  for (int i = 0; i < count; ++i) {
    std::byte *state = (only_row_ != nullptr ? only_row_ : rows_[i]) + layout_.extra;
    const OrderWord *words = words_.At(i);
    auto *last = reinterpret_cast<OrderWord *>(state + 8);
    if (Load<std::int64_t>(state) != 0) {
      const OrderMatch match = MatchOrder(words, last, plan_.order_count);
      if (match.is_before) return false;
      longest_tie_ = std::max(longest_tie_, match.equal_prefix);
    }
    Store(state, std::int64_t{1});
    std::memcpy(last, words, bytes);
  }
  return true;
}

}  // namespace weir::core
