// Expressions evaluated a column at a time: window starts, arithmetic, comparisons, logic.
#pragma once

#include <cstdint>

#include "core/column/column.hpp"
#include "core/time/tumbling_window.hpp"

namespace weir::core {

enum class VectorOp : std::uint8_t {
  kWindow,   // window start of a time or bigint
  kDivide,   // integer by a positive constant
  kToFloat,  // integer to float8
  kFilter,   // left, a column or the constant, where right is true, else NULL
  kElse,     // left where the condition is true, else right, a column or the constant
  kAddInt32,
  kSubtractInt32,
  kMultiplyInt32,
  kAddInt64,
  kSubtractInt64,
  kMultiplyInt64,
  kAddFloat,
  kSubtractFloat,
  kMultiplyFloat,
  kDivideFloat,
  kIntLess,
  kIntLessEqual,
  kIntEqual,
  kIntNotEqual,
  kFloatLess,
  kFloatLessEqual,
  kFloatEqual,
  kFloatNotEqual,
  kTextEqual,
  kTextNotEqual,
  kIntIn,  // one of a list
  kTextIn,
  kIsNull,
  kIsNotNull,
  kAnd,
  kOr,
  kNot,
};

// The errors that PostgreSQL's operators would raise.
enum class VectorStatus : std::uint8_t {
  kDone,
  kInt32Range,
  kInt64Range,
  kFloatOverflow,
  kFloatUnderflow,
  kDivisionByZero,
  kIntervalRange,
  kTimestampRange,
};

// A constant operand: a word, or a list of them with NULLs taken out.
struct VectorConstant {
  bool is_null = false;
  std::int64_t word = 0;
  std::uint64_t high = 0;  // text
  const char *outline = nullptr;
  int list_size = 0;
  bool list_has_null = false;
  const VectorConstant *list = nullptr;
};

// One operation. Operands are columns by number; a negative one is the constant.
struct VectorStep {
  VectorOp op;
  int out = -1;
  int left = -1;
  int right = -1;
  int condition = -1;  // kElse only
  VectorConstant constant;
  TumblingWindow window{};
  bool keeps_infinity = false;  // window: of times, where infinity stays as it is
};

// Runs the steps in order over rows [0, count) of `columns`. On failure the rest is undefined.
VectorStatus RunSteps(const VectorStep *steps, int step_count, Column *columns, int count) noexcept;

// The rows before the first one that fails: `count` when none does. `status` tells how it fails: as
// its first step that does. Columns hold what the steps made of the rows before.
int RunStepsUntilFailure(const VectorStep *steps, int step_count, Column *columns, int count,
                         VectorStatus *status) noexcept;

// Clears what NULLs and long strings left behind, for the next batch.
inline void ResetColumn(Column &column, int count) noexcept {
  column.has_outline = false;
  if (!column.has_nulls) return;
  std::memset(column.null, 0, static_cast<std::size_t>(count));
  column.has_nulls = false;
}

}  // namespace weir::core
