#include "stream/plan/order.hpp"

#include "pg/compat.hpp"
#include "stream/column/vector_compile.hpp"
#include "stream/column/vector_form.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace weir::stream {
namespace {

bool IsOrdered(const Plan *plan, Expr *expression);

// The expression that a plan's target list has in a place.
Expr *TargetOf(const Plan *plan, AttrNumber column) {
  return list_nth_node(TargetEntry, plan->targetlist, column - 1)->expr;
}

bool IsDefaultOperator(Oid operator_id) {
  Oid family;
  Oid type;
  return pg::OrderingFamilyOf(operator_id, &family, &type) && IsDefaultOrder(family, type);
}

// A node that sorts or merges by its columns: the first of them, or a window of it that was
// computed below.
bool IsSortedBy(const Plan *plan, const Plan *input, AttrNumber first, Oid operator_id,
                const Var *var) {
  if (!IsDefaultOperator(operator_id)) return false;
  if (var->varattno == first) return true;
  return input != nullptr &&
         equal(OrderedArgument(TargetOf(input, var->varattno)), TargetOf(input, first));
}

// The table's attribute in the first column of a b-tree index; zero for an expression or another
// order.
AttrNumber LeadingAttribute(Oid index) {
  HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
  if (!HeapTupleIsValid(tuple)) return 0;
  const AttrNumber attribute = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple))->indkey.values[0];
  bool is_null;
  const Datum classes = SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indclass, &is_null);
  const Oid operator_class = reinterpret_cast<oidvector *>(DatumGetPointer(classes))->values[0];
  const bool is_default =
      IsDefaultOrder(get_opclass_family(operator_class), get_opclass_input_type(operator_class));
  ReleaseSysCache(tuple);
  return is_default ? attribute : 0;
}

// Searching for one value after the other of a list may come out of order.
bool HasList(List *quals) {
  ListCell *cell;
  foreach (cell, quals) {
    if (IsA(lfirst(cell), ScalarArrayOpExpr)) return true;
  }
  return false;
}

bool IsIndexOrdered(const IndexScan *scan, const Var *var) {
  if (scan->indexorderby != NIL || HasList(scan->indexqual)) return false;
  if (ScanDirectionIsNoMovement(scan->indexorderdir)) return false;
  return static_cast<Index>(var->varno) == scan->scan.scanrelid && var->varattno > 0 &&
         LeadingAttribute(scan->indexid) == var->varattno;
}

bool IsIndexOnlyOrdered(const IndexOnlyScan *scan, const Var *var) {
  if (scan->indexorderby != NIL || HasList(scan->indexqual)) return false;
  if (ScanDirectionIsNoMovement(scan->indexorderdir)) return false;
  return var->varno == INDEX_VAR && var->varattno == 1 && LeadingAttribute(scan->indexid) != 0;
}

bool IsOuterOrdered(const Plan *plan, const Var *var) {
  const Plan *outer = outerPlan(plan);
  return outer != nullptr && var->varno == OUTER_VAR &&
         IsOrdered(outer, TargetOf(outer, var->varattno));
}

// Rows of the outer side, with NULLs for want of a partner at most.
bool KeepsOuterOrder(JoinType type) {
  return type == JOIN_INNER || type == JOIN_LEFT || type == JOIN_SEMI || type == JOIN_ANTI;
}

bool IsVarOrdered(const Plan *plan, const Var *var) {
  switch (nodeTag(plan)) {
    case T_Sort:
    case T_IncrementalSort: {
      const auto *sort = reinterpret_cast<const Sort *>(plan);
      return IsSortedBy(plan, outerPlan(plan), sort->sortColIdx[0], sort->sortOperators[0], var);
    }
    case T_GatherMerge: {
      const auto *merge = reinterpret_cast<const GatherMerge *>(plan);
      return IsSortedBy(plan, nullptr, merge->sortColIdx[0], merge->sortOperators[0], var);
    }
    case T_MergeAppend: {
      const auto *merge = reinterpret_cast<const MergeAppend *>(plan);
      return IsSortedBy(plan, nullptr, merge->sortColIdx[0], merge->sortOperators[0], var);
    }
    case T_IndexScan:
      return IsIndexOrdered(reinterpret_cast<const IndexScan *>(plan), var);
    case T_IndexOnlyScan:
      return IsIndexOnlyOrdered(reinterpret_cast<const IndexOnlyScan *>(plan), var);
    case T_SubqueryScan: {
      const Plan *below = reinterpret_cast<const SubqueryScan *>(plan)->subplan;
      return var->varattno > 0 && IsOrdered(below, TargetOf(below, var->varattno));
    }
    case T_NestLoop:
    case T_MergeJoin:
      return KeepsOuterOrder(reinterpret_cast<const Join *>(plan)->jointype) &&
             IsOuterOrdered(plan, var);
    case T_Limit:
    case T_Material:
    case T_Result:
      return IsOuterOrdered(plan, var);
    default:
      return false;
  }
}

// `expression` is over the input of the plan, like those of its target list.
bool IsOrdered(const Plan *plan, Expr *expression) {
  expression = OrderedArgument(expression);
  return IsA(expression, Var) && IsVarOrdered(plan, castNode(Var, expression));
}

bool IsDivision(const OpExpr *call) {
  const VectorForm *form = ArithmeticForm(call->opfuncid);
  return form != nullptr && form->operation == core::VectorOp::kDivide &&
         IsPositiveConstant(static_cast<Expr *>(lsecond(call->args)));
}

}  // namespace

Expr *OrderedArgument(Expr *expression) {
  for (;;) {
    expression = StripRelabel(expression);
    WindowForm form{};
    if (IsA(expression, OpExpr) && IsDivision(castNode(OpExpr, expression))) {
      expression = static_cast<Expr *>(linitial(castNode(OpExpr, expression)->args));
    } else if (IsA(expression, FuncExpr) && WindowFormOf(castNode(FuncExpr, expression), &form)) {
      expression = form.argument;
    } else if (IsA(expression, FuncExpr) && IsWidening(castNode(FuncExpr, expression)->funcid)) {
      expression = static_cast<Expr *>(linitial(castNode(FuncExpr, expression)->args));
    } else {
      return expression;
    }
  }
}

bool IsColumnOrdered(const Plan *plan, AttrNumber column) {
  return IsOrdered(plan, TargetOf(plan, column));
}

bool IsDefaultOrder(Oid family, Oid type) {
  return OidIsValid(family) &&
         family == lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
}

}  // namespace weir::stream
