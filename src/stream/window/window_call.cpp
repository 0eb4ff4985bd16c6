#include "stream/window/window_call.hpp"

#include "core/group/row_layout.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
}

namespace weir::stream {
namespace {

using core::WindowOp;

struct FunctionForm {
  Oid function;
  WindowOp op;
};

constexpr FunctionForm kFunctions[] = {
    {F_ROW_NUMBER, WindowOp::kRowNumber},
    {F_RANK_, WindowOp::kRank},
    {F_DENSE_RANK_, WindowOp::kDenseRank},
    {F_LAG_ANYELEMENT, WindowOp::kOffset},
    {F_LAG_ANYELEMENT_INT4, WindowOp::kOffset},
    {F_LAG_ANYCOMPATIBLE_INT4_ANYCOMPATIBLE, WindowOp::kOffset},
    {F_LEAD_ANYELEMENT, WindowOp::kOffset},
    {F_LEAD_ANYELEMENT_INT4, WindowOp::kOffset},
    {F_LEAD_ANYCOMPATIBLE_INT4_ANYCOMPATIBLE, WindowOp::kOffset},
    {F_FIRST_VALUE, WindowOp::kFirst},
    {F_LAST_VALUE, WindowOp::kLast},
    {F_NTH_VALUE, WindowOp::kNth},
};

bool IsFloat(Encoding encoding) {
  return encoding == Encoding::kFloat4 || encoding == Encoding::kFloat8;
}

bool OpOfAggregate(const AggregateForm &form, bool has_filter, WindowOp *op) {
  if (form.argument == Encoding::kNumeric || form.argument == Encoding::kText) return false;
  switch (form.operation) {
    case Operation::kCountRows:
      *op = has_filter ? WindowOp::kCount : WindowOp::kCountRows;
      return true;
    case Operation::kCount:
      *op = WindowOp::kCount;
      return true;
    case Operation::kSum:
    case Operation::kAverage:
      *op = WindowOp::kSum;
      return true;
    case Operation::kMin:
      *op = WindowOp::kMin;
      return true;
    case Operation::kMax:
      *op = WindowOp::kMax;
      return true;
    case Operation::kBitAnd:
    case Operation::kBitOr:
    case Operation::kBitXor:
      return false;
    default:
      if (core::IsBig(KindOf(form.argument))) return false;
      *op = IsFloat(form.argument) ? WindowOp::kMoments : WindowOp::kSquares;
      return true;
  }
}

bool ArgumentProblem(const WindowFunc *call, const char **why) {
  Node *arguments = reinterpret_cast<Node *>(call->args);
  Node *filter = reinterpret_cast<Node *>(call->aggfilter);
  if (contain_volatile_functions(arguments) || contain_volatile_functions(filter)) {
    *why = "A window function's argument is volatile.";
  } else if (contain_subplans(arguments) || contain_subplans(filter)) {
    *why = "A window function's argument contains a subquery.";
  } else {
    return false;
  }
  return true;
}

bool IsLag(Oid function) {
  return function == F_LAG_ANYELEMENT || function == F_LAG_ANYELEMENT_INT4 ||
         function == F_LAG_ANYCOMPATIBLE_INT4_ANYCOMPATIBLE;
}

// The offset of lag and lead, the number of nth_value: they decide which rows must be kept, so they
// must be known.
bool TakeOffset(const WindowFunc *call, WindowCall *out, const char **why) {
  if (out->op != WindowOp::kOffset && out->op != WindowOp::kNth) return true;
  out->offset = 1;
  if (list_length(call->args) >= 2) {
    Node *offset = static_cast<Node *>(lsecond(call->args));
    if (!IsA(offset, Const) || castNode(Const, offset)->constisnull) {
      *why = "The offset of lag, lead or nth_value is not a constant.";
      return false;
    }
    out->offset = DatumGetInt32(castNode(Const, offset)->constvalue);
  }
  if (out->op == WindowOp::kNth && out->offset <= 0) {
    *why = "The argument of nth_value is not positive.";
    return false;
  }
  if (IsLag(call->winfnoid)) out->offset = -out->offset;
  return true;
}

const char *NoForm(const WindowFunc *call) {
  return psprintf("Window function %s has no streaming form.", format_procedure(call->winfnoid));
}

}  // namespace

bool WindowCallOf(const WindowFunc *call, WindowCall *out, const char **why) {
  if (ArgumentProblem(call, why)) return false;
  *out = {};
  for (const FunctionForm &form : kFunctions) {
    if (form.function != call->winfnoid) continue;
    out->op = form.op;
    return TakeOffset(call, out, why);
  }
  out->aggregate = call->winagg ? FormOfFunction(call->winfnoid) : nullptr;
  if (out->aggregate != nullptr &&
      OpOfAggregate(*out->aggregate, call->aggfilter != nullptr, &out->op)) {
    return true;
  }
  *why = NoForm(call);
  return false;
}

bool UsesFrame(const WindowCall &call) {
  switch (call.op) {
    case WindowOp::kRowNumber:
    case WindowOp::kRank:
    case WindowOp::kDenseRank:
    case WindowOp::kOffset:
      return false;
    default:
      return true;
  }
}

Encoding PassEncoding(Oid type) {
  int16 length;
  bool by_value;
  get_typlenbyval(type, &length, &by_value);
  if (length == -1) return Encoding::kText;
  if (!by_value) return length > 0 ? Encoding::kKeyFixed : Encoding::kNone;
  switch (getBaseType(type)) {
    case FLOAT4OID:
      return Encoding::kFloat4;
    case FLOAT8OID:
      return Encoding::kFloat8;
    case BOOLOID:
      return Encoding::kBool;
    case CHAROID:
      return Encoding::kChar;
    default:
      break;
  }
  switch (length) {
    case 1:
      return Encoding::kChar;
    case 2:
      return Encoding::kInt16;
    case 4:
      return Encoding::kInt32;
    default:
      return Encoding::kInt64;
  }
}

}  // namespace weir::stream
