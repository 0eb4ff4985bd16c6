#include "core/group/update_kernels.hpp"

#include "core/group/square_sum.hpp"

namespace weir::core {
namespace {

inline std::byte *RowAt(const UpdateInput &input, int i) noexcept {
  return input.rows[input.is_single_group ? 0 : i];
}

template <typename State, typename Add>
inline void ForEachValue(const UpdateInput &input, const Column &column, std::int32_t offset,
                         Add add) noexcept {
  for (int i = 0; i < input.count; ++i) {
    if (column.has_nulls && column.null[i] != 0) continue;
    std::byte *at = RowAt(input, i) + offset;
    State state = Load<State>(at);
    add(state, column.word[i]);
    Store(at, state);
  }
}

}  // namespace

UpdateStatus AddMoments(const UpdateInput &input, const Column &column,
                        const StateOffsets &state) noexcept {
  bool overflowed = false;
  ForEachValue<Moments>(input, column, state.moments, [&](Moments &moments, std::int64_t word) {
    overflowed |= AddMoment(moments, AsDouble(word));
  });
  return overflowed ? UpdateStatus::kFloatOverflow : UpdateStatus::kDone;
}

void AddSquares(const UpdateInput &input, const Column &column,
                const StateOffsets &state) noexcept {
  ForEachValue<Squares>(input, column, state.squares, [](Squares &squares, std::int64_t value) {
    squares.sum += value;
    squares.squares += static_cast<__int128>(value) * value;
  });
}

void AddBigSquares(const UpdateInput &input, const Column &column, const StateOffsets &state,
                   std::pmr::memory_resource &memory) {
  const bool is_numeric = column.kind == ValueKind::kNumeric;
  for (int i = 0; i < input.count; ++i) {
    if (column.has_nulls && column.null[i] != 0) continue;
    std::byte *at = RowAt(input, i) + state.squares;
    auto sum = Load<SquareSum>(at);
    if (!is_numeric) {
      AddSquare(sum, column.word[i]);
    } else if (column.length[i] != kNotFixed) [[likely]] {
      AddSquare(sum, FixedAt(column, i));
    } else {
      const char *number = column.outline[i];
      AddNumericSquare(sum, number + 4, Load<std::uint32_t>(number), memory);
    }
    Store(at, sum);
  }
}

void FoldBits(const UpdateInput &input, const Column &column, const StateOffsets &state,
              std::uint32_t need) noexcept {
  using Word = std::int64_t;
  if ((need & kNeedBitAnd) != 0) {
    ForEachValue<Word>(input, column, state.bit_and, [](Word &bits, Word word) { bits &= word; });
  }
  if ((need & kNeedBitOr) != 0) {
    ForEachValue<Word>(input, column, state.bit_or, [](Word &bits, Word word) { bits |= word; });
  }
  if ((need & kNeedBitXor) != 0) {
    ForEachValue<Word>(input, column, state.bit_xor, [](Word &bits, Word word) { bits ^= word; });
  }
}

void CountNulls(const UpdateInput &input, const Column &column,
                const StateOffsets &state) noexcept {
  for (int i = 0; i < input.count; ++i) {
    if (column.null[i] == 0) continue;
    std::byte *at = RowAt(input, i) + state.null_count;
    Store(at, Load<std::int64_t>(at) + 1);
  }
}

}  // namespace weir::core
