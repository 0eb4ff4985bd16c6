#include "core/vector/vector_ops.hpp"

#include <cmath>
#include <limits>

namespace weir::core {
namespace {

using Word = std::int64_t;

// Either a column or a constant, read alike.
struct Operand {
  const Word *word;
  Word constant;
  Word At(int i) const noexcept { return word != nullptr ? word[i] : constant; }
};

Operand OperandOf(const VectorStep &step, const Column *columns, int number) noexcept {
  if (number < 0) return {nullptr, step.constant.word};
  return {columns[number].word, 0};
}

// out = function(left, right), with the constant hoisted out of the loop.
template <typename Function>
void Map(const Operand &left, const Operand &right, Column &out, int count,
         Function function) noexcept {
  Word *const to = out.word;
  if (left.word == nullptr) {
    const Word constant = left.constant;
    for (int i = 0; i < count; ++i) to[i] = function(constant, right.word[i]);
  } else if (right.word == nullptr) {
    const Word constant = right.constant;
    for (int i = 0; i < count; ++i) to[i] = function(left.word[i], constant);
  } else {
    for (int i = 0; i < count; ++i) to[i] = function(left.word[i], right.word[i]);
  }
}

// As Map, where the function may find fault; faults of NULL rows do not count.
template <typename Function>
bool MapChecked(const Operand &left, const Operand &right, Column &out, int count,
                Function function) noexcept {
  bool failed = false;
  for (int i = 0; i < count; ++i) {
    const bool bad = function(left.At(i), right.At(i), out.word[i]);
    failed |= bad && out.null[i] == 0;
  }
  return failed;
}

template <typename Int, typename Operation>
bool MapInt(const Operand &left, const Operand &right, Column &out, int count,
            Operation operation) noexcept {
  return MapChecked(left, right, out, count, [operation](Word a, Word b, Word &to) {
    Int result;
    const bool overflowed = operation(static_cast<Int>(a), static_cast<Int>(b), &result);
    to = result;
    return overflowed;
  });
}

constexpr auto kAdd = [](auto a, auto b, auto *r) { return __builtin_add_overflow(a, b, r); };
constexpr auto kSubtract = [](auto a, auto b, auto *r) { return __builtin_sub_overflow(a, b, r); };
constexpr auto kMultiply = [](auto a, auto b, auto *r) { return __builtin_mul_overflow(a, b, r); };

bool BecameInfinite(double result, double a, double b) noexcept {
  return std::isinf(result) && !std::isinf(a) && !std::isinf(b);
}

template <typename Operation>
VectorStatus MapSum(const Operand &left, const Operand &right, Column &out, int count,
                    Operation operation) noexcept {
  const bool failed = MapChecked(left, right, out, count, [operation](Word x, Word y, Word &to) {
    const double a = AsDouble(x);
    const double b = AsDouble(y);
    const double result = operation(a, b);
    to = AsWord(result);
    return BecameInfinite(result, a, b);
  });
  return failed ? VectorStatus::kFloatOverflow : VectorStatus::kDone;
}

VectorStatus MultiplyFloats(const Operand &left, const Operand &right, Column &out,
                            int count) noexcept {
  bool underflowed = false;
  const bool overflowed =
      MapChecked(left, right, out, count, [&underflowed](Word x, Word y, Word &to) {
        const double a = AsDouble(x);
        const double b = AsDouble(y);
        const double result = a * b;
        to = AsWord(result);
        underflowed |= result == 0.0 && a != 0.0 && b != 0.0;
        return BecameInfinite(result, a, b);
      });
  if (overflowed) return VectorStatus::kFloatOverflow;
  if (!underflowed) return VectorStatus::kDone;
  const bool confirmed = MapChecked(left, right, out, count, [](Word x, Word y, Word &to) {
    to = AsWord(AsDouble(x) * AsDouble(y));
    return AsDouble(to) == 0.0 && AsDouble(x) != 0.0 && AsDouble(y) != 0.0;
  });
  return confirmed ? VectorStatus::kFloatUnderflow : VectorStatus::kDone;
}

VectorStatus DivideFloats(const Operand &left, const Operand &right, Column &out,
                          int count) noexcept {
  for (int i = 0; i < count; ++i) {
    const double a = AsDouble(left.At(i));
    const double b = AsDouble(right.At(i));
    const double result = a / b;
    out.word[i] = AsWord(result);
    if (out.null[i] != 0) continue;
    if (b == 0.0 && !std::isnan(a)) return VectorStatus::kDivisionByZero;
    if (std::isinf(result) && !std::isinf(a)) return VectorStatus::kFloatOverflow;
    if (result == 0.0 && a != 0.0 && !std::isinf(b)) return VectorStatus::kFloatUnderflow;
  }
  return VectorStatus::kDone;
}

// PostgreSQL's float order: NaN equals NaN and is above everything else.
bool FloatLess(double a, double b) noexcept { return !std::isnan(a) && (std::isnan(b) || a < b); }
bool FloatLessEqual(double a, double b) noexcept {
  return std::isnan(b) || (!std::isnan(a) && a <= b);
}
bool FloatEqual(double a, double b) noexcept {
  return std::isnan(a) ? std::isnan(b) : !std::isnan(b) && a == b;
}

template <typename Compare>
void MapFloatCompare(const Operand &left, const Operand &right, Column &out, int count,
                     Compare compare) noexcept {
  Map(left, right, out, count,
      [compare](Word a, Word b) { return Word{compare(AsDouble(a), AsDouble(b))}; });
}

VectorStatus RunCompare(const VectorStep &step, const Operand &left, const Operand &right,
                        Column &out, int count) noexcept {
  switch (step.op) {
    case VectorOp::kIntLess:
      Map(left, right, out, count, [](Word a, Word b) { return Word{a < b}; });
      break;
    case VectorOp::kIntLessEqual:
      Map(left, right, out, count, [](Word a, Word b) { return Word{a <= b}; });
      break;
    case VectorOp::kIntEqual:
      Map(left, right, out, count, [](Word a, Word b) { return Word{a == b}; });
      break;
    case VectorOp::kIntNotEqual:
      Map(left, right, out, count, [](Word a, Word b) { return Word{a != b}; });
      break;
    case VectorOp::kFloatLess:
      MapFloatCompare(left, right, out, count, FloatLess);
      break;
    case VectorOp::kFloatLessEqual:
      MapFloatCompare(left, right, out, count, FloatLessEqual);
      break;
    case VectorOp::kFloatEqual:
      MapFloatCompare(left, right, out, count, FloatEqual);
      break;
    default:
      MapFloatCompare(left, right, out, count,
                      [](double a, double b) { return !FloatEqual(a, b); });
      break;
  }
  return VectorStatus::kDone;
}

VectorStatus Int32Status(bool failed) {
  return failed ? VectorStatus::kInt32Range : VectorStatus::kDone;
}
VectorStatus Int64Status(bool failed) {
  return failed ? VectorStatus::kInt64Range : VectorStatus::kDone;
}

}  // namespace

VectorStatus RunOperator(const VectorStep &step, Column *columns, int count) noexcept {
  using std::int32_t;
  using std::int64_t;
  const Operand left = OperandOf(step, columns, step.left);
  const Operand right = OperandOf(step, columns, step.right);
  Column &out = columns[step.out];
  switch (step.op) {
    case VectorOp::kAddInt32:
      return Int32Status(MapInt<int32_t>(left, right, out, count, kAdd));
    case VectorOp::kSubtractInt32:
      return Int32Status(MapInt<int32_t>(left, right, out, count, kSubtract));
    case VectorOp::kMultiplyInt32:
      return Int32Status(MapInt<int32_t>(left, right, out, count, kMultiply));
    case VectorOp::kAddInt64:
      return Int64Status(MapInt<int64_t>(left, right, out, count, kAdd));
    case VectorOp::kSubtractInt64:
      return Int64Status(MapInt<int64_t>(left, right, out, count, kSubtract));
    case VectorOp::kMultiplyInt64:
      return Int64Status(MapInt<int64_t>(left, right, out, count, kMultiply));
    case VectorOp::kAddFloat:
      return MapSum(left, right, out, count, [](double a, double b) { return a + b; });
    case VectorOp::kSubtractFloat:
      return MapSum(left, right, out, count, [](double a, double b) { return a - b; });
    case VectorOp::kMultiplyFloat:
      return MultiplyFloats(left, right, out, count);
    case VectorOp::kDivideFloat:
      return DivideFloats(left, right, out, count);
    case VectorOp::kToFloat:
      for (int i = 0; i < count; ++i) out.word[i] = AsWord(static_cast<double>(left.At(i)));
      return VectorStatus::kDone;
    case VectorOp::kNot:
      for (int i = 0; i < count; ++i) out.word[i] = left.At(i) == 0;
      return VectorStatus::kDone;
    default:
      return RunCompare(step, left, right, out, count);
  }
}

}  // namespace weir::core
