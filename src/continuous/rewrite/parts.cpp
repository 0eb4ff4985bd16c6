#include "continuous/rewrite/parts.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/partial_state.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
}

namespace weir::continuous {
namespace {

Aggref *CopyOf(const Aggref *aggregate) { return static_cast<Aggref *>(copyObjectImpl(aggregate)); }

// The same input, another function.
Aggref *OtherAggregate(const Aggref *aggregate, Oid function) {
  Aggref *other = CopyOf(aggregate);
  other->aggfnoid = function;
  other->aggtype = get_func_rettype(function);
  other->aggstar = false;
  return other;
}

void CastArgument(Aggref *aggregate, Oid cast, Oid type) {
  auto *target = linitial_node(TargetEntry, aggregate->args);
  target->expr = reinterpret_cast<Expr *>(makeFuncExpr(
      cast, type, list_make1(target->expr), InvalidOid, InvalidOid, COERCE_EXPLICIT_CAST));
  aggregate->aggargtypes = list_make1_oid(type);
}

// Positions do not matter to equal(), so each piece is kept once.
Node *ColumnOf(PartList *list, const Part &part) {
  int position = 0;
  ListCell *cell;
  foreach (cell, list->parts) {
    if (equal(static_cast<Part *>(lfirst(cell))->aggregate, part.aggregate)) break;
    position++;
  }
  if (cell == nullptr) {
    auto *kept = static_cast<Part *>(palloc(sizeof(Part)));
    *kept = part;
    list->parts = lappend(list->parts, kept);
  }
  return reinterpret_cast<Node *>(makeVar(1, static_cast<AttrNumber>(list->first_column + position),
                                          part.final_type, -1, get_typcollation(part.final_type),
                                          0));
}

Node *AddedColumn(PartList *list, Aggref *aggregate) {
  return ColumnOf(list, {aggregate, Merge::kAdd, InvalidOid, InvalidOid, INT8OID});
}

struct AggregateFacts {
  Oid transition, combine, final, serial, type;
};

AggregateFacts FactsOf(Oid function) {
  HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for aggregate %u", function);
  const auto *form = reinterpret_cast<Form_pg_aggregate>(GETSTRUCT(tuple));
  const AggregateFacts facts{form->aggtransfn, form->aggcombinefn, form->aggfinalfn,
                             form->aggserialfn, form->aggtranstype};
  ReleaseSysCache(tuple);
  return facts;
}

// Results that merge as further input: minimum, sums of fractions, logical and bitwise operations.
bool MergesItself(const Aggref *aggregate, const AggregateFacts &facts) {
  return list_length(aggregate->aggargtypes) == 1 && facts.transition == facts.combine &&
         !OidIsValid(facts.final);
}

Node *ItselfColumn(PartList *list, const Aggref *aggregate) {
  const AggregateFacts facts = FactsOf(aggregate->aggfnoid);
  return ColumnOf(list, {CopyOf(aggregate), Merge::kItself, aggregate->aggfnoid, facts.combine,
                         aggregate->aggtype});
}

void RequireCombinable(const char *text, const Aggref *aggregate, const AggregateFacts &facts) {
  const char *name = psprintf("aggregate function %s", format_procedure(aggregate->aggfnoid));
  if (!OidIsValid(facts.combine) || aggregate->args == NIL) {
    Refuse(text, {aggregate->location, name,
                  "Use an aggregate with a combine function, as count, sum, avg, min or max."});
  }
  if (!IsSafeState(aggregate->aggfnoid)) {
    Refuse(text, {aggregate->location, name,
                  "Its state cannot be kept in a table; use another aggregate."});
  }
}

// Any other aggregate: its transition state as it is between parallel workers.
Node *StateColumn(PartList *list, const Aggref *aggregate) {
  const AggregateFacts facts = FactsOf(aggregate->aggfnoid);
  RequireCombinable(list->text, aggregate, facts);
  Aggref *partial = CopyOf(aggregate);
  partial->aggfnoid = OurFunction("partial_state");
  partial->aggtype = BYTEAOID;
  partial->aggcollid = InvalidOid;
  partial->aggvariadic = false;
  Const *which = makeConst(REGPROCEDUREOID, -1, InvalidOid, sizeof(Oid),
                           ObjectIdGetDatum(aggregate->aggfnoid), false, true);
  partial->args =
      lcons(makeTargetEntry(reinterpret_cast<Expr *>(which), 1, nullptr, false), partial->args);
  partial->aggargtypes = lcons_oid(REGPROCEDUREOID, partial->aggargtypes);
  return ColumnOf(
      list, {partial, Merge::kCombine, aggregate->aggfnoid, facts.combine, aggregate->aggtype});
}

Node *Call(Oid function, Oid type, List *arguments) {
  return reinterpret_cast<Node *>(
      makeFuncExpr(function, type, arguments, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
}

// Sums are NULL exactly where the count is 0, and the functions are strict: nothing is divided by
// zero.
Node *Mean(PartList *list, const Aggref *aggregate) {
  Node *count = AddedColumn(list, OtherAggregate(aggregate, F_COUNT_ANY));
  switch (aggregate->aggfnoid) {
    case F_AVG_INT2:
    case F_AVG_INT4: {
      const Oid sum = aggregate->aggfnoid == F_AVG_INT2 ? F_SUM_INT2 : F_SUM_INT4;
      Node *total = AddedColumn(list, OtherAggregate(aggregate, sum));
      return Call(F_NUMERIC_DIV, NUMERICOID,
                  list_make2(Call(F_NUMERIC_INT8, NUMERICOID, list_make1(total)),
                             Call(F_NUMERIC_INT8, NUMERICOID, list_make1(count))));
    }
    case F_AVG_INT8:
    case F_AVG_NUMERIC: {
      Aggref *sum =
          OtherAggregate(aggregate, aggregate->aggfnoid == F_AVG_INT8 ? F_SUM_INT8 : F_SUM_NUMERIC);
      return Call(F_NUMERIC_DIV, NUMERICOID,
                  list_make2(ExpressionOverParts(list, sum),
                             Call(F_NUMERIC_INT8, NUMERICOID, list_make1(count))));
    }
    default: {
      Aggref *sum = OtherAggregate(aggregate, F_SUM_FLOAT8);
      if (aggregate->aggfnoid == F_AVG_FLOAT4) CastArgument(sum, F_FLOAT8_FLOAT4, FLOAT8OID);
      return Call(
          F_FLOAT8DIV, FLOAT8OID,
          list_make2(ItselfColumn(list, sum), Call(F_FLOAT8_INT8, FLOAT8OID, list_make1(count))));
    }
  }
}

// A sum of bigint or numeric: numerics, which add up exactly.
Node *NumericSum(PartList *list, const Aggref *aggregate) {
  return ColumnOf(list,
                  {CopyOf(aggregate), Merge::kItself, F_SUM_NUMERIC, F_NUMERIC_ADD, NUMERICOID});
}

void RequirePlain(const char *text, const Aggref *aggregate) {
  const struct {
    bool present;
    const char *clause;
  } clauses[] = {{aggregate->aggdistinct != NIL, "DISTINCT in an aggregate"},
                 {aggregate->aggorder != NIL, "ORDER BY in an aggregate"},
                 {aggregate->aggkind != AGGKIND_NORMAL, "an ordered-set aggregate"}};
  for (const auto &clause : clauses) {
    if (!clause.present) continue;
    Refuse(text, {aggregate->location, clause.clause,
                  "Every input value would have to be kept; group by the value and aggregate when "
                  "reading."});
  }
}

}  // namespace

Node *ExpressionOverParts(PartList *list, const Aggref *aggregate) {
  RequirePlain(list->text, aggregate);
  switch (aggregate->aggfnoid) {
    case F_COUNT_:
    case F_COUNT_ANY: {
      Node *zero = reinterpret_cast<Node *>(makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
                                                      Int64GetDatum(0), false, FLOAT8PASSBYVAL));
      CoalesceExpr *result = makeNode(CoalesceExpr);
      result->coalescetype = INT8OID;
      result->args = list_make2(AddedColumn(list, CopyOf(aggregate)), zero);
      result->location = -1;
      return reinterpret_cast<Node *>(result);
    }
    case F_SUM_INT2:
    case F_SUM_INT4:
      return AddedColumn(list, CopyOf(aggregate));
    case F_SUM_INT8:
    case F_SUM_NUMERIC:
      return NumericSum(list, aggregate);
    case F_AVG_INT2:
    case F_AVG_INT4:
    case F_AVG_INT8:
    case F_AVG_NUMERIC:
    case F_AVG_FLOAT4:
    case F_AVG_FLOAT8:
      return Mean(list, aggregate);
    default:
      if (MergesItself(aggregate, FactsOf(aggregate->aggfnoid))) {
        return ItselfColumn(list, aggregate);
      }
      return StateColumn(list, aggregate);
  }
}

char *MergeRows(const Part *part, const char *column) {
  switch (part->merge) {
    case Merge::kAdd:
      // The streaming executor knows this sum; it is a numeric, back to what the pieces are.
      return psprintf("pg_catalog.sum(%s)::pg_catalog.int8", column);
    case Merge::kItself:
      return psprintf("%s(%s)", QualifiedFunction(part->function), column);
    case Merge::kCombine:
      return psprintf("weir.finish_states(%s, %s, NULL::%s)", ProcedureLiteral(part->function),
                      column, QualifiedType(part->final_type));
  }
  pg_unreachable();
}

char *MergeKept(const Part *part, const char *column) {
  if (part->merge != Merge::kCombine) return MergeRows(part, column);
  return psprintf("weir.merge_states(%s, %s)", ProcedureLiteral(part->function), column);
}

char *MergeTwo(const Part *part, const char *column) {
  if (part->merge == Merge::kCombine) {
    return psprintf(
        "(SELECT weir.merge_states(%s, v.state) FROM (VALUES (old.%s), "
        "(excluded.%s)) v(state))",
        ProcedureLiteral(part->function), column, column);
  }
  const char *combine =
      part->merge == Merge::kAdd ? "pg_catalog.int8pl" : QualifiedFunction(part->combine);
  char *both = psprintf("%s(old.%s, excluded.%s)", combine, column, column);
  if (part->merge != Merge::kAdd && !func_strict(part->combine)) return both;
  return psprintf("COALESCE(%s, old.%s, excluded.%s)", both, column, column);
}

}  // namespace weir::continuous
