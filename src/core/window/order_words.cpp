#include "core/window/order_words.hpp"

#include <cmath>

namespace weir::core {
namespace {

constexpr std::uint64_t kSignBit = 1ULL << 63;

std::uint64_t IntegerWord(std::int64_t word) noexcept {
  return static_cast<std::uint64_t>(word) ^ kSignBit;
}

// PostgreSQL's order of floats: -0 equals 0, all NaNs are equal and above everything.
std::uint64_t FloatWord(std::int64_t word) noexcept {
  const double value = AsDouble(word);
  if (std::isnan(value)) return ~0ULL;
  const auto bits = static_cast<std::uint64_t>(AsWord(value == 0.0 ? 0.0 : value));
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

void FillColumn(const OrderColumn &order, const Column &column, int count, OrderWord *out,
                int stride) noexcept {
  const bool is_float = order.kind == ValueKind::kFloat4 || order.kind == ValueKind::kFloat8;
  const std::uint64_t flip = order.is_descending ? ~0ULL : 0;
  for (int i = 0; i < count; ++i) {
    const std::int64_t word = column.word[i];
    out[i * stride] = {1, (is_float ? FloatWord(word) : IntegerWord(word)) ^ flip};
  }
  if (!column.has_nulls) return;
  const std::uint64_t null_place = order.nulls_first ? 0 : 2;
  for (int i = 0; i < count; ++i) {
    if (column.null[i] != 0) out[i * stride] = {null_place, 0};
  }
}

}  // namespace

void OrderWords::Fill(const Column *columns, int count) noexcept {
  for (int k = 0; k < plan_.order_count; ++k) {
    const OrderColumn &order = plan_.order[k];
    FillColumn(order, columns[order.column], count, words_.data() + k, plan_.order_count);
  }
}

}  // namespace weir::core
