// Sets up calls of aggregates' own functions.
#include "stream/aggregate/call.hpp"

#include "pg/compat.hpp"
#include "stream/aggregate/scan_setup.hpp"

extern "C" {
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_agg.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace weir::stream {
namespace {

// What the catalog says of an aggregate.
struct Definition {
  Oid owner;
  Oid transition;
  Oid finish;
  Oid serialize;
  bool finish_has_arguments;
  bool finish_spoils_state;
  NullableDatum initial;
};

NullableDatum InitialValue(HeapTuple tuple, Oid type) {
  bool is_null;
  const Datum stored = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval, &is_null);
  if (is_null) return {0, true};
  Oid input;
  Oid parameter;
  getTypeInputInfo(type, &input, &parameter);
  return {OidInputFunctionCall(input, TextDatumGetCString(stored), parameter, -1), false};
}

Oid OwnerOf(Oid function) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for function %u", function);
  const Oid owner = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proowner;
  ReleaseSysCache(tuple);
  return owner;
}

Definition DefinitionOf(const Aggref *aggref) {
  HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
  if (!HeapTupleIsValid(tuple)) {
    elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
  }
  const auto *form = reinterpret_cast<Form_pg_aggregate>(GETSTRUCT(tuple));
  Definition definition{};
  definition.transition = form->aggtransfn;
  const bool is_partial = DO_AGGSPLIT_SKIPFINAL(aggref->aggsplit);
  if (!is_partial) definition.finish = form->aggfinalfn;
  if (is_partial && aggref->aggtranstype == INTERNALOID) definition.serialize = form->aggserialfn;
  definition.finish_has_arguments = form->aggfinalextra;
  definition.finish_spoils_state = form->aggfinalmodify == AGGMODIFY_READ_WRITE;
  definition.initial = InitialValue(tuple, aggref->aggtranstype);
  ReleaseSysCache(tuple);
  definition.owner = OwnerOf(aggref->aggfnoid);
  return definition;
}

void SetTransition(AggregateCall *call, const Aggref *aggref, const Definition &definition,
                   Node *context) {
  Oid types[FUNC_MAX_ARGS];
  const int count = get_aggregate_argtypes(const_cast<Aggref *>(aggref), types);
  Expr *expression;
  build_aggregate_transfn_expr(types, count, 0, aggref->aggvariadic, aggref->aggtranstype,
                               aggref->inputcollid, definition.transition, InvalidOid, &expression,
                               nullptr);
  pg::CheckMayExecute(definition.transition, definition.owner);
  fmgr_info(definition.transition, &call->transition);
  fmgr_info_set_expr(reinterpret_cast<Node *>(expression), &call->transition);
  const auto arguments = static_cast<short>(call->argument_count + 1);
  call->call = static_cast<FunctionCallInfo>(palloc0(SizeForFunctionCallInfo(arguments)));
  InitFunctionCallInfoData(*call->call, &call->transition, arguments, call->collation, context,
                           nullptr);
}

void SetFinish(AggregateCall *call, const Aggref *aggref, const Definition &definition) {
  const Oid function = OidIsValid(definition.finish) ? definition.finish : definition.serialize;
  call->has_finish = OidIsValid(function);
  if (!call->has_finish) return;
  Expr *expression;
  if (OidIsValid(definition.finish)) {
    Oid types[FUNC_MAX_ARGS];
    const int count = get_aggregate_argtypes(const_cast<Aggref *>(aggref), types);
    call->finish_arguments = definition.finish_has_arguments ? count + 1 : 1;
    build_aggregate_finalfn_expr(types, call->finish_arguments, aggref->aggtranstype,
                                 aggref->aggtype, aggref->inputcollid, function, &expression);
  } else {
    call->finish_arguments = 1;
    build_aggregate_serialfn_expr(function, &expression);
  }
  pg::CheckMayExecute(function, definition.owner);
  fmgr_info(function, &call->finish);
  fmgr_info_set_expr(reinterpret_cast<Node *>(expression), &call->finish);
}

CallArgument ArgumentOf(AggregateScan *scan, const Aggref *aggref, Expr *argument) {
  if (IsA(argument, Const)) {
    const Const *constant = castNode(Const, argument);
    return {-1, Encoding::kNone, {constant->constvalue, constant->constisnull}};
  }
  const Encoding encoding = ArgumentEncoding(exprType(reinterpret_cast<Node *>(argument)));
  return {AddInput(scan, FilteredArgument(aggref->aggfilter, argument), encoding), encoding, {}};
}

// A strict function ignores what FILTER turned into NULLs; for any other one, rows are told apart
// by the condition itself.
bool NeedsFilter(const AggregateCall *call, const Aggref *aggref) {
  if (aggref->aggfilter == nullptr) return false;
  for (int i = 0; i < call->argument_count; ++i) {
    if (call->transition.fn_strict && call->arguments[i].column >= 0) return false;
  }
  return true;
}

// The planner has numbered the transitions: aggregates that differ in their ends alone share one.
void ShareState(AggregateScan *scan, AggregateCall *call) {
  Aggref *aggref = call->finish_info.aggref;
  ListCell *cell;
  foreach (cell, scan->calls) {
    const auto *other = static_cast<const AggregateCall *>(lfirst(cell));
    if (other->finish_info.aggref->aggtransno != aggref->aggtransno) continue;
    call->index = other->index;
    call->transition_info = other->transition_info;
    call->transition_info->aggshared = true;
    return;
  }
  call->owns_state = true;
  call->index = scan->call_states++;
  call->transition_info =
      static_cast<AggStatePerTransData *>(palloc0(sizeof(AggStatePerTransData)));
  call->transition_info->aggref = aggref;
}

}  // namespace

