#include "continuous/rewrite/partial_state.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/state_seal.hpp"
#include "pg/compat.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
}

namespace weir::continuous {
namespace {

// An aggregate's functions, and its state so far. Lives in the memory of the outer aggregate.
struct StateRun {
  MemoryContext context;
  Oid aggregate;
  Oid type;        // of the state
  Oid type_input;  // its receive function's parameter
  int argument_count;
  int final_arguments;
  int16 length;
  bool by_value;
  bool is_internal;
  bool is_sealed;
  bool has_final;
  bool has_value;  // false before the first value of a strict function
  bool is_null;
  Datum value;
  FmgrInfo transition, combine, final, write, read;
  SealSecret secret;  // of states that are sealed
};

Form_pg_aggregate FormOfAggregate(HeapTuple tuple) {
  return reinterpret_cast<Form_pg_aggregate>(GETSTRUCT(tuple));
}

HeapTuple FindAggregate(Oid aggregate) {
  HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
  if (HeapTupleIsValid(tuple)) return tuple;
  ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
          errmsg("function with OID %u is not an aggregate", aggregate));
  pg_unreachable();
}

[[noreturn]] void RaiseUnsuitable(Oid aggregate) {
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("the state of aggregate function %s cannot be kept", format_procedure(aggregate)));
  pg_unreachable();
}

// States that are internal to the server, or histograms of ours, whose reading checks every length
// it is told.
bool IsCheckedReader(Oid function) {
  return function == F_NUMERIC_AVG_DESERIALIZE || function == F_NUMERIC_DESERIALIZE ||
         function == F_NUMERIC_POLY_DESERIALIZE || function == F_INT8_AVG_DESERIALIZE ||
         IsOurs(function, "histogram_deserialize");
}

// The types of polymorphic arguments show in the call of the aggregate itself, which is not how we
// call its functions.
bool HasPolymorphicArguments(Oid aggregate) {
  Oid *arguments;
  int count;
  get_func_signature(aggregate, &arguments, &count);
  for (int i = 0; i < count; i++) {
    if (IsPolymorphicType(arguments[i]) || arguments[i] == ANYOID) return true;
  }
  return false;
}

bool IsSafeForm(const FormData_pg_aggregate *form) {
  if (form->aggkind != AGGKIND_NORMAL || !OidIsValid(form->aggcombinefn)) return false;
  if (form->aggtranstype == INTERNALOID) {
    return OidIsValid(form->aggserialfn) && OidIsValid(form->aggdeserialfn) &&
           !HasPolymorphicArguments(form->aggfnoid);
  }
  return !IsPolymorphicType(form->aggtranstype) &&
         !OidIsValid(get_typcollation(form->aggtranstype));
}

void FindSerialFunctions(StateRun *run, const FormData_pg_aggregate *form) {
  Oid write = form->aggserialfn;
  Oid read = form->aggdeserialfn;
  if (!run->is_internal) {
    bool is_varlena;
    getTypeBinaryOutputInfo(run->type, &write, &is_varlena);
    getTypeBinaryInputInfo(run->type, &read, &run->type_input);
  }
  fmgr_info_cxt(write, &run->write, run->context);
  fmgr_info_cxt(read, &run->read, run->context);
}

void FindFunctions(StateRun *run, const FormData_pg_aggregate *form) {
  fmgr_info_cxt(form->aggtransfn, &run->transition, run->context);
  fmgr_info_cxt(form->aggcombinefn, &run->combine, run->context);
  run->has_final = OidIsValid(form->aggfinalfn);
  if (run->has_final) fmgr_info_cxt(form->aggfinalfn, &run->final, run->context);
  run->final_arguments = form->aggfinalextra ? run->argument_count + 1 : 1;
  FindSerialFunctions(run, form);
}

void SetInitialValue(StateRun *run, HeapTuple tuple) {
  bool is_null;
  const Datum initial = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval, &is_null);
  run->is_null = is_null;
  run->has_value = !is_null;
  if (is_null) return;
  Oid input, parameter;
  getTypeInputInfo(run->type, &input, &parameter);
  MemoryContext old = MemoryContextSwitchTo(run->context);
  run->value = OidInputFunctionCall(input, TextDatumGetCString(initial), parameter, -1);
  MemoryContextSwitchTo(old);
}

// Read once for a call in a plan, not for each of its groups.
const SealSecret &SecretOf(FmgrInfo *caller) {
  if (caller->fn_extra == nullptr) {
    auto *secret =
        static_cast<SealSecret *>(MemoryContextAlloc(caller->fn_mcxt, sizeof(SealSecret)));
    *secret = ReadSealSecret();
    caller->fn_extra = secret;
  }
  return *static_cast<const SealSecret *>(caller->fn_extra);
}

