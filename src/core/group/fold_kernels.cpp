#include <array>
#include <utility>

#include "core/group/update_kernels.hpp"

namespace weir::core {
namespace {

constexpr std::uint32_t kFoldMask = kNeedSum | kNeedMin | kNeedMax;

// The states of one group held in locals while a run of rows is added.
template <ValueKind kKind, std::uint32_t kNeed>
struct Fold64 {
  static constexpr bool kWide = kKind == ValueKind::kInt64;
  using Sum = std::conditional_t<kWide, __int128, std::int64_t>;
  Sum sum = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;

  void Read(const std::byte *row, const StateOffsets &at) noexcept {
    if constexpr ((kNeed & kNeedSum) != 0) sum = Load<Sum>(row + at.sum);
    if constexpr ((kNeed & kNeedMin) != 0) min = Load<std::int64_t>(row + at.min);
    if constexpr ((kNeed & kNeedMax) != 0) max = Load<std::int64_t>(row + at.max);
  }
  void Write(std::byte *row, const StateOffsets &at) const noexcept {
    if constexpr ((kNeed & kNeedSum) != 0) Store(row + at.sum, sum);
    if constexpr ((kNeed & kNeedMin) != 0) Store(row + at.min, min);
    if constexpr ((kNeed & kNeedMax) != 0) Store(row + at.max, max);
  }
  void Add(std::int64_t value) noexcept {
    if constexpr ((kNeed & kNeedSum) != 0) sum += value;
    if constexpr ((kNeed & kNeedMin) != 0) min = min < value ? min : value;
    if constexpr ((kNeed & kNeedMax) != 0) max = max > value ? max : value;
  }
  static constexpr bool overflowed = false;
};

// float4 sums are rounded to float4 at each step, as PostgreSQL's are.
template <ValueKind kKind, std::uint32_t kNeed>
struct FoldFloat {
  using Sum = std::conditional_t<kKind == ValueKind::kFloat4, float, double>;
  Sum sum = 0;
  double min = 0;
  double max = 0;
  bool overflowed = false;

  void Read(const std::byte *row, const StateOffsets &at) noexcept {
    if constexpr ((kNeed & kNeedSum) != 0) sum = static_cast<Sum>(Load<double>(row + at.sum));
    if constexpr ((kNeed & kNeedMin) != 0) min = Load<double>(row + at.min);
    if constexpr ((kNeed & kNeedMax) != 0) max = Load<double>(row + at.max);
  }
  void Write(std::byte *row, const StateOffsets &at) const noexcept {
    if constexpr ((kNeed & kNeedSum) != 0) Store(row + at.sum, static_cast<double>(sum));
    if constexpr ((kNeed & kNeedMin) != 0) Store(row + at.min, min);
    if constexpr ((kNeed & kNeedMax) != 0) Store(row + at.max, max);
  }
  void Add(std::int64_t word) noexcept {
    const double value = AsDouble(word);
    if constexpr ((kNeed & kNeedSum) != 0) {
      const Sum next = sum + static_cast<Sum>(value);
      overflowed |= Overflowed(next, sum, value);
      sum = next;
    }
    if constexpr ((kNeed & kNeedMin) != 0) min = FloatSmaller(min, value);
    if constexpr ((kNeed & kNeedMax) != 0) max = FloatLarger(max, value);
  }
};

template <ValueKind kKind, std::uint32_t kNeed>
using FoldOf = std::conditional_t<kKind == ValueKind::kFloat4 || kKind == ValueKind::kFloat8,
                                  FoldFloat<kKind, kNeed>, Fold64<kKind, kNeed>>;

template <ValueKind kKind, std::uint32_t kNeed, bool kNulls>
__attribute__((noinline)) bool FoldGroups(const UpdateInput &input, const Column &column,
                                          const StateOffsets &state) noexcept {
  const StateOffsets at = state;
  const std::int64_t *const word = column.word;
  bool overflowed = false;
  for (int i = 0; i < input.count; ++i) {
    std::byte *row = input.rows[i];
    if (kNulls && column.null[i] != 0) {
      Store(row + at.null_count, Load<std::int64_t>(row + at.null_count) + 1);
      continue;
    }
    FoldOf<kKind, kNeed> fold;
    fold.Read(row, at);
    fold.Add(word[i]);
    fold.Write(row, at);
    overflowed |= fold.overflowed;
  }
  return overflowed;
}

template <ValueKind kKind, std::uint32_t kNeed, bool kNulls>
__attribute__((noinline)) bool FoldSingle(const UpdateInput &input, const Column &column,
                                          const StateOffsets &state) noexcept {
  std::byte *row = input.rows[0];
  const std::int64_t *const word = column.word;
  FoldOf<kKind, kNeed> fold;
  fold.Read(row, state);
  std::int64_t nulls = 0;
  for (int i = 0; i < input.count; ++i) {
    if (kNulls && column.null[i] != 0) {
      ++nulls;
      continue;
    }
    fold.Add(word[i]);
  }
  fold.Write(row, state);
  if (kNulls) Store(row + state.null_count, Load<std::int64_t>(row + state.null_count) + nulls);
  return fold.overflowed;
}

using Kernel = bool (*)(const UpdateInput &, const Column &, const StateOffsets &) noexcept;

template <ValueKind kKind, bool kNulls, bool kSingle, std::size_t... kBits>
constexpr std::array<Kernel, sizeof...(kBits)> Kernels(std::index_sequence<kBits...>) {
  if constexpr (kSingle) return {&FoldSingle<kKind, kBits * kNeedSum, kNulls>...};
  if constexpr (!kSingle) return {&FoldGroups<kKind, kBits * kNeedSum, kNulls>...};
}

template <ValueKind kKind>
Kernel KernelOf(std::uint32_t need, bool nulls, bool single) noexcept {
  using Eight = std::make_index_sequence<8>;
  static constexpr std::array<Kernel, 8> kKernels[2][2] = {
      {Kernels<kKind, false, false>(Eight{}), Kernels<kKind, false, true>(Eight{})},
      {Kernels<kKind, true, false>(Eight{}), Kernels<kKind, true, true>(Eight{})}};
  return kKernels[nulls][single][(need & kFoldMask) / kNeedSum];
}

Kernel KernelFor(ValueKind kind, std::uint32_t need, bool nulls, bool single) noexcept {
  switch (kind) {
    case ValueKind::kInt64:
      return KernelOf<ValueKind::kInt64>(need, nulls, single);
    case ValueKind::kFloat4:
      return KernelOf<ValueKind::kFloat4>(need, nulls, single);
    case ValueKind::kFloat8:
      return KernelOf<ValueKind::kFloat8>(need, nulls, single);
    default:
      return KernelOf<ValueKind::kInt32>(need, nulls, single);
  }
}

}  // namespace

UpdateStatus Fold(const UpdateInput &input, const Column &column, const StateOffsets &state,
                  std::uint32_t need) noexcept {
  const Kernel kernel = KernelFor(column.kind, need, column.has_nulls, input.is_single_group);
  return kernel(input, column, state) ? UpdateStatus::kFloatOverflow : UpdateStatus::kDone;
}

bool HasLargeFloat(const Column &column, int count) noexcept {
  bool large = false;
  for (int i = 0; i < count; ++i) large |= std::fabs(AsDouble(column.word[i])) > kHarmlessFloat;
  return large;
}

}  // namespace weir::core
