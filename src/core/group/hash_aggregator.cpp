#include "core/group/hash_aggregator.hpp"

#include <algorithm>

#include "core/column/text_word.hpp"
#include "core/group/numeric_extreme.hpp"
#include "core/group/numeric_sum.hpp"

namespace weir::core {
namespace {

constexpr std::uint32_t kFoldNeeds = kNeedSum | kNeedMin | kNeedMax;
constexpr std::uint32_t kBitNeeds = kNeedBitAnd | kNeedBitOr | kNeedBitXor;

struct Bytes {
  const char *at;
  std::uint32_t length;
};

// The bytes of a text value; inline ones are copied into `buffer`.
Bytes TextAt(const Column &column, int row, char *buffer) noexcept {
  const std::uint64_t high = column.high[row];
  if (IsOutline(high)) return {column.outline[row], column.length[row]};
  Store(buffer, column.word[row]);
  Store(buffer + 8, high);
  return {buffer, TextLength(high)};
}

int CompareBytes(const Bytes &a, const TextState &b) noexcept {
  const int order = std::memcmp(a.at, b.bytes, std::min(a.length, b.length));
  if (order != 0) return order;
  return a.length < b.length ? -1 : a.length > b.length ? 1 : 0;
}

void Replace(TextState &state, const Bytes &value, std::pmr::memory_resource &memory) {
  if (state.bytes == nullptr || value.length > state.capacity) {
    const std::uint32_t capacity = std::max<std::uint32_t>(16, value.length + value.length / 4);
    state.bytes = static_cast<char *>(memory.allocate(capacity, 8));
    state.capacity = capacity;
  }
  std::memcpy(state.bytes, value.at, value.length);
  state.length = value.length;
}

}  // namespace

HashAggregator::HashAggregator(std::pmr::memory_resource &memory, const AggregatorPlan &plan,
                               std::size_t limit, double expected_groups)
    : plan_(plan), table_(memory, plan.layout, plan.kinds, limit, expected_groups) {
  if (plan.layout.key_count == 0) rows_[0] = table_.AddOnlyRow();
}

int HashAggregator::Place(const Column *columns, int count) {
  return plan_.layout.key_count == 0 ? 0 : table_.Find(columns, count, rows_);
}

int HashAggregator::DropUnplaced(Column *columns, int count) noexcept {
  int kept = 0;
  for (int i = 0; i < count; ++i) {
    if (rows_[i] == nullptr) continue;
    rows_[kept] = rows_[i];
    for (int c = 0; c < plan_.layout.column_count; ++c) MoveRow(columns[c], i, kept);
    ++kept;
  }
  return kept;
}

void HashAggregator::CountRows(int count) noexcept {
  constexpr std::uint64_t kOne = 1ULL << kCountShift;
  if (plan_.layout.key_count == 0) {
    Store(rows_[0], Load<std::uint64_t>(rows_[0]) + kOne * static_cast<std::uint64_t>(count));
    return;
  }
  for (int i = 0; i < count; ++i) Store(rows_[i], Load<std::uint64_t>(rows_[i]) + kOne);
}

bool HashAggregator::IsSuspect(const Column *columns, int count) const noexcept {
  const RowLayout &layout = plan_.layout;
  if (plan_.is_careful) return false;
  for (int c = 0; c < layout.column_count; ++c) {
    const bool adds = plan_.kinds[c] == ValueKind::kFloat8 && (layout.need[c] & kNeedSum) != 0;
    if (adds && HasLargeFloat(columns[c], count)) return true;
  }
  return false;
}

UpdateStatus HashAggregator::Update(const Column *columns, int count) {
  const RowLayout &layout = plan_.layout;
  const UpdateInput input{rows_, count, layout.key_count == 0};
  CountRows(count);
  for (int c = 0; c < layout.column_count; ++c) {
    if (layout.need[c] == 0) continue;
    const UpdateStatus status = UpdateColumn(input, columns[c], c);
    if (status != UpdateStatus::kDone) return status;
  }
  return UpdateStatus::kDone;
}

UpdateStatus HashAggregator::UpdateRow(const Column *columns, int row) {
  std::byte *group = group_of(row);
  const UpdateInput input{&group, 1, true};
  Store(group, Load<std::uint64_t>(group) + (1ULL << kCountShift));
  const RowLayout &layout = plan_.layout;
  for (int c = 0; c < layout.column_count; ++c) {
    if (layout.need[c] == 0) continue;
    const UpdateStatus status = UpdateColumn(input, Skip(columns[c], row), c);
    if (status != UpdateStatus::kDone) return status;
  }
  return UpdateStatus::kDone;
}

UpdateStatus HashAggregator::UpdateColumn(const UpdateInput &input, const Column &column,
                                          int index) {
  const StateOffsets &state = plan_.layout.state[index];
  const std::uint32_t need = plan_.layout.need[index];
  const bool is_foldable = column.kind != ValueKind::kText && column.kind != ValueKind::kNumeric;
  auto status = UpdateStatus::kDone;
  if (is_foldable && (need & kFoldNeeds) != 0) {
    status = Fold(input, column, state, need);
    if (status != UpdateStatus::kDone) return status;
  } else if (column.has_nulls) {
    CountNulls(input, column, state);
  }
  if (column.kind == ValueKind::kNumeric) UpdateNumeric(input, column, state);
  if (column.kind == ValueKind::kText) UpdateText(input, column, state, need);
  if ((need & kNeedMoments) != 0) status = AddMoments(input, column, state);
  if ((need & kNeedSquares) != 0 && IsBig(column.kind)) {
    AddBigSquares(input, column, state, table_.arena());
  } else if ((need & kNeedSquares) != 0) {
    AddSquares(input, column, state);
  }
  if ((need & kBitNeeds) != 0) FoldBits(input, column, state, need);
  return status;
}

void HashAggregator::UpdateNumeric(const UpdateInput &input, const Column &column,
                                   const StateOffsets &state) {
  UpdateExtremes(input, column, state);
  if (state.sum < 0) return;
  Arena &arena = table_.arena();
  for (int i = 0; i < input.count; ++i) {
    if (column.has_nulls && column.null[i] != 0) continue;
    std::byte *at = input.rows[input.is_single_group ? 0 : i] + state.sum;
    auto sum = Load<NumericSum>(at);
    if (column.length[i] == kNotFixed) [[unlikely]] {
      const char *number = column.outline[i];
      AddNumeric(sum, number + 4, Load<std::uint32_t>(number), arena);
    } else {
      AddFixed(sum, FixedAt(column, i), column.length[i], arena);
    }
    Store(at, sum);
  }
}

void HashAggregator::UpdateExtremes(const UpdateInput &input, const Column &column,
                                    const StateOffsets &state) {
  Arena &arena = table_.arena();
  for (const std::int32_t offset : {state.min, state.max}) {
    if (offset < 0) continue;
    const int sign = offset == state.min ? -1 : 1;
    for (int i = 0; i < input.count; ++i) {
      if (column.has_nulls && column.null[i] != 0) continue;
      std::byte *at = input.rows[input.is_single_group ? 0 : i] + offset;
      auto extreme = Load<NumericExtreme>(at);
      AddExtreme(extreme, column, i, sign, arena);
      Store(at, extreme);
    }
  }
}

// Ties keep the old bytes: bytewise equal values look the same.
void HashAggregator::UpdateText(const UpdateInput &input, const Column &column,
                                const StateOffsets &state, std::uint32_t need) {
  if ((need & (kNeedMin | kNeedMax)) == 0) return;
  Arena &arena = table_.arena();
  char buffer[16];
  for (int i = 0; i < input.count; ++i) {
    if (column.has_nulls && column.null[i] != 0) continue;
    std::byte *row = input.rows[input.is_single_group ? 0 : i];
    const Bytes value = TextAt(column, i, buffer);
    for (const std::int32_t offset : {state.min, state.max}) {
      if (offset < 0) continue;
      auto extreme = Load<TextState>(row + offset);
      const int sign = offset == state.min ? -1 : 1;
      if (extreme.bytes != nullptr && CompareBytes(value, extreme) * sign <= 0) continue;
      Replace(extreme, value, arena);
      Store(row + offset, extreme);
    }
  }
}

}  // namespace weir::core