StateRun *StartRun(Oid aggregate, MemoryContext context, FmgrInfo *caller) {
  pg::CheckMayExecute(aggregate);
  HeapTuple tuple = FindAggregate(aggregate);
  const FormData_pg_aggregate *form = FormOfAggregate(tuple);
  if (!IsSafeForm(form)) RaiseUnsuitable(aggregate);
  auto *run = static_cast<StateRun *>(MemoryContextAllocZero(context, sizeof(StateRun)));
  run->context = context;
  run->aggregate = aggregate;
  run->type = form->aggtranstype;
  run->is_internal = run->type == INTERNALOID;
  run->is_sealed = run->is_internal && !IsCheckedReader(form->aggdeserialfn);
  if (run->is_sealed) run->secret = SecretOf(caller);
  run->argument_count = get_func_nargs(aggregate);
  get_typlenbyval(run->type, &run->length, &run->by_value);
  FindFunctions(run, form);
  SetInitialValue(run, tuple);
  ReleaseSysCache(tuple);
  return run;
}

// Functions of states want to see that an aggregate calls them, and whose memory they may keep.
Datum CallWithin(FunctionCallInfo outer, FmgrInfo *function, FunctionCallInfo inner, int count,
                 bool *is_null) {
  inner->flinfo = function;
  inner->context = outer->context;
  inner->resultinfo = nullptr;
  inner->fncollation = outer->fncollation;
  inner->isnull = false;
  inner->nargs = static_cast<short>(count);
  const Datum result = FunctionCallInvoke(inner);
  *is_null = inner->isnull;
  return result;
}

void KeepValue(StateRun *run, Datum value, bool is_null) {
  const bool is_same = !run->by_value && run->has_value && !run->is_null && !is_null &&
                       DatumGetPointer(value) == DatumGetPointer(run->value);
  if (!run->by_value && !is_same) {
    const Datum old = run->value;
    const bool had_old = run->has_value && !run->is_null;
    if (!is_null) {
      MemoryContext caller = MemoryContextSwitchTo(run->context);
      value = datumCopy(value, false, run->length);
      MemoryContextSwitchTo(caller);
    }
    if (had_old) pfree(DatumGetPointer(old));
  }
  run->value = value;
  run->is_null = is_null;
  run->has_value = true;
}

void RequireArguments(FunctionCallInfo fcinfo, const StateRun *run) {
  Oid *declared;
  int count;
  get_func_signature(run->aggregate, &declared, &count);
  bool fits = PG_NARGS() - 2 == count;
  for (int i = 0; fits && i < count; i++) {
    fits = IsBinaryCoercible(get_fn_expr_argtype(fcinfo->flinfo, i + 2), declared[i]);
  }
  if (fits) return;
  ereport(
      ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
      errmsg("the arguments do not fit aggregate function %s", format_procedure(run->aggregate)));
}

// The outer aggregate's state, made with the first row.
StateRun *RunOf(FunctionCallInfo fcinfo, bool has_arguments) {
  MemoryContext context;
  if (AggCheckCallContext(fcinfo, &context) == 0) {
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("the function belongs to an aggregate and cannot be called by itself"));
  }
  if (!PG_ARGISNULL(0)) return reinterpret_cast<StateRun *>(PG_GETARG_POINTER(0));
  if (PG_ARGISNULL(1)) {
    ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
            errmsg("the aggregate function must not be NULL"));
  }
  StateRun *run = StartRun(PG_GETARG_OID(1), context, fcinfo->flinfo);
  if (has_arguments) RequireArguments(fcinfo, run);
  return run;
}

void Accumulate(FunctionCallInfo fcinfo, StateRun *run) {
  const int count = PG_NARGS() - 2;
  if (run->transition.fn_strict) {
    for (int i = 0; i < count; i++) {
      if (PG_ARGISNULL(i + 2)) return;
    }
    if (!run->has_value) {
      KeepValue(run, PG_GETARG_DATUM(2), false);
      return;
    }
    if (run->is_null) return;
  }
  LOCAL_FCINFO(inner, FUNC_MAX_ARGS);
  inner->args[0] = {run->value, run->is_null};
  for (int i = 0; i < count; i++) inner->args[i + 1] = fcinfo->args[i + 2];
  bool is_null;
  const Datum value = CallWithin(fcinfo, &run->transition, inner, count + 1, &is_null);
  KeepValue(run, value, is_null);
}

SealedKind KindOfState(const StateRun *run) { return {run->aggregate, run->read.fn_oid}; }

Datum ReadState(FunctionCallInfo fcinfo, StateRun *run, bytea *state, bool *is_null) {
  *is_null = false;
  if (!run->is_internal) {
    StringInfoData buffer;
    initStringInfo(&buffer);
    appendBinaryStringInfo(&buffer, VARDATA_ANY(state), VARSIZE_ANY_EXHDR(state));
    return ReceiveFunctionCall(&run->read, &buffer, run->type_input, -1);
  }
  if (run->is_sealed) state = Unseal(run->secret, KindOfState(run), state);
  LOCAL_FCINFO(inner, 2);
  inner->args[0] = {PointerGetDatum(state), false};
  inner->args[1] = {Datum{0}, true};
  return CallWithin(fcinfo, &run->read, inner, 2, is_null);
}

