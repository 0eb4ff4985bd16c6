#include "core/group/row_layout.hpp"

#include <limits>

#include "core/column/text_word.hpp"
#include "core/group/numeric_extreme.hpp"
#include "core/group/numeric_sum.hpp"
#include "core/group/square_sum.hpp"

namespace weir::core {
namespace {

int SumSize(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInt64:
      return sizeof(__int128);
    case ValueKind::kNumeric:
      return sizeof(NumericSum);
    default:
      return 8;
  }
}

int SquaresSize(ValueKind kind) { return IsBig(kind) ? sizeof(SquareSum) : sizeof(Squares); }

int ExtremeSize(ValueKind kind) {
  if (kind == ValueKind::kNumeric) return sizeof(NumericExtreme);
  return kind == ValueKind::kText ? sizeof(TextState) : 8;
}

int Place(int &offset, int size) {
  const int at = offset;
  offset += size;
  return at;
}

void PlaceStates(StateOffsets &state, std::uint32_t need, ValueKind kind, bool nullable,
                 int &offset) {
  state = {};
  if (need == 0) return;
  if (nullable) state.null_count = Place(offset, 8);
  if (need & kNeedSum) state.sum = Place(offset, SumSize(kind));
  if (need & kNeedMin) state.min = Place(offset, ExtremeSize(kind));
  if (need & kNeedMax) state.max = Place(offset, ExtremeSize(kind));
  if (need & kNeedMoments) state.moments = Place(offset, sizeof(Moments));
  if (need & kNeedSquares) state.squares = Place(offset, SquaresSize(kind));
  if (need & kNeedBitAnd) state.bit_and = Place(offset, 8);
  if (need & kNeedBitOr) state.bit_or = Place(offset, 8);
  if (need & kNeedBitXor) state.bit_xor = Place(offset, 8);
}

// A row that fits a cache line should not straddle two.
int RoundStride(int size) {
  if (size > 32 && size <= 64) return 64;
  const int unit = size > 64 ? 32 : 8;
  return (size + unit - 1) / unit * unit;
}

bool IsFloat(ValueKind kind) { return kind == ValueKind::kFloat4 || kind == ValueKind::kFloat8; }

// Neutral elements: an integer extreme starts at the far end, a float minimum at NaN, which sorts
// above everything; -0 is the one float that changes no sum it is added to.
void InitStates(const StateOffsets &state, ValueKind kind, std::byte *row) {
  if (IsFloat(kind)) {
    if (state.min >= 0) Store(row + state.min, std::numeric_limits<double>::quiet_NaN());
    if (state.max >= 0) Store(row + state.max, -std::numeric_limits<double>::infinity());
    if (state.sum >= 0) Store(row + state.sum, -0.0);
  } else if (kind != ValueKind::kText && kind != ValueKind::kNumeric) {
    if (state.min >= 0) Store(row + state.min, std::numeric_limits<std::int64_t>::max());
    if (state.max >= 0) Store(row + state.max, std::numeric_limits<std::int64_t>::min());
  }
  if (state.bit_and >= 0) Store(row + state.bit_and, std::int64_t{-1});
}

}  // namespace

void FinishLayout(RowLayout &layout, const ValueKind *kinds, const bool *nullable) noexcept {
  layout.key_words = 0;
  for (int key = 0; key < layout.key_count; ++key) {
    layout.key_word[key] = layout.key_words;
    layout.key_words += kinds[layout.key_column[key]] == ValueKind::kText ? 2 : 1;
  }
  int offset = 8 + 8 * layout.key_words;
  for (int key = 0; key < layout.key_count; ++key) {
    const bool is_text = kinds[layout.key_column[key]] == ValueKind::kText;
    layout.key_outline[key] = is_text ? Place(offset, 8) : -1;
  }
  for (int i = 0; i < layout.column_count; ++i) {
    PlaceStates(layout.state[i], layout.need[i], kinds[i], nullable[i], offset);
  }
  if (layout.extra_bytes > 0) layout.extra = Place(offset, layout.extra_bytes);
  layout.stride = RoundStride(offset);
}

void InitRow(const RowLayout &layout, const ValueKind *kinds, std::byte *row) noexcept {
  std::memset(row, 0, static_cast<std::size_t>(layout.stride));
  for (int i = 0; i < layout.column_count; ++i) InitStates(layout.state[i], kinds[i], row);
}

}  // namespace weir::core
