#include "continuous/live/one_row.hpp"

#include "pg/expression_walk.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace weir::continuous {
namespace {

Node *CopyOf(const Node *node) { return static_cast<Node *>(copyObjectImpl(node)); }

bool IsPlain(const Aggref *aggregate) {
  return aggregate->aggkind == AGGKIND_NORMAL && list_length(aggregate->args) == 1 &&
         aggregate->aggdistinct == NIL && aggregate->aggorder == NIL &&
         aggregate->aggfilter == nullptr;
}

// A strict transition without an initial value takes the first value as its state, and nothing is
// made of it afterwards.
bool StartsWithItsValue(const Aggref *aggregate, Oid argument) {
  if (aggregate->aggfnoid == F_SUM_NUMERIC) return true;
  HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate->aggfnoid));
  if (!HeapTupleIsValid(tuple)) return false;
  bool has_no_start;
  (void)SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval, &has_no_start);
  const auto *form = reinterpret_cast<Form_pg_aggregate>(GETSTRUCT(tuple));
  const bool starts = has_no_start && !OidIsValid(form->aggfinalfn) &&
                      form->aggtranstype == argument && aggregate->aggtype == argument &&
                      func_strict(form->aggtransfn);
  ReleaseSysCache(tuple);
  return starts;
}

Node *ArgumentOf(const Aggref *aggregate) {
  return reinterpret_cast<Node *>(linitial_node(TargetEntry, aggregate->args)->expr);
}

// sum(bigint)::bigint
const Aggref *AsSumOfIntegers(const Node *expression) {
  if (!IsA(expression, FuncExpr)) return nullptr;
  const auto *cast = reinterpret_cast<const FuncExpr *>(expression);
  if (cast->funcid != F_INT8_NUMERIC) return nullptr;
  const auto *argument = static_cast<const Node *>(linitial(cast->args));
  if (!IsA(argument, Aggref)) return nullptr;
  const auto *sum = reinterpret_cast<const Aggref *>(argument);
  return sum->aggfnoid == F_SUM_INT8 && IsPlain(sum) ? sum : nullptr;
}

Node *Replace(Node *node, void *context) {
  if (node == nullptr) return nullptr;
  if (const Aggref *sum = AsSumOfIntegers(node)) return CopyOf(ArgumentOf(sum));
  if (!IsA(node, Aggref)) return pg::MutateExpression(node, Replace, context);
  const auto *aggregate = reinterpret_cast<const Aggref *>(node);
  if (!IsPlain(aggregate)) return node;
  Node *argument = ArgumentOf(aggregate);
  return StartsWithItsValue(aggregate, exprType(argument)) ? CopyOf(argument) : node;
}

}  // namespace

List *OfOneRow(List *expressions) {
  return reinterpret_cast<List *>(
      Replace(reinterpret_cast<Node *>(expressions), static_cast<void *>(nullptr)));
}

}  // namespace weir::continuous
