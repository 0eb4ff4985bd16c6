// The columns that one input needs, and how each is filled: decoded from a row, computed from other
// columns, or evaluated row by row by the server.
#pragma once

#include "core/vector/vector_program.hpp"
#include "pg/pg.hpp"
#include "stream/column/encoding.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "nodes/primnodes.h"
}

namespace weir::stream {

inline constexpr int kSetColumns = 160;
inline constexpr int kSetSteps = 160;

// Read straight from an attribute of the row. `physical` is how the attribute is stored; the
// column's own kind may be wider.
struct BaseColumn {
  AttrNumber attribute;
  int column;
  Encoding physical;
  int length;
};

struct RowColumn {
  ExprState *expression;
  int column;
  Encoding encoding;
  int length;
  int steps_before;  // those of columns that PostgreSQL would compute before this one
};

// An operand that does not depend on the row: evaluated once in a pass.
struct StepConstant {
  ExprState *expression;
  int step;
  Encoding encoding;
  Oid list_element;  // valid for the list of an IN
};

struct ColumnSet {
  // Where variables of the input come from: the scanned relation or the child's slot.
  Index variable_source;
  PlanState *parent;

  int column_count;
  core::Column columns[kSetColumns];
  Expr *expressions[kSetColumns];
  Encoding encodings[kSetColumns];
  // A column may be an operand only of steps that come after the one that fills it.
  bool is_filled[kSetColumns];

  int base_count;
  BaseColumn bases[kSetColumns];
  int row_count;
  RowColumn rows[kSetColumns];
  int row_column;  // the one that is being evaluated; -1: none
  int step_count;
  core::VectorStep steps[kSetSteps];
  int constant_count;
  StepConstant constants[kSetSteps];
  int constants_ready;  // those of this pass that were evaluated
  // While a condition is compiled: its constants are evaluated when a row reaches it, so they may
  // cost something or fail.
  bool may_compute;
};

ColumnSet *MakeColumnSet(Index variable_source, PlanState *parent);

// Adds a column that nothing fills yet; its number is the next one. -1 when there are too many.
int AddColumn(ColumnSet *set, Expr *expression, Encoding encoding);

// Says how an existing column is filled from an expression: in columns where possible, else row by
// row.
void FillColumn(ColumnSet *set, int column, Expr *expression, Encoding encoding);

// Compiles a condition into a column of truth values; -1 if it must be evaluated row by row. What
// is compiled raises no error and tells nothing, so it may run before other conditions. With
// `may_compute` that holds only once its constants are known; whoever runs it sees to it that they
// are evaluated for a row that passed all conditions before it.
int CompileCondition(ColumnSet *set, Expr *condition, bool may_compute);

// Evaluates the first constants of the steps, up to `end`, in `context`, once in a pass.
void PrepareConstants(ColumnSet *set, int end, ExprContext *econtext, MemoryContext context);

// Runs the steps over rows [0, count). Returns how many rows come before the first one that fails,
// and how that one does.
int RunColumnSteps(ColumnSet *set, int count, core::VectorStatus *failure);

// How the row `row` would have failed before the column that is being evaluated for it.
core::VectorStatus FailureBeforeRowColumn(ColumnSet *set, int row);

// Raises what PostgreSQL would raise; nothing for kDone.
void RaiseFailure(core::VectorStatus failure);

// Evaluates the row-by-row columns for one row; the row is in the expression context.
void EvaluateRowColumns(ColumnSet *set, int row, ExprContext *econtext, MemoryContext context);

void ResetColumns(ColumnSet *set, int count);

// How a type is stored, for columns that are read as words; kNone for other types.
Encoding PhysicalEncoding(Oid type);

// The highest attribute that the set reads directly.
AttrNumber HighestAttribute(const ColumnSet *set);

}  // namespace weir::stream
