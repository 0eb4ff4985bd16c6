#include "core/window/partition_store.hpp"

#include <algorithm>

#include "core/column/text_word.hpp"

namespace weir::core {
namespace {

bool HasTwoWords(const Column &column) noexcept { return column.high != nullptr; }

int StrideOf(const WindowPlan &plan, const Column *columns, int column_count) noexcept {
  int stride = 16 + plan.order_count * static_cast<int>(sizeof(OrderWord));
  for (int i = 0; i < column_count; ++i) stride += HasTwoWords(columns[i]) ? 32 : 8;
  return stride;
}

}  // namespace

PartitionStore::PartitionStore(std::pmr::memory_resource &memory, const WindowPlan &plan,
                               const RowLayout &layout, const Column *columns, int column_count,
                               std::size_t limit)
    : plan_(plan),
      layout_(layout),
      column_count_(column_count),
      limit_(limit),
      table_(memory, layout, plan.kinds, limit, 0),
      rows_(memory, StrideOf(plan, columns, column_count), limit),
      outlines_(memory),
      words_(memory, plan),
      partitions_(&memory),
      row_(&memory) {
  int offset = kOrderAt + plan.order_count * static_cast<int>(sizeof(OrderWord));
  for (int i = 0; i < column_count; ++i) {
    offset_[i] = offset;
    is_wide_[i] = HasTwoWords(columns[i]);
    offset += is_wide_[i] ? 32 : 8;
  }
  if (layout.key_count == 0) only_group_ = table_.AddOnlyRow();
}

// What the rows take, with what putting them in order and their results will take.
std::size_t PartitionStore::bytes() const noexcept {
  const auto per_row = static_cast<std::size_t>(8 + 9 * plan_.series_count + 8);
  return table_.bytes() + rows_.bytes() + outlines_.bytes() + partitions_.capacity() * sizeof(Key) +
         static_cast<std::size_t>(rows_.count()) * per_row;
}

std::uint64_t PartitionStore::NumberOf(std::byte *group) {
  std::byte *at = group + layout_.extra;
  auto number = Load<std::uint64_t>(at);
  if (number == 0) {
    partitions_.push_back({0, 0, nullptr, true});
    number = partitions_.size();
    Store(at, number);
  }
  return number - 1;
}

const char *PartitionStore::SaveOutline(const Column &column, int row) {
  const std::uint32_t length = column.length[row];
  auto *saved = static_cast<char *>(static_cast<std::pmr::memory_resource &>(outlines_).allocate(
      std::max<std::uint32_t>(length, 1), 8));
  std::memcpy(saved, column.outline[row], length);
  return saved;
}

void PartitionStore::Save(std::byte *to, const Column *columns, int row) {
  std::uint64_t nulls = 0;
  for (int i = 0; i < column_count_; ++i) {
    const Column &column = columns[i];
    std::byte *at = to + offset_[i];
    Store(at, column.word[row]);
    if (column.null[row] != 0) nulls |= 1ULL << i;
    if (!is_wide_[i]) continue;
    Store(at + 8, column.high[row]);
    const bool has_outline =
        column.null[row] == 0 && (column.is_padded || IsOutline(column.high[row]));
    Store(at + 16, has_outline ? SaveOutline(column, row) : nullptr);
    Store(at + 24, static_cast<std::uint64_t>(has_outline ? column.length[row] : 0));
  }
  Store(to, nulls);
}

bool PartitionStore::Add(const Column *columns, int count) {
  if (only_group_ == nullptr && table_.Find(columns, count, groups_) > 0) return false;
  words_.Fill(columns, count);
  const std::size_t order_bytes = static_cast<std::size_t>(plan_.order_count) * sizeof(OrderWord);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t number = NumberOf(only_group_ != nullptr ? only_group_ : groups_[i]);
    std::byte *row = rows_.Add(0);
    if (row == nullptr) return false;
    Save(row, columns, i);
    Store(row + 8, number);
    const OrderWord *words = words_.At(i);
    if (order_bytes > 0) std::memcpy(row + kOrderAt, words, order_bytes);
    Key &key = partitions_[number];
    if (key.last != nullptr && key.is_sorted) {
      const auto *last = reinterpret_cast<const OrderWord *>(key.last + kOrderAt);
      key.is_sorted = !MatchOrder(words, last, plan_.order_count).is_before;
    }
    key.last = row;
    ++key.count;
  }
  return bytes() <= limit_;
}

void PartitionStore::Finish() {
  std::int64_t first = 0;
  for (Key &key : partitions_) {
    key.first = first;
    first += key.count;
    key.count = 0;
  }
  row_.resize(static_cast<std::size_t>(first));
  rows_.ForEach([&](const std::byte *row) {
    Key &key = partitions_[Load<std::uint64_t>(row + 8)];
    row_[static_cast<std::size_t>(key.first + key.count++)] = row;
  });
  const int order_count = plan_.order_count;
  for (const Key &key : partitions_) {
    if (key.is_sorted) continue;
    ++sorted_;
    const auto begin = row_.begin() + key.first;
    std::sort(begin, begin + key.count, [order_count](const std::byte *a, const std::byte *b) {
      return MatchOrder(reinterpret_cast<const OrderWord *>(a + kOrderAt),
                        reinterpret_cast<const OrderWord *>(b + kOrderAt), order_count)
          .is_before;
    });
  }
}

void PartitionStore::Read(std::int64_t row, int column, Column &out, int out_row) const noexcept {
  const std::byte *at = At(row) + offset_[column];
  out.word[out_row] = Load<std::int64_t>(at);
  const bool is_null = IsNull(row, column);
  out.null[out_row] = is_null ? 1 : 0;
  out.has_nulls |= is_null;
  if (!is_wide_[column]) return;
  out.high[out_row] = Load<std::uint64_t>(at + 8);
  out.outline[out_row] = Load<const char *>(at + 16);
  out.length[out_row] = static_cast<std::uint32_t>(Load<std::uint64_t>(at + 24));
  out.has_outline |= out.outline[out_row] != nullptr;
}

}  // namespace weir::core
