// Conditions as columns of truth values.
#include "stream/column/vector_compile.hpp"
#include "stream/column/vector_form.hpp"

#include <utility>

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
}

namespace weir::stream {
namespace {

constexpr int kLongestList = 64;

int Compile(ColumnSet *set, Expr *condition);

bool IsTextOperation(core::VectorOp operation) {
  return operation == core::VectorOp::kTextEqual || operation == core::VectorOp::kTextNotEqual;
}

// A plain text variable; text has no other column form.
bool CompileTextOperand(ColumnSet *set, Expr *expression, Operand *operand) {
  if (TakeConstant(set, expression, operand)) {
    operand->encoding = Encoding::kText;
    return true;
  }
  expression = StripRelabel(expression);
  *operand = {CompileVector(set, expression, Encoding::kText, -1), nullptr, Encoding::kText};
  return operand->column >= 0;
}

int CompileTextComparison(ColumnSet *set, const OpExpr *call, core::VectorStep step) {
  if (!OidIsValid(call->inputcollid) || !get_collation_isdeterministic(call->inputcollid)) {
    return kFailed;
  }
  Operand left;
  Operand right;
  if (!CompileTextOperand(set, static_cast<Expr *>(linitial(call->args)), &left)) return kFailed;
  if (!CompileTextOperand(set, static_cast<Expr *>(lsecond(call->args)), &right)) return kFailed;
  if (left.column == kConstant) std::swap(left, right);
  if (left.column == kConstant || right.column != kConstant) return kFailed;
  return FinishStep(set, step, left, &right);
}

int CompileComparison(ColumnSet *set, const OpExpr *call, Expr *condition) {
  const VectorForm *form = ComparisonForm(call->opfuncid);
  if (form == nullptr || list_length(call->args) != 2) return kFailed;
  core::VectorStep step{};
  step.op = form->operation;
  step.out = AddColumn(set, condition, Encoding::kBool);
  if (step.out < 0) return kFailed;
  if (IsTextOperation(step.op)) return CompileTextComparison(set, call, step);
  Operand operands[2];
  for (int i = 0; i < 2; ++i) {
    auto *argument = static_cast<Expr *>(list_nth(call->args, i));
    if (TakeConstant(set, argument, &operands[i])) continue;
    // Arithmetic might raise an error for rows that another condition removes.
    argument = StripRelabel(argument);
    if (!IsA(argument, Var) || !CompileOperand(set, argument, &operands[i])) return kFailed;
  }
  if (form->is_swapped) std::swap(operands[0], operands[1]);
  return FinishStep(set, step, operands[0], &operands[1]);
}

int CompileIn(ColumnSet *set, const ScalarArrayOpExpr *call, Expr *condition) {
  const VectorForm *form = ComparisonForm(call->opfuncid);
  if (form == nullptr || !call->useOr) return kFailed;
  const bool is_text = form->operation == core::VectorOp::kTextEqual;
  if (!is_text && form->operation != core::VectorOp::kIntEqual) return kFailed;
  if (is_text && !get_collation_isdeterministic(call->inputcollid)) return kFailed;
  Expr *argument = StripRelabel(static_cast<Expr *>(linitial(call->args)));
  Expr *list = static_cast<Expr *>(lsecond(call->args));
  if (!IsA(argument, Var) || !IsA(list, Const) || castNode(Const, list)->constisnull) {
    return kFailed;
  }
  const Const *constant = castNode(Const, list);
  const Oid element = get_element_type(constant->consttype);
  const ArrayType *array = DatumGetArrayTypeP(constant->constvalue);
  if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > kLongestList) return kFailed;
  const Encoding encoding = is_text ? Encoding::kText : PhysicalEncoding(element);
  if (encoding == Encoding::kNone) return kFailed;
  core::VectorStep step{};
  step.op = is_text ? core::VectorOp::kTextIn : core::VectorOp::kIntIn;
  Operand operand;
  const bool compiled = is_text ? CompileTextOperand(set, argument, &operand)
                                : CompileOperand(set, argument, &operand);
  if (!compiled || operand.column < 0) return kFailed;
  step.left = operand.column;
  step.out = AddColumn(set, condition, Encoding::kBool);
  if (step.out < 0) return kFailed;
  const int number = AddStep(set, step);
  if (number < 0 || !AddConstant(set, number, list, encoding, element)) return kFailed;
  return step.out;
}

int CompileNullTest(ColumnSet *set, const NullTest *test, Expr *condition) {
  Expr *argument = StripRelabel(test->arg);
  if (test->argisrow || !IsA(argument, Var)) return kFailed;
  const int column = CompileVector(set, argument, Encoding::kNullness, -1);
  if (column < 0) return kFailed;
  core::VectorStep step{};
  step.op = test->nulltesttype == IS_NULL ? core::VectorOp::kIsNull : core::VectorOp::kIsNotNull;
  step.left = column;
  step.out = AddColumn(set, condition, Encoding::kBool);
  if (step.out < 0 || AddStep(set, step) < 0) return kFailed;
  return step.out;
}

int CompileNot(ColumnSet *set, const BoolExpr *expression, Expr *condition) {
  const int column = Compile(set, static_cast<Expr *>(linitial(expression->args)));
  if (column < 0) return kFailed;
  core::VectorStep step{};
  step.op = core::VectorOp::kNot;
  step.left = column;
  step.out = AddColumn(set, condition, Encoding::kBool);
  if (step.out < 0 || AddStep(set, step) < 0) return kFailed;
  return step.out;
}

int CompileLogic(ColumnSet *set, const BoolExpr *expression, Expr *condition) {
  if (expression->boolop == NOT_EXPR) return CompileNot(set, expression, condition);
  int result = kFailed;
  ListCell *cell;
  foreach (cell, expression->args) {
    const int column = Compile(set, static_cast<Expr *>(lfirst(cell)));
    if (column < 0) return kFailed;
    if (result < 0) {
      result = column;
      continue;
    }
    core::VectorStep step{};
    step.op = expression->boolop == AND_EXPR ? core::VectorOp::kAnd : core::VectorOp::kOr;
    step.left = result;
    step.right = column;
    step.out = AddColumn(set, nullptr, Encoding::kBool);
    if (step.out < 0 || AddStep(set, step) < 0) return kFailed;
    result = step.out;
  }
  return result;
}

int Compile(ColumnSet *set, Expr *condition) {
  switch (nodeTag(condition)) {
    case T_OpExpr:
      return CompileComparison(set, castNode(OpExpr, condition), condition);
    case T_ScalarArrayOpExpr:
      return CompileIn(set, castNode(ScalarArrayOpExpr, condition), condition);
    case T_NullTest:
      return CompileNullTest(set, castNode(NullTest, condition), condition);
    case T_BoolExpr:
      // One side may keep rows from the other.
      set->may_compute = false;
      return CompileLogic(set, castNode(BoolExpr, condition), condition);
    case T_Var:
      return CompileVector(set, condition, Encoding::kBool, -1);
    default:
      return kFailed;
  }
}

}  // namespace

int CompileCondition(ColumnSet *set, Expr *condition, bool may_compute) {
  const ColumnSet saved = *set;
  set->may_compute = may_compute;
  const int column = Compile(set, condition);
  if (column < 0) *set = saved;
  set->may_compute = false;
  return column;
}

}  // namespace weir::stream
