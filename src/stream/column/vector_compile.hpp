// Turns expressions into steps over columns.
#pragma once

#include "stream/column/column_set.hpp"

namespace weir::stream {

// Compiles a value into `destination`, or into a column of its own choice when that is negative.
// Returns the column, or -1 when some part has no column form; the set may then hold leftovers.
int CompileVector(ColumnSet *set, Expr *expression, Encoding encoding, int destination);

inline constexpr int kFailed = -1;
// A constant operand takes no column of its own; the step carries it.
inline constexpr int kConstant = -2;

struct Operand {
  int column;  // kConstant, or a column
  Expr *constant;
  Encoding encoding;  // of the constant
};

// The building blocks of steps. Each fails when the set is full or an operand has no column form.
// A constant for every row, where one may stand.
bool TakeConstant(const ColumnSet *set, Expr *expression, Operand *operand);
bool CompileOperand(ColumnSet *set, Expr *expression, Operand *operand);
int AddStep(ColumnSet *set, const core::VectorStep &step);
bool AddConstant(ColumnSet *set, int step, Expr *expression, Encoding encoding, Oid list_element);

// Adds a step whose operands are compiled and returns its column; one operand may be a constant.
int FinishStep(ColumnSet *set, core::VectorStep step, const Operand &left, const Operand *right);

// CASE WHEN condition THEN value ELSE value END, where neither value can fail.
int CompileCase(ColumnSet *set, const CaseExpr *expression, Encoding encoding, int destination);

// An expression without variables that costs nothing and cannot fail, so that evaluating it for no
// row at all is seen by nobody.
bool IsFree(Expr *expression);

// Integer division has a column form only for a positive constant: no error is possible then.
bool IsPositiveConstant(Expr *expression);

// Follows relabelings, which change the type and not the bytes, for as long as the bytes mean the
// same word: an integer that is taken for an oid has another order.
Expr *StripRelabel(Expr *expression);

}  // namespace weir::stream
