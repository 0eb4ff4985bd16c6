#include "stream/column/column_set.hpp"

#include "stream/column/vector_compile.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
}

namespace weir::stream {
namespace {

// A column of one row on the stack, to encode a constant with.
struct OneRow {
  int64 word;
  uint64 high;
  const char *outline;
  uint32 length;
  uint8 null;
};

core::VectorConstant EncodeConstant(Encoding encoding, Datum value, int length,
                                    MemoryContext context) {
  OneRow row{};
  core::Column column{};
  column.kind = KindOf(encoding);
  column.word = reinterpret_cast<int64_t *>(&row.word);
  if (column.kind == core::ValueKind::kText) {
    column.high = reinterpret_cast<uint64_t *>(&row.high);
    column.outline = &row.outline;
    column.length = &row.length;
  }
  column.null = &row.null;
  EncodeDatum(&column, 0, encoding, length, value, context);
  core::VectorConstant constant{};
  constant.word = row.word;
  constant.high = row.high;
  constant.outline = row.outline;
  return constant;
}

void EncodeList(core::VectorConstant *list, const StepConstant &source, Datum value,
                MemoryContext context) {
  int16 length;
  bool by_value;
  char alignment;
  Datum *values;
  bool *nulls;
  int count;
  MemoryContext old = MemoryContextSwitchTo(context);
  get_typlenbyvalalign(source.list_element, &length, &by_value, &alignment);
  deconstruct_array(DatumGetArrayTypeP(value), source.list_element, length, by_value, alignment,
                    &values, &nulls, &count);
  auto *items = static_cast<core::VectorConstant *>(
      palloc0(sizeof(core::VectorConstant) * static_cast<Size>(Max(count, 1))));
  *list = core::VectorConstant{};
  for (int i = 0; i < count; ++i) {
    if (nulls[i]) {
      list->list_has_null = true;
      continue;
    }
    items[list->list_size++] = EncodeConstant(source.encoding, values[i], length, context);
  }
  list->list = items;
  MemoryContextSwitchTo(old);
}

[[noreturn]] void RaiseRange(const char *message) {
  ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("%s", message));
  pg_unreachable();
}

[[noreturn]] void RaiseTimeRange(const char *message) {
  ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("%s", message));
  pg_unreachable();
}

}  // namespace

void RaiseFailure(core::VectorStatus failure) {
  switch (failure) {
    case core::VectorStatus::kDone:
      return;
    case core::VectorStatus::kInt32Range:
      RaiseRange("integer out of range");
    case core::VectorStatus::kInt64Range:
      RaiseRange("bigint out of range");
    case core::VectorStatus::kFloatOverflow:
      float_overflow_error();
      break;
    case core::VectorStatus::kFloatUnderflow:
      float_underflow_error();
      break;
    case core::VectorStatus::kDivisionByZero:
      float_zero_divide_error();
      break;
    case core::VectorStatus::kIntervalRange:
      RaiseTimeRange("interval out of range");
    case core::VectorStatus::kTimestampRange:
      RaiseTimeRange("timestamp out of range");
  }
}

Encoding PhysicalEncoding(Oid type) {
  switch (getBaseType(type)) {
    case BOOLOID:
      return Encoding::kBool;
    case INT2OID:
      return Encoding::kInt16;
    case INT4OID:
    case DATEOID:
      return Encoding::kInt32;
    case OIDOID:
      return Encoding::kUint32;
    case INT8OID:
    case TIMEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return Encoding::kInt64;
    case FLOAT4OID:
      return Encoding::kFloat4;
    case FLOAT8OID:
      return Encoding::kFloat8;
    case CHAROID:
      return Encoding::kChar;
    default:
      return Encoding::kNone;
  }
}

ColumnSet *MakeColumnSet(Index variable_source, PlanState *parent) {
  auto *set = static_cast<ColumnSet *>(palloc0(sizeof(ColumnSet)));
  set->variable_source = variable_source;
  set->row_column = -1;
  set->parent = parent;
  return set;
}

int AddColumn(ColumnSet *set, Expr *expression, Encoding encoding) {
  if (set->column_count >= kSetColumns) return -1;
  const int column = set->column_count++;
  AllocateColumn(&set->columns[column], encoding);
  set->expressions[column] = expression;
  set->is_filled[column] = false;
  set->encodings[column] = encoding;
  return column;
}

void FillColumn(ColumnSet *set, int column, Expr *expression, Encoding encoding) {
  const ColumnSet saved = *set;
  if (CompileVector(set, expression, encoding, column) >= 0) return;
  *set = saved;
  const int length = get_typlen(exprType(reinterpret_cast<Node *>(expression)));
  set->is_filled[column] = true;
  set->rows[set->row_count++] = {ExecInitExpr(expression, set->parent), column, encoding, length,
                                 set->step_count};
}

void PrepareConstants(ColumnSet *set, int end, ExprContext *econtext, MemoryContext context) {
  for (; set->constants_ready < end; ++set->constants_ready) {
    const StepConstant &source = set->constants[set->constants_ready];
    core::VectorConstant *constant = &set->steps[source.step].constant;
    bool is_null;
    const Datum value = ExecEvalExprSwitchContext(source.expression, econtext, &is_null);
    if (is_null) {
      *constant = core::VectorConstant{};
      constant->is_null = true;
    } else if (OidIsValid(source.list_element)) {
      EncodeList(constant, source, value, context);
    } else {
      *constant = EncodeConstant(source.encoding, value, 0, context);
    }
  }
}

int RunColumnSteps(ColumnSet *set, int count, core::VectorStatus *failure) {
  *failure = core::VectorStatus::kDone;
  if (set->step_count == 0) return count;
  return core::RunStepsUntilFailure(set->steps, set->step_count, set->columns, count, failure);
}

core::VectorStatus FailureBeforeRowColumn(ColumnSet *set, int row) {
  if (set->row_column < 0) return core::VectorStatus::kDone;
  return core::RunSteps(set->steps, set->rows[set->row_column].steps_before, set->columns, row + 1);
}

void EvaluateRowColumns(ColumnSet *set, int row, ExprContext *econtext, MemoryContext context) {
  for (int i = 0; i < set->row_count; ++i) {
    set->row_column = i;
    const RowColumn &source = set->rows[i];
    core::Column *column = &set->columns[source.column];
    bool is_null;
    const Datum value = ExecEvalExprSwitchContext(source.expression, econtext, &is_null);
    if (is_null) {
      EncodeNull(column, row);
    } else {
      EncodeDatum(column, row, source.encoding, source.length, value, context);
    }
  }
  set->row_column = -1;
}

void ResetColumns(ColumnSet *set, int count) {
  for (int i = 0; i < set->column_count; ++i) core::ResetColumn(set->columns[i], count);
}

AttrNumber HighestAttribute(const ColumnSet *set) {
  AttrNumber highest = 0;
  for (int i = 0; i < set->base_count; ++i) highest = Max(highest, set->bases[i].attribute);
  return highest;
}

}  // namespace weir::stream