AggregateCall *MakeCall(AggregateScan *scan, Aggref *aggref) {
  const Definition definition = DefinitionOf(aggref);
  auto *call = static_cast<AggregateCall *>(palloc0(sizeof(AggregateCall)));
  call->collation = aggref->inputcollid;
  call->initial = definition.initial;
  get_typlenbyval(aggref->aggtranstype, &call->state_length, &call->state_by_value);
  const int count = list_length(aggref->args);
  call->arguments =
      static_cast<CallArgument *>(palloc0(sizeof(CallArgument) * static_cast<Size>(count + 1)));
  ListCell *cell;
  foreach (cell, aggref->args) {
    Expr *argument = lfirst_node(TargetEntry, cell)->expr;
    call->arguments[call->argument_count++] = ArgumentOf(scan, aggref, argument);
  }
  if (scan->agg_state == nullptr) scan->agg_state = makeNode(AggState);
  SetTransition(call, aggref, definition, reinterpret_cast<Node *>(scan->agg_state));
  SetFinish(call, aggref, definition);
  call->filter_column =
      NeedsFilter(call, aggref) ? AddInput(scan, aggref->aggfilter, Encoding::kBool) : -1;
  call->finish_info.aggref = aggref;
  ShareState(scan, call);
  scan->calls = lappend(scan->calls, call);
  scan->results_repeat &= !definition.finish_spoils_state;
  // A second run would show in what the function does beside its result.
  scan->calls_repeat &= func_volatile(definition.transition) != PROVOLATILE_VOLATILE;
  return call;
}

void BeginCalls(AggregateScan *scan) {
  EState *estate = scan->css.ss.ps.state;
  AggState *state = scan->agg_state;
  state->ss.ps.state = estate;
  state->ss.ps.plan = reinterpret_cast<Plan *>(scan->agg);
  state->ss.ps.ps_ExprContext = scan->css.ss.ps.ps_ExprContext;
  state->curaggcontext = CreateWorkExprContext(estate);
  state->tmpcontext = CreateExprContext(estate);
}

}  // namespace weir::stream
