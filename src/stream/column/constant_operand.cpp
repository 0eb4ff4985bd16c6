// Operands that are the same for every row.
#include "pg/expression_walk.hpp"
#include "stream/column/vector_compile.hpp"

#include <cstdlib>

extern "C" {
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"
}

namespace weir::stream {
namespace {

constexpr int kManyDays = 36525;

bool ContainsVariable(Node *node, void *context) {
  if (node == nullptr) return false;
  if (IsA(node, Var) || IsA(node, SubPlan) || IsA(node, Aggref) || IsA(node, CaseTestExpr)) {
    return true;
  }
  return pg::WalkExpression(node, ContainsVariable, context);
}

bool IsRowIndependent(Expr *expression) {
  Node *node = reinterpret_cast<Node *>(expression);
  return !ContainsVariable(node, nullptr) && !contain_volatile_functions(node);
}

// The time of the transaction, or its date.
bool IsNow(const Expr *expression) {
  if (IsA(expression, FuncExpr)) {
    const Oid function = reinterpret_cast<const FuncExpr *>(expression)->funcid;
    return function == F_NOW || function == F_TRANSACTION_TIMESTAMP ||
           function == F_STATEMENT_TIMESTAMP;
  }
  if (!IsA(expression, SQLValueFunction)) return false;
  switch (reinterpret_cast<const SQLValueFunction *>(expression)->op) {
    case SVFOP_CURRENT_DATE:
    case SVFOP_CURRENT_TIMESTAMP:
    case SVFOP_CURRENT_TIMESTAMP_N:
    case SVFOP_LOCALTIMESTAMP:
    case SVFOP_LOCALTIMESTAMP_N:
      return true;
    default:
      return false;
  }
}

// At most a hundred years, which lead from the present to no time that could not be stored.
bool IsNearInterval(const Const *constant) {
  const Interval *interval = DatumGetIntervalP(constant->constvalue);
  return std::abs(static_cast<int64>(interval->month)) <= 1200 &&
         std::abs(static_cast<int64>(interval->day)) <= kManyDays &&
         interval->time >= -kManyDays * USECS_PER_DAY &&
         interval->time <= kManyDays * USECS_PER_DAY;
}

// now() - interval '1 day' and the like, which no plan holds as a constant.
bool IsNearNow(const Expr *expression) {
  if (!IsA(expression, OpExpr)) return false;
  const auto *call = reinterpret_cast<const OpExpr *>(expression);
  if (list_length(call->args) != 2 || !IsNow(static_cast<Expr *>(linitial(call->args)))) {
    return false;
  }
  const auto *constant = static_cast<const Const *>(lsecond(call->args));
  if (!IsA(constant, Const) || constant->constisnull) return false;
  switch (call->opfuncid) {
    case F_TIMESTAMPTZ_MI_INTERVAL:
    case F_TIMESTAMPTZ_PL_INTERVAL:
    case F_TIMESTAMP_MI_INTERVAL:
    case F_TIMESTAMP_PL_INTERVAL:
    case F_DATE_MI_INTERVAL:
    case F_DATE_PL_INTERVAL:
      return IsNearInterval(constant);
    case F_DATE_MII:
    case F_DATE_PLI:
      return std::abs(static_cast<int64>(DatumGetInt32(constant->constvalue))) <= kManyDays;
    default:
      return false;
  }
}

}  // namespace

// A parameter of the executor may stand for a subquery that has not run yet, and may never have to.
bool IsFree(Expr *expression) {
  while (IsA(expression, RelabelType)) expression = castNode(RelabelType, expression)->arg;
  if (IsA(expression, Param)) return castNode(Param, expression)->paramkind == PARAM_EXTERN;
  return IsA(expression, Const) || IsNow(expression) || IsNearNow(expression);
}

bool TakeConstant(const ColumnSet *set, Expr *expression, Operand *operand) {
  if (!IsFree(expression) && !(set->may_compute && IsRowIndependent(expression))) return false;
  const Oid type = exprType(reinterpret_cast<Node *>(expression));
  *operand = {kConstant, expression, PhysicalEncoding(type)};
  return true;
}

}  // namespace weir::stream