// The first state stands for itself, unless the combine function has a state to start from.
void Combine(FunctionCallInfo fcinfo, StateRun *run, Datum other, bool started) {
  if (!started && run->combine.fn_strict) {
    KeepValue(run, other, false);
    return;
  }
  LOCAL_FCINFO(inner, 2);
  inner->args[0] = {started ? run->value : Datum{0}, !started || run->is_null};
  inner->args[1] = {other, false};
  bool is_null;
  const Datum value = CallWithin(fcinfo, &run->combine, inner, 2, &is_null);
  KeepValue(run, value, is_null);
}

void MergeState(FunctionCallInfo fcinfo, StateRun *run) {
  if (PG_ARGISNULL(2)) return;
  bool is_null;
  const Datum other = ReadState(fcinfo, run, PG_GETARG_BYTEA_PP(2), &is_null);
  if (is_null) return;
  Combine(fcinfo, run, other, run->has_value);
}

// The caller says by an argument what type comes out, and must not be believed.
void RequireResultType(FunctionCallInfo fcinfo, const StateRun *run) {
  if (get_fn_expr_argtype(fcinfo->flinfo, 3) == get_func_rettype(run->aggregate)) return;
  ereport(
      ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
      errmsg("aggregate function %s has another result type", format_procedure(run->aggregate)));
}

// An aggregate's own function may find that there is nothing to write.
Datum WriteState(FunctionCallInfo fcinfo, StateRun *run, bool *is_null) {
  *is_null = false;
  if (!run->is_internal) return PointerGetDatum(SendFunctionCall(&run->write, run->value));
  LOCAL_FCINFO(inner, 1);
  inner->args[0] = {run->value, false};
  const Datum written = CallWithin(fcinfo, &run->write, inner, 1, is_null);
  if (*is_null || !run->is_sealed) return written;
  return PointerGetDatum(Seal(run->secret, KindOfState(run), DatumGetByteaPP(written)));
}

Datum Finish(FunctionCallInfo fcinfo, StateRun *run, bool *is_null) {
  *is_null = run->is_null || !run->has_value;
  if (!run->has_final) return run->value;
  if (*is_null && run->final.fn_strict) return Datum{0};
  LOCAL_FCINFO(inner, FUNC_MAX_ARGS);
  inner->args[0] = {run->value, *is_null};
  for (int i = 1; i < run->final_arguments; i++) inner->args[i] = {Datum{0}, true};
  return CallWithin(fcinfo, &run->final, inner, run->final_arguments, is_null);
}

}  // namespace

bool IsSafeState(Oid aggregate) {
  HeapTuple tuple = FindAggregate(aggregate);
  const bool is_safe = IsSafeForm(FormOfAggregate(tuple));
  ReleaseSysCache(tuple);
  return is_safe;
}

}  // namespace weir::continuous

using weir::continuous::StateRun;

WEIR_FUNCTION(weir_partial_accumulate) {
  using namespace weir::continuous;
  StateRun *run = RunOf(fcinfo, true);
  Accumulate(fcinfo, run);
  PG_RETURN_POINTER(run);
}

WEIR_FUNCTION(weir_merge_accumulate) {
  using namespace weir::continuous;
  StateRun *run = RunOf(fcinfo, false);
  MergeState(fcinfo, run);
  PG_RETURN_POINTER(run);
}

WEIR_FUNCTION(weir_finish_accumulate) {
  using namespace weir::continuous;
  const bool is_first = PG_ARGISNULL(0);
  StateRun *run = RunOf(fcinfo, false);
  if (is_first) RequireResultType(fcinfo, run);
  MergeState(fcinfo, run);
  PG_RETURN_POINTER(run);
}

WEIR_FUNCTION(weir_state_written) {
  using namespace weir::continuous;
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  auto *run = reinterpret_cast<StateRun *>(PG_GETARG_POINTER(0));
  if (!run->has_value || run->is_null) PG_RETURN_NULL();
  bool is_null;
  const Datum written = WriteState(fcinfo, run, &is_null);
  if (is_null) PG_RETURN_NULL();
  PG_RETURN_DATUM(written);
}

WEIR_FUNCTION(weir_state_finished) {
  using namespace weir::continuous;
  MemoryContext context;
  if (AggCheckCallContext(fcinfo, &context) == 0) PG_RETURN_NULL();
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  auto *run = reinterpret_cast<StateRun *>(PG_GETARG_POINTER(0));
  bool is_null;
  const Datum result = Finish(fcinfo, run, &is_null);
  if (is_null) PG_RETURN_NULL();
  PG_RETURN_DATUM(result);
}
