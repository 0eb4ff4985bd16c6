#include "stream/plan/group_estimate.hpp"

#include "stream/column/vector_compile.hpp"
#include "stream/column/vector_form.hpp"

extern "C" {
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
}

namespace weir::stream {
namespace {

int64 IntegerOf(Oid type, Datum value) {
  switch (type) {
    case INT2OID:
      return DatumGetInt16(value);
    case INT4OID:
      return DatumGetInt32(value);
    default:
      return DatumGetInt64(value);
  }
}

// What a window or a division by a constant is taken of, and how wide its steps are.
Expr *SteppedArgument(Expr *key, double *width) {
  if (IsA(key, FuncExpr)) {
    WindowForm form{};
    if (!WindowFormOf(castNode(FuncExpr, key), &form)) return nullptr;
    *width = static_cast<double>(form.window.width);
    return form.argument;
  }
  if (!IsA(key, OpExpr)) return nullptr;
  const OpExpr *call = castNode(OpExpr, key);
  const VectorForm *form = ArithmeticForm(call->opfuncid);
  if (form == nullptr || form->operation != core::VectorOp::kDivide) return nullptr;
  auto *divisor = static_cast<Expr *>(lsecond(call->args));
  if (!IsPositiveConstant(divisor)) return nullptr;
  const Const *constant = castNode(Const, divisor);
  *width = static_cast<double>(IntegerOf(constant->consttype, constant->constvalue));
  return static_cast<Expr *>(linitial(call->args));
}

// From the least to the largest value of the column's statistics. False when they are not known,
// or not for this user to know.
bool KnownRange(PlannerInfo *root, Node *argument, double *range) {
  const Oid type = exprType(argument);
  if (type != INT2OID && type != INT4OID && type != INT8OID && type != TIMESTAMPOID &&
      type != TIMESTAMPTZOID) {
    return false;
  }
  VariableStatData variable;
  examine_variable(root, argument, 0, &variable);
  AttStatsSlot slot;
  bool is_known = false;
  if (HeapTupleIsValid(variable.statsTuple) && variable.acl_ok &&
      get_attstatsslot(&slot, variable.statsTuple, STATISTIC_KIND_HISTOGRAM, InvalidOid,
                       ATTSTATSSLOT_VALUES)) {
    if (slot.nvalues > 1) {
      *range = static_cast<double>(IntegerOf(type, slot.values[slot.nvalues - 1])) -
               static_cast<double>(IntegerOf(type, slot.values[0]));
      is_known = true;
    }
    free_attstatsslot(&slot);
  }
  ReleaseVariableStats(variable);
  return is_known;
}

}  // namespace

double EstimateGroups(PlannerInfo *root, List *keys, double rows) {
  double windows = 1;
  List *others = NIL;
  ListCell *cell;
  foreach (cell, keys) {
    auto *key = static_cast<Expr *>(lfirst(cell));
    double width;
    double range;
    Expr *argument = SteppedArgument(key, &width);
    if (argument != nullptr && KnownRange(root, reinterpret_cast<Node *>(argument), &range)) {
      windows *= range / width + 2;
    } else {
      others = lappend(others, key);
    }
  }
  const double theirs = estimate_num_groups(root, keys, rows, nullptr, nullptr);
  if (list_length(others) == list_length(keys)) return theirs;
  const double combinations =
      others == NIL ? 1 : estimate_num_groups(root, others, rows, nullptr, nullptr);
  return Max(Min(theirs, windows * combinations), 1);
}

}  // namespace weir::stream
