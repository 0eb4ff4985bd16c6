#include "stream/column/vector_form.hpp"

#include "stream/column/tumble.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "common/int.h"
#include "datatype/timestamp.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"
}

namespace weir::stream {
namespace {

using enum core::VectorOp;

constexpr VectorForm kArithmetic[] = {
    {F_INT4PL, kAddInt32, Encoding::kInt32, false},
    {F_INT24PL, kAddInt32, Encoding::kInt32, false},
    {F_INT42PL, kAddInt32, Encoding::kInt32, false},
    {F_INT4MI, kSubtractInt32, Encoding::kInt32, false},
    {F_INT24MI, kSubtractInt32, Encoding::kInt32, false},
    {F_INT42MI, kSubtractInt32, Encoding::kInt32, false},
    {F_INT4MUL, kMultiplyInt32, Encoding::kInt32, false},
    {F_INT24MUL, kMultiplyInt32, Encoding::kInt32, false},
    {F_INT42MUL, kMultiplyInt32, Encoding::kInt32, false},
    {F_INT8PL, kAddInt64, Encoding::kInt64, false},
    {F_INT84PL, kAddInt64, Encoding::kInt64, false},
    {F_INT48PL, kAddInt64, Encoding::kInt64, false},
    {F_INT82PL, kAddInt64, Encoding::kInt64, false},
    {F_INT28PL, kAddInt64, Encoding::kInt64, false},
    {F_INT8MI, kSubtractInt64, Encoding::kInt64, false},
    {F_INT84MI, kSubtractInt64, Encoding::kInt64, false},
    {F_INT48MI, kSubtractInt64, Encoding::kInt64, false},
    {F_INT82MI, kSubtractInt64, Encoding::kInt64, false},
    {F_INT28MI, kSubtractInt64, Encoding::kInt64, false},
    {F_INT8MUL, kMultiplyInt64, Encoding::kInt64, false},
    {F_INT84MUL, kMultiplyInt64, Encoding::kInt64, false},
    {F_INT48MUL, kMultiplyInt64, Encoding::kInt64, false},
    {F_INT82MUL, kMultiplyInt64, Encoding::kInt64, false},
    {F_INT28MUL, kMultiplyInt64, Encoding::kInt64, false},
    {F_FLOAT8PL, kAddFloat, Encoding::kFloat8, false},
    {F_FLOAT48PL, kAddFloat, Encoding::kFloat8, false},
    {F_FLOAT84PL, kAddFloat, Encoding::kFloat8, false},
    {F_FLOAT8MI, kSubtractFloat, Encoding::kFloat8, false},
    {F_FLOAT48MI, kSubtractFloat, Encoding::kFloat8, false},
    {F_FLOAT84MI, kSubtractFloat, Encoding::kFloat8, false},
    {F_FLOAT8MUL, kMultiplyFloat, Encoding::kFloat8, false},
    {F_FLOAT48MUL, kMultiplyFloat, Encoding::kFloat8, false},
    {F_FLOAT84MUL, kMultiplyFloat, Encoding::kFloat8, false},
    {F_FLOAT8DIV, kDivideFloat, Encoding::kFloat8, false},
    {F_FLOAT48DIV, kDivideFloat, Encoding::kFloat8, false},
    {F_FLOAT84DIV, kDivideFloat, Encoding::kFloat8, false},
    {F_INT2DIV, kDivide, Encoding::kInt16, false},
    {F_INT4DIV, kDivide, Encoding::kInt32, false},
    {F_INT24DIV, kDivide, Encoding::kInt32, false},
    {F_INT42DIV, kDivide, Encoding::kInt32, false},
    {F_INT8DIV, kDivide, Encoding::kInt64, false},
    {F_INT84DIV, kDivide, Encoding::kInt64, false},
    {F_INT82DIV, kDivide, Encoding::kInt64, false},
    {F_INT48DIV, kDivide, Encoding::kInt64, false},
    {F_FLOAT8_INT2, kToFloat, Encoding::kFloat8, false},
    {F_FLOAT8_INT4, kToFloat, Encoding::kFloat8, false},
    {F_FLOAT8_INT8, kToFloat, Encoding::kFloat8, false},
};

#define WEIR_INT_FORMS(name)                                 \
  {F_##name##EQ, kIntEqual, Encoding::kBool, false},         \
      {F_##name##NE, kIntNotEqual, Encoding::kBool, false},  \
      {F_##name##LT, kIntLess, Encoding::kBool, false},      \
      {F_##name##LE, kIntLessEqual, Encoding::kBool, false}, \
      {F_##name##GT, kIntLess, Encoding::kBool, true}, {     \
    F_##name##GE, kIntLessEqual, Encoding::kBool, true       \
  }
#define WEIR_FLOAT_FORMS(name)                                 \
  {F_##name##EQ, kFloatEqual, Encoding::kBool, false},         \
      {F_##name##NE, kFloatNotEqual, Encoding::kBool, false},  \
      {F_##name##LT, kFloatLess, Encoding::kBool, false},      \
      {F_##name##LE, kFloatLessEqual, Encoding::kBool, false}, \
      {F_##name##GT, kFloatLess, Encoding::kBool, true}, {     \
    F_##name##GE, kFloatLessEqual, Encoding::kBool, true       \
  }

constexpr VectorForm kComparisons[] = {
    WEIR_INT_FORMS(INT2),
    WEIR_INT_FORMS(INT4),
    WEIR_INT_FORMS(INT8),
    WEIR_INT_FORMS(INT24),
    WEIR_INT_FORMS(INT42),
    WEIR_INT_FORMS(INT28),
    WEIR_INT_FORMS(INT82),
    WEIR_INT_FORMS(INT48),
    WEIR_INT_FORMS(INT84),
    WEIR_INT_FORMS(DATE_),
    WEIR_INT_FORMS(TIMESTAMP_),
    WEIR_INT_FORMS(TIMESTAMPTZ_),
    WEIR_INT_FORMS(TIME_),
    WEIR_INT_FORMS(OID),
    WEIR_INT_FORMS(BOOL),
    WEIR_FLOAT_FORMS(FLOAT4),
    WEIR_FLOAT_FORMS(FLOAT8),
    WEIR_FLOAT_FORMS(FLOAT48),
    WEIR_FLOAT_FORMS(FLOAT84),
    {F_TEXTEQ, kTextEqual, Encoding::kBool, false},
    {F_TEXTNE, kTextNotEqual, Encoding::kBool, false},
};

const VectorForm *FindForm(const VectorForm *forms, size_t count, Oid function) {
  for (size_t i = 0; i < count; ++i) {
    if (forms[i].function == function) return &forms[i];
  }
  return nullptr;
}

const Const *KnownConstant(Node *node) {
  if (!IsA(node, Const)) return nullptr;
  const Const *constant = castNode(Const, node);
  return constant->constisnull ? nullptr : constant;
}

// Widths with months, of no length or too long are left to the function itself.
bool WidthOf(const Const *constant, int64 *width) {
  const Interval *interval = DatumGetIntervalP(constant->constvalue);
  int64 days;
  return interval->month == 0 && !pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &days) &&
         !pg_add_s64_overflow(days, interval->time, width) && *width > 0;
}

bool DateBinForm(const FuncExpr *call, WindowForm *form) {
  const Const *width = KnownConstant(static_cast<Node *>(linitial(call->args)));
  const Const *origin = KnownConstant(static_cast<Node *>(lthird(call->args)));
  if (width == nullptr || origin == nullptr) return false;
  if (!WidthOf(width, &form->window.width)) return false;
  form->window.origin = DatumGetInt64(origin->constvalue);
  if (TIMESTAMP_NOT_FINITE(form->window.origin)) return false;
  form->window.lowest = MIN_TIMESTAMP;
  form->keeps_infinity = true;
  form->argument = static_cast<Expr *>(lsecond(call->args));
  return true;
}

// Only units of fixed length: the others depend on the calendar, and those of timestamptz on the
// time zone.
bool DateTruncForm(const FuncExpr *call, WindowForm *form) {
  const Const *unit = KnownConstant(static_cast<Node *>(linitial(call->args)));
  if (unit == nullptr) return false;
  const char *name = text_to_cstring(DatumGetTextPP(unit->constvalue));
  int64 width = 0;
  if (pg_strcasecmp(name, "second") == 0) width = USECS_PER_SEC;
  if (pg_strcasecmp(name, "minute") == 0) width = USECS_PER_MINUTE;
  if (pg_strcasecmp(name, "hour") == 0) width = USECS_PER_HOUR;
  if (pg_strcasecmp(name, "day") == 0) width = USECS_PER_DAY;
  if (width == 0) return false;
  form->window = {width, 0, MIN_TIMESTAMP};
  form->keeps_infinity = true;
  form->argument = static_cast<Expr *>(lsecond(call->args));
  return true;
}

}  // namespace

const VectorForm *ArithmeticForm(Oid function) {
  return FindForm(kArithmetic, lengthof(kArithmetic), function);
}

const VectorForm *ComparisonForm(Oid function) {
  return FindForm(kComparisons, lengthof(kComparisons), function);
}

bool IsWidening(Oid function) {
  return function == F_INT8_INT4 || function == F_INT8_INT2 || function == F_INT4_INT2 ||
         function == F_FLOAT8_FLOAT4;
}

bool IsWindow(const Expr *expression) {
  if (!IsA(expression, FuncExpr)) return false;
  const Oid function = castNode(FuncExpr, const_cast<Expr *>(expression))->funcid;
  switch (function) {
    case F_DATE_BIN_INTERVAL_TIMESTAMP_TIMESTAMP:
    case F_DATE_BIN_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ:
    case F_DATE_TRUNC_TEXT_TIMESTAMP:
    case F_DATE_TRUNC_TEXT_TIMESTAMPTZ:
    case F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT:
      return true;
    default:
      return IsTumble(function);
  }
}

bool WindowFormOf(const FuncExpr *call, WindowForm *form) {
  switch (call->funcid) {
    case F_DATE_BIN_INTERVAL_TIMESTAMP_TIMESTAMP:
    case F_DATE_BIN_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ:
      return DateBinForm(call, form);
    case F_DATE_TRUNC_TEXT_TIMESTAMP:
      return DateTruncForm(call, form);
    default:
      return TumbleForm(call, form);
  }
}

}  // namespace weir::stream
