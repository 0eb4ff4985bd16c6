#include "stream/column/vector_compile.hpp"

#include "stream/column/vector_form.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
}

namespace weir::stream {
namespace {

int Destination(ColumnSet *set, Expr *expression, Encoding encoding, int destination) {
  return destination >= 0 ? destination : AddColumn(set, expression, encoding);
}

}  // namespace

bool CompileOperand(ColumnSet *set, Expr *expression, Operand *operand) {
  if (TakeConstant(set, expression, operand)) return true;
  const Encoding encoding = PhysicalEncoding(exprType(reinterpret_cast<Node *>(expression)));
  if (encoding == Encoding::kNone) return false;
  *operand = {CompileVector(set, expression, encoding, -1), nullptr, encoding};
  return operand->column >= 0;
}

int AddStep(ColumnSet *set, const core::VectorStep &step) {
  if (set->step_count >= kSetSteps) return kFailed;
  set->steps[set->step_count] = step;
  set->is_filled[step.out] = true;
  return set->step_count++;
}

bool AddConstant(ColumnSet *set, int step, Expr *expression, Encoding encoding, Oid list_element) {
  if (set->constant_count >= kSetSteps) return false;
  ExprState *state = ExecInitExpr(expression, set->parent);
  set->constants[set->constant_count++] = {state, step, encoding, list_element};
  return true;
}

// Adds the step once its operands are compiled; at most one of them is a constant.
int FinishStep(ColumnSet *set, core::VectorStep step, const Operand &left, const Operand *right) {
  const Operand *constant = left.column == kConstant ? &left : nullptr;
  if (right != nullptr && right->column == kConstant) {
    if (constant != nullptr) return kFailed;
    constant = right;
  }
  step.left = left.column == kConstant ? -1 : left.column;
  step.right = right == nullptr || right->column == kConstant ? -1 : right->column;
  const int number = AddStep(set, step);
  if (number < 0) return kFailed;
  if (constant != nullptr) {
    if (constant->encoding == Encoding::kNone) return kFailed;
    if (!AddConstant(set, number, constant->constant, constant->encoding, InvalidOid)) {
      return kFailed;
    }
  }
  return step.out;
}

namespace {

int CompileWindow(ColumnSet *set, const FuncExpr *call, Expr *expression, int destination) {
  WindowForm form{};
  if (!WindowFormOf(call, &form)) return kFailed;
  Operand argument;
  if (!CompileOperand(set, form.argument, &argument) || argument.column < 0) return kFailed;
  core::VectorStep step{};
  step.op = core::VectorOp::kWindow;
  step.window = form.window;
  step.keeps_infinity = form.keeps_infinity;
  step.out = Destination(set, expression, Encoding::kInt64, destination);
  return step.out < 0 ? kFailed : FinishStep(set, step, argument, nullptr);
}

int CompileArithmetic(ColumnSet *set, Oid function, List *arguments, Expr *expression,
                      int destination) {
  const VectorForm *form = ArithmeticForm(function);
  if (form == nullptr) return kFailed;
  const bool is_binary = list_length(arguments) == 2;
  if (form->operation == core::VectorOp::kDivide &&
      !IsPositiveConstant(static_cast<Expr *>(lsecond(arguments)))) {
    return kFailed;
  }
  Operand left;
  Operand right;
  if (!CompileOperand(set, static_cast<Expr *>(linitial(arguments)), &left)) return kFailed;
  if (is_binary && !CompileOperand(set, static_cast<Expr *>(lsecond(arguments)), &right)) {
    return kFailed;
  }
  if (!is_binary && left.column == kConstant) return kFailed;
  core::VectorStep step{};
  step.op = form->operation;
  step.out = Destination(set, expression, form->result, destination);
  return step.out < 0 ? kFailed : FinishStep(set, step, left, is_binary ? &right : nullptr);
}

// Whether the column's form is also how the attribute is read.
bool KeepsForm(Encoding encoding) {
  switch (encoding) {
    case Encoding::kNullness:
    case Encoding::kKeyFixed:
    case Encoding::kKeyName:
    case Encoding::kText:
    case Encoding::kNumeric:
    case Encoding::kWholeWord:
      return true;
    default:
      return IsPadded(encoding);
  }
}

int CompileBase(ColumnSet *set, const Var *var, Encoding encoding, int destination) {
  const Oid type = var->vartype;
  Encoding physical = KeepsForm(encoding) ? encoding : PhysicalEncoding(type);
  const bool is_word = encoding == Encoding::kUint32 || encoding == Encoding::kInt64;
  if (physical == Encoding::kNone && is_word) physical = encoding;
  if (physical == Encoding::kNone) return kFailed;
  Expr *expression = reinterpret_cast<Expr *>(const_cast<Var *>(var));
  const int column = Destination(set, expression, encoding, destination);
  if (column < 0 || set->base_count >= kSetColumns) return kFailed;
  set->is_filled[column] = true;
  set->bases[set->base_count++] = {var->varattno, column, physical, get_typlen(type)};
  return column;
}

int FindColumn(const ColumnSet *set, const Expr *expression, Encoding encoding) {
  for (int i = 0; i < set->column_count; ++i) {
    if (set->is_filled[i] && set->encodings[i] == encoding && set->expressions[i] != nullptr &&
        equal(set->expressions[i], expression)) {
      return i;
    }
  }
  return kFailed;
}

}  // namespace

bool IsPositiveConstant(Expr *expression) {
  if (!IsA(expression, Const)) return false;
  const Const *constant = castNode(Const, expression);
  if (constant->constisnull) return false;
  switch (constant->consttype) {
    case INT2OID:
      return DatumGetInt16(constant->constvalue) > 0;
    case INT4OID:
      return DatumGetInt32(constant->constvalue) > 0;
    case INT8OID:
      return DatumGetInt64(constant->constvalue) > 0;
    default:
      return false;
  }
}

Expr *StripRelabel(Expr *expression) {
  while (expression != nullptr && IsA(expression, RelabelType)) {
    const RelabelType *relabel = castNode(RelabelType, expression);
    const Oid inner = exprType(reinterpret_cast<Node *>(relabel->arg));
    if (WordEncoding(inner) != WordEncoding(relabel->resulttype)) break;
    expression = relabel->arg;
  }
  return expression;
}

int CompileVector(ColumnSet *set, Expr *expression, Encoding encoding, int destination) {
  expression = StripRelabel(expression);
  if (destination < 0) {
    const int known = FindColumn(set, expression, encoding);
    if (known >= 0) return known;
  }
  if (IsA(expression, Var)) {
    const Var *var = castNode(Var, expression);
    if (static_cast<Index>(var->varno) != set->variable_source || var->varattno <= 0 ||
        var->varlevelsup != 0) {
      return kFailed;
    }
    return CompileBase(set, var, encoding, destination);
  }
  if (IsA(expression, CaseExpr)) {
    return CompileCase(set, castNode(CaseExpr, expression), encoding, destination);
  }
  if (KindOf(encoding) == core::ValueKind::kText || KindOf(encoding) == core::ValueKind::kNumeric ||
      encoding == Encoding::kWholeWord) {
    return kFailed;
  }
  if (IsA(expression, FuncExpr)) {
    const FuncExpr *call = castNode(FuncExpr, expression);
    if (IsWidening(call->funcid)) {
      return CompileVector(set, static_cast<Expr *>(linitial(call->args)), encoding, destination);
    }
    const int window = CompileWindow(set, call, expression, destination);
    if (window >= 0) return window;
    return CompileArithmetic(set, call->funcid, call->args, expression, destination);
  }
  if (IsA(expression, OpExpr)) {
    const OpExpr *call = castNode(OpExpr, expression);
    return CompileArithmetic(set, call->opfuncid, call->args, expression, destination);
  }
  return kFailed;
}

}  // namespace weir::stream
