#include "core/vector/vector_program.hpp"

#include <limits>

#include "core/column/text_word.hpp"
#include "core/vector/vector_ops.hpp"

namespace weir::core {
namespace {

// NULL in, NULL out; a NULL constant makes every row NULL.
void StrictNulls(const VectorStep &step, Column *columns, int count) noexcept {
  Column &out = columns[step.out];
  const Column *left = step.left >= 0 ? &columns[step.left] : nullptr;
  const Column *right = step.right >= 0 ? &columns[step.right] : nullptr;
  const bool uses_constant = left == nullptr || right == nullptr;
  if (uses_constant && step.constant.is_null) {
    std::memset(out.null, 1, static_cast<std::size_t>(count));
    out.has_nulls = true;
    return;
  }
  const bool left_nulls = left != nullptr && left->has_nulls;
  const bool right_nulls = right != nullptr && right->has_nulls;
  if (!left_nulls && !right_nulls) return;
  out.has_nulls = true;
  for (int i = 0; i < count; ++i) {
    out.null[i] = static_cast<std::uint8_t>((left_nulls && left->null[i] != 0) ||
                                            (right_nulls && right->null[i] != 0));
  }
}

// NULL rows carry zero, so that a key's words are the same for every NULL.
void ZeroNulls(Column &out, int count) noexcept {
  if (!out.has_nulls) return;
  for (int i = 0; i < count; ++i) {
    if (out.null[i] != 0) out.word[i] = 0;
  }
}

VectorStatus WindowFailure(const VectorStep &step, WindowStatus status) noexcept {
  if (!step.keeps_infinity) return VectorStatus::kInt64Range;
  return status == WindowStatus::kIntervalRange ? VectorStatus::kIntervalRange
                                                : VectorStatus::kTimestampRange;
}

// Consecutive rows mostly share a window, so the last window's range is tried first.
VectorStatus RunWindow(const VectorStep &step, const Column &in, Column &out, int count) noexcept {
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();
  std::int64_t from = 1;
  std::int64_t to = 0;
  std::int64_t start = 0;
  for (int i = 0; i < count; ++i) {
    const std::int64_t time = in.word[i];
    if (time >= from && time < to) [[likely]] {
      out.word[i] = start;
      continue;
    }
    if (out.has_nulls && out.null[i] != 0) continue;
    if (step.keeps_infinity && (time == kLowest || time == kHighest)) {
      out.word[i] = time;
      continue;
    }
    const WindowStatus status = step.window.StartOf(time, &start);
    if (status != WindowStatus::kDone) return WindowFailure(step, status);
    out.word[i] = start;
    from = start;
    if (__builtin_add_overflow(start, step.window.width, &to)) to = from;
  }
  return VectorStatus::kDone;
}

// Rounds towards zero; a run of rows with the same quotient divides once.
void RunDivide(const VectorStep &step, const Column &in, Column &out, int count) noexcept {
  const std::int64_t divisor = step.constant.word;
  std::int64_t from = 1;
  std::int64_t to = 0;
  std::int64_t quotient = 0;
  for (int i = 0; i < count; ++i) {
    const std::int64_t value = in.word[i];
    if (value < from || value >= to) {
      quotient = value / divisor;
      from = 1;
      to = 0;
      if (quotient > 0 && !__builtin_add_overflow(quotient * divisor, divisor, &to)) {
        from = quotient * divisor;
      }
    }
    out.word[i] = quotient;
  }
}

bool TextEquals(const Column &column, int row, const VectorConstant &value) noexcept {
  if (static_cast<std::uint64_t>(column.word[row]) != static_cast<std::uint64_t>(value.word) ||
      column.high[row] != value.high) {
    return false;
  }
  return !IsOutline(value.high) ||
         std::memcmp(column.outline[row], value.outline, TextLength(value.high)) == 0;
}

void RunText(const VectorStep &step, const Column &in, Column &out, int count) noexcept {
  const bool wanted = step.op == VectorOp::kTextEqual;
  for (int i = 0; i < count; ++i) out.word[i] = TextEquals(in, i, step.constant) == wanted;
}

// x IN (list): true on a match, else NULL when the list holds a NULL, else false.
void RunIn(const VectorStep &step, const Column &in, Column &out, int count) noexcept {
  const VectorConstant &list = step.constant;
  for (int i = 0; i < count; ++i) {
    bool found = false;
    for (int k = 0; k < list.list_size && !found; ++k) {
      found = step.op == VectorOp::kTextIn ? TextEquals(in, i, list.list[k])
                                           : in.word[i] == list.list[k].word;
    }
    out.word[i] = found;
    if (!found && list.list_has_null) {
      out.null[i] = 1;
      out.has_nulls = true;
    }
  }
}

// Three-valued logic. A NULL constant never gets here: the planner folds those away.
void RunLogic(const VectorStep &step, const Column &left, const Column &right, Column &out,
              int count) noexcept {
  const bool decides = step.op == VectorOp::kOr;
  bool any_null = false;
  for (int i = 0; i < count; ++i) {
    const bool left_null = left.null[i] != 0;
    const bool right_null = right.null[i] != 0;
    const bool left_true = left.word[i] != 0;
    const bool right_true = right.word[i] != 0;
    const bool decided =
        (!left_null && left_true == decides) || (!right_null && right_true == decides);
    const bool is_null = !decided && (left_null || right_null);
    out.word[i] = !is_null && (decided ? decides : !decides);
    out.null[i] = is_null;
    any_null |= is_null;
  }
  out.has_nulls = any_null;
}

bool IsTrue(const Column &condition, int row) noexcept {
  return condition.word[row] != 0 && condition.null[row] == 0;
}

// Copies a row's value, whatever its kind.
void CopyRow(const Column &from, Column &out, int row) noexcept {
  out.word[row] = from.word[row];
  out.null[row] = from.null[row];
  if (out.high == nullptr || from.high == nullptr) return;
  out.high[row] = from.high[row];
  out.outline[row] = from.outline[row];
  out.length[row] = from.length[row];
}

void SetNull(Column &out, int row) noexcept {
  out.word[row] = 0;
  out.null[row] = 1;
  if (out.high == nullptr) return;
  out.high[row] = 0;
  out.length[row] = 0;
}

void SetConstant(const VectorConstant &constant, Column &out, int row) noexcept {
  out.word[row] = constant.is_null ? 0 : constant.word;
  out.null[row] = static_cast<std::uint8_t>(constant.is_null);
}

void NoteNulls(Column &out, int count) noexcept {
  out.has_nulls = std::memchr(out.null, 1, static_cast<std::size_t>(count)) != nullptr;
}

void RunFilter(const VectorStep &step, const Column *in, const Column &condition, Column &out,
               int count) noexcept {
  for (int i = 0; i < count; ++i) {
    if (!IsTrue(condition, i)) {
      SetNull(out, i);
    } else if (in == nullptr) {
      SetConstant(step.constant, out, i);
    } else {
      CopyRow(*in, out, i);
    }
  }
  NoteNulls(out, count);
  out.has_outline = in != nullptr && in->has_outline;
}

void RunElse(const VectorStep &step, const Column &left, const Column *right,
             const Column &condition, Column &out, int count) noexcept {
  for (int i = 0; i < count; ++i) {
    if (IsTrue(condition, i)) {
      CopyRow(left, out, i);
    } else if (right == nullptr) {
      SetConstant(step.constant, out, i);
    } else {
      CopyRow(*right, out, i);
    }
  }
  NoteNulls(out, count);
  out.has_outline = left.has_outline || (right != nullptr && right->has_outline);
}

// Operations that are not strict, or that have a shape of their own.
VectorStatus RunSpecial(const VectorStep &step, Column *columns, int count) noexcept {
  Column &out = columns[step.out];
  const Column *left = step.left >= 0 ? &columns[step.left] : nullptr;
  const Column *right = step.right >= 0 ? &columns[step.right] : nullptr;
  switch (step.op) {
    case VectorOp::kAnd:
    case VectorOp::kOr:
      RunLogic(step, *left, *right, out, count);
      break;
    case VectorOp::kFilter:
      RunFilter(step, left, *right, out, count);
      break;
    case VectorOp::kElse:
      RunElse(step, *left, right, columns[step.condition], out, count);
      break;
    case VectorOp::kIsNull:
      for (int i = 0; i < count; ++i) out.word[i] = left->null[i] != 0;
      break;
    default:
      for (int i = 0; i < count; ++i) out.word[i] = left->null[i] == 0;
      break;
  }
  return VectorStatus::kDone;
}

VectorStatus RunStrict(const VectorStep &step, Column *columns, int count) noexcept {
  Column &out = columns[step.out];
  StrictNulls(step, columns, count);
  auto status = VectorStatus::kDone;
  switch (step.op) {
    case VectorOp::kWindow:
      status = RunWindow(step, columns[step.left], out, count);
      break;
    case VectorOp::kDivide:
      RunDivide(step, columns[step.left], out, count);
      break;
    case VectorOp::kTextEqual:
    case VectorOp::kTextNotEqual:
      RunText(step, columns[step.left], out, count);
      break;
    case VectorOp::kIntIn:
    case VectorOp::kTextIn:
      RunIn(step, columns[step.left], out, count);
      break;
    default:
      status = RunOperator(step, columns, count);
      break;
  }
  ZeroNulls(out, count);
  return status;
}

bool IsSpecial(VectorOp op) noexcept {
  return op == VectorOp::kAnd || op == VectorOp::kOr || op == VectorOp::kFilter ||
         op == VectorOp::kElse || op == VectorOp::kIsNull || op == VectorOp::kIsNotNull;
}

}  // namespace

VectorStatus RunSteps(const VectorStep *steps, int step_count, Column *columns,
                      int count) noexcept {
  for (int i = 0; i < step_count; ++i) {
    const VectorStatus status = IsSpecial(steps[i].op) ? RunSpecial(steps[i], columns, count)
                                                       : RunStrict(steps[i], columns, count);
    if (status != VectorStatus::kDone) return status;
  }
  return VectorStatus::kDone;
}

// Whether rows [0, n) fail grows with n, so the first row that fails is found by halves.
int RunStepsUntilFailure(const VectorStep *steps, int step_count, Column *columns, int count,
                         VectorStatus *status) noexcept {
  *status = RunSteps(steps, step_count, columns, count);
  if (*status == VectorStatus::kDone) return count;
  int good = 0;
  for (int bad = count; bad - good > 1;) {
    const int middle = good + (bad - good) / 2;
    const VectorStatus found = RunSteps(steps, step_count, columns, middle);
    if (found == VectorStatus::kDone) {
      good = middle;
    } else {
      bad = middle;
      *status = found;
    }
  }
  static_cast<void>(RunSteps(steps, step_count, columns, good));
  for (int i = 0; i < step_count; ++i) {
    Column &out = columns[steps[i].out];
    std::memset(out.null + good, 0, static_cast<std::size_t>(count - good));
  }
  return good;
}

}  // namespace weir::core
