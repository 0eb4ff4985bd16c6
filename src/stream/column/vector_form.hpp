// The server functions that have a column form.
#pragma once

#include "core/vector/vector_program.hpp"
#include "pg/pg.hpp"
#include "stream/column/encoding.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace weir::stream {

struct VectorForm {
  Oid function;
  core::VectorOp operation;
  Encoding result;
  bool is_swapped;
};

// Arithmetic and conversions; null if there is none.
const VectorForm *ArithmeticForm(Oid function);

// Comparisons, all leakproof and free of errors.
const VectorForm *ComparisonForm(Oid function);

// Conversions that change the type of a word and not its value.
bool IsWidening(Oid function);

// Whether a key is a window of time or numbers: a call of date_bin, date_trunc or weir.tumble.
bool IsWindow(const Expr *expression);

// A window function call over constants: date_bin, date_trunc, weir.tumble.
struct WindowForm {
  core::TumblingWindow window;
  bool keeps_infinity;
  Expr *argument;
};
bool WindowFormOf(const FuncExpr *call, WindowForm *form);

}  // namespace weir::stream
