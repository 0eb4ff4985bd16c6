// weir.query() and weir.query_json() where they are called as functions, outside of a plan of ours.
#include "pg/sql_function.hpp"
#include "stream/emit/inner_query.hpp"
#include "stream/emit/json_row.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
}

namespace weir::stream {
namespace {

QueryArguments ArgumentsOf(FunctionCallInfo call) {
  QueryArguments arguments{};
  for (int i = 0; i < kQueryArguments; ++i) {
    arguments.value[i] = call->args[i].value;
    arguments.is_null[i] = call->args[i].isnull;
  }
  return arguments;
}

InnerQuery *OpenFor(FunctionCallInfo call, MemoryContext parent) {
  const InnerOptions options{parent, GetActiveSnapshot(), 0, 0};
  return OpenInner(ArgumentsOf(call), options);
}

ReturnSetInfo *ResultOf(FunctionCallInfo call, SetFunctionReturnMode mode) {
  auto *result = reinterpret_cast<ReturnSetInfo *>(call->resultinfo);
  if (result == nullptr || !IsA(result, ReturnSetInfo) || (result->allowedModes & mode) == 0) {
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("a streaming query cannot be called where no set of rows is accepted"));
  }
  return result;
}

void FillStore(InnerQuery *inner, Tuplestorestate *store) {
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    TupleTableSlot *slot = NextInner(inner);
    if (slot == nullptr) return;
    tuplestore_puttupleslot(store, slot);
  }
}

void Materialize(FunctionCallInfo call) {
  ReturnSetInfo *result = ResultOf(call, SFRM_Materialize);
  MemoryContext lasting = result->econtext->ecxt_per_query_memory;
  InnerQuery *inner = OpenFor(call, CurrentMemoryContext);
  if (result->expectedDesc != nullptr) CheckColumns(result->expectedDesc, inner->row);
  MemoryContext old = MemoryContextSwitchTo(lasting);
  result->returnMode = SFRM_Materialize;
  result->setResult =
      tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
  result->setDesc = CreateTupleDescCopy(inner->row);
  MemoryContextSwitchTo(old);
  FillStore(inner, result->setResult);
  CloseInner(inner);
}

// What a call that gives one row at a time keeps.
struct JsonCall {
  InnerQuery *inner;
  JsonWriter *writer;
};

// The caller may want no more rows before the last.
void EndJsonCall(Datum argument) {
  auto *state = reinterpret_cast<JsonCall *>(DatumGetPointer(argument));
  if (state->inner != nullptr) CloseInner(state->inner);
  state->inner = nullptr;
}

void BeginJsonCall(FunctionCallInfo call) {
  ReturnSetInfo *result = ResultOf(call, SFRM_ValuePerCall);
  FuncCallContext *calls = init_MultiFuncCall(call);
  MemoryContext old = MemoryContextSwitchTo(calls->multi_call_memory_ctx);
  auto *state = static_cast<JsonCall *>(palloc0(sizeof(JsonCall)));
  state->inner = OpenFor(call, calls->multi_call_memory_ctx);
  state->writer = MakeJsonWriter(state->inner->row);
  calls->user_fctx = state;
  RegisterExprContextCallback(result->econtext, EndJsonCall, PointerGetDatum(state));
  MemoryContextSwitchTo(old);
}

}  // namespace
}  // namespace weir::stream

WEIR_FUNCTION(weir_query) {
  weir::stream::Materialize(fcinfo);
  return 0;
}

WEIR_FUNCTION(weir_query_json) {
  using namespace weir::stream;
  if (SRF_IS_FIRSTCALL()) BeginJsonCall(fcinfo);
  FuncCallContext *calls = per_MultiFuncCall(fcinfo);
  auto *state = static_cast<JsonCall *>(calls->user_fctx);
  TupleTableSlot *slot = NextInner(state->inner);
  if (slot != nullptr) SRF_RETURN_NEXT(calls, RowAsJson(state->writer, slot));
  auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  UnregisterExprContextCallback(result->econtext, EndJsonCall, PointerGetDatum(state));
  CloseInner(state->inner);
  SRF_RETURN_DONE(calls);
}
