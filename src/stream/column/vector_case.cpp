// CASE with one condition, which FILTER is turned into too, a column at a time.
#include "stream/column/vector_compile.hpp"
#include "stream/column/vector_form.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
}

namespace weir::stream {
namespace {

// Values are computed for all rows, so only what cannot fail will do.
bool IsHarmless(Expr *expression) {
  if (IsFree(expression)) return true;
  expression = StripRelabel(expression);
  if (IsA(expression, Var)) return true;
  if (!IsA(expression, FuncExpr)) return false;
  const FuncExpr *call = castNode(FuncExpr, expression);
  const VectorForm *form = ArithmeticForm(call->funcid);
  const bool converts = form != nullptr && form->operation == core::VectorOp::kToFloat;
  return (converts || IsWidening(call->funcid)) &&
         IsHarmless(static_cast<Expr *>(linitial(call->args)));
}

bool IsNull(const Expr *expression) {
  return expression == nullptr ||
         (IsA(expression, Const) && castNode(Const, const_cast<Expr *>(expression))->constisnull);
}

// A column, or kConstant for what the step carries itself.
int CompileBranch(ColumnSet *set, Expr *value, Encoding encoding) {
  return IsFree(value) ? kConstant : CompileVector(set, value, encoding, -1);
}

// As its own type says, and not as the column does: a cast around the whole may widen the column.
Encoding BranchEncoding(Expr *value, Encoding encoding) {
  if (encoding == Encoding::kWholeWord) return encoding;
  return WordEncoding(exprType(reinterpret_cast<Node *>(value)));
}

bool AddBranchConstant(ColumnSet *set, int step, Expr *value, Encoding encoding) {
  const Encoding stored = BranchEncoding(value, encoding);
  return stored != Encoding::kNone && AddConstant(set, step, value, stored, InvalidOid);
}

int CompileFilter(ColumnSet *set, Expr *value, Encoding encoding, int condition, int out) {
  const int left = CompileBranch(set, value, encoding);
  if (left == kFailed || out < 0) return kFailed;
  core::VectorStep step{};
  step.op = core::VectorOp::kFilter;
  step.left = left == kConstant ? -1 : left;
  step.right = condition;
  step.out = out;
  const int number = AddStep(set, step);
  if (number < 0) return kFailed;
  return left != kConstant || AddBranchConstant(set, number, value, encoding) ? out : kFailed;
}

int CompileElse(ColumnSet *set, int left, Expr *value, Encoding encoding, int condition, int out) {
  const int right = CompileBranch(set, value, encoding);
  if (right == kFailed || out < 0) return kFailed;
  core::VectorStep step{};
  step.op = core::VectorOp::kElse;
  step.left = left;
  step.right = right == kConstant ? -1 : right;
  step.condition = condition;
  step.out = out;
  const int number = AddStep(set, step);
  if (number < 0) return kFailed;
  return right != kConstant || AddBranchConstant(set, number, value, encoding) ? out : kFailed;
}

bool IsWord(Encoding encoding) {
  const core::ValueKind kind = KindOf(encoding);
  return kind != core::ValueKind::kText && kind != core::ValueKind::kNumeric;
}

}  // namespace

int CompileCase(ColumnSet *set, const CaseExpr *expression, Encoding encoding, int destination) {
  if (expression->arg != nullptr || list_length(expression->args) != 1) return kFailed;
  const CaseWhen *when = linitial_node(CaseWhen, expression->args);
  const bool has_else = !IsNull(expression->defresult);
  if (!IsHarmless(when->result) || (has_else && !IsHarmless(expression->defresult))) return kFailed;
  // Long constants have no place in a column.
  if (!IsWord(encoding) && (has_else || IsFree(when->result))) return kFailed;
  if (has_else && encoding == Encoding::kNullness) return kFailed;
  const int condition = CompileCondition(set, when->expr, false);
  if (condition < 0) return kFailed;
  auto *whole = reinterpret_cast<Expr *>(const_cast<CaseExpr *>(expression));
  const int out = destination >= 0 ? destination : AddColumn(set, whole, encoding);
  if (!has_else) return CompileFilter(set, when->result, encoding, condition, out);
  const int kept =
      CompileFilter(set, when->result, encoding, condition, AddColumn(set, nullptr, encoding));
  if (kept < 0) return kFailed;
  return CompileElse(set, kept, expression->defresult, encoding, condition, out);
}

}  // namespace weir::stream
