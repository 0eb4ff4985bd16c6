// Runs aggregates' own functions over batches of rows.
#include "stream/aggregate/call.hpp"

extern "C" {
#include "executor/executor.h"
#include "utils/datum.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
}

namespace weir::stream {
namespace {

MemoryContext StateMemory(const AggregateScan *scan) {
  return scan->agg_state->curaggcontext->ecxt_per_tuple_memory;
}

MemoryContext ScratchMemory(const AggregateScan *scan) {
  return scan->agg_state->tmpcontext->ecxt_per_tuple_memory;
}

Datum CopyInto(MemoryContext memory, const AggregateCall *call, Datum value) {
  MemoryContext old = MemoryContextSwitchTo(memory);
  const Datum copy = datumCopy(value, call->state_by_value, call->state_length);
  MemoryContextSwitchTo(old);
  return copy;
}

NullableDatum ValueAt(const core::Column &column, Encoding encoding, int row) {
  if (column.null[row] != 0) return {0, true};
  if (encoding == Encoding::kWhole) return {PointerGetDatum(column.outline[row]), false};
  if (encoding == Encoding::kFloat4) {
    return {Float4GetDatum(static_cast<float4>(core::AsDouble(column.word[row]))), false};
  }
  return {static_cast<Datum>(column.word[row]), false};
}

// Puts the row's arguments behind the state. True if one is NULL.
bool FillArguments(const AggregateCall *call, const core::Column *columns, int row) {
  bool any_null = false;
  for (int i = 0; i < call->argument_count; ++i) {
    const CallArgument &argument = call->arguments[i];
    NullableDatum *place = &call->call->args[i + 1];
    *place = argument.column < 0 ? argument.constant
                                 : ValueAt(columns[argument.column], argument.encoding, row);
    any_null |= place->isnull;
  }
  return any_null;
}

bool PassesFilter(const AggregateCall *call, const core::Column *columns, int row) {
  if (call->filter_column < 0) return true;
  const core::Column &filter = columns[call->filter_column];
  return filter.null[row] == 0 && filter.word[row] != 0;
}

CallState Started(const AggregateScan *scan, const AggregateCall *call) {
  CallState state{};
  state.is_started = true;
  state.is_null = call->initial.isnull;
  state.takes_first = call->initial.isnull;
  if (!state.is_null) state.value = CopyInto(StateMemory(scan), call, call->initial.value);
  return state;
}

bool IsExpanded(const AggregateCall *call, Datum value) {
  return DatumIsReadWriteExpandedObject(value, false, call->state_length);
}

// A state by reference lives with its group. What a function made for itself there stays; anything
// else is copied, and the state before it freed.
Datum Settle(MemoryContext memory, const AggregateCall *call, Datum value, bool is_null,
             const CallState &before) {
  Datum settled = 0;
  if (!is_null) {
    const bool is_settled = IsExpanded(call, value) &&
                            MemoryContextGetParent(DatumGetEOHP(value)->eoh_context) == memory;
    settled = is_settled ? value : CopyInto(memory, call, value);
  }
  if (before.is_null) return settled;
  if (IsExpanded(call, before.value)) {
    DeleteExpandedObject(before.value);
  } else {
    pfree(DatumGetPointer(before.value));
  }
  return settled;
}

void Advance(AggregateScan *scan, AggregateCall *call, CallState *state) {
  FunctionCallInfo info = call->call;
  info->args[0] = {state->value, state->is_null};
  info->isnull = false;
  Datum value = FunctionCallInvoke(info);
  const bool is_null = info->isnull;
  if (!call->state_by_value && DatumGetPointer(value) != DatumGetPointer(state->value)) {
    value = Settle(StateMemory(scan), call, value, is_null, *state);
  }
  state->value = value;
  state->is_null = is_null;
}

// One row, in the manner of the stock nodes: a strict function sees no NULLs, and without an
// initial value the first value is the state.
void AddRow(AggregateScan *scan, AggregateCall *call, const core::Column *columns, int row,
            std::byte *at) {
  if (!PassesFilter(call, columns, row)) return;
  const bool any_null = FillArguments(call, columns, row);
  const bool is_strict = call->transition.fn_strict;
  if (is_strict && any_null) return;
  auto state = core::Load<CallState>(at);
  if (!state.is_started) state = Started(scan, call);
  if (is_strict && state.takes_first) {
    state.value = CopyInto(StateMemory(scan), call, call->call->args[1].value);
    state.is_null = false;
    state.takes_first = false;
  } else if (!is_strict || !state.is_null) {
    Advance(scan, call, &state);
  }
  core::Store(at, state);
}

int StateOffset(const AggregateScan *scan, const AggregateCall *call) {
  return scan->plan->layout.extra + call->index * static_cast<int>(sizeof(CallState));
}

}  // namespace

void ResetCalls(AggregateScan *scan) { ReScanExprContext(scan->agg_state->curaggcontext); }

void EndCalls(AggregateScan *scan) {
  FreeExprContext(scan->agg_state->curaggcontext, true);
  FreeExprContext(scan->agg_state->tmpcontext, true);
}

Size CallBytes(const AggregateScan *scan) {
  return MemoryContextMemAllocated(StateMemory(scan), true);
}

// Row by row, as the stock nodes do: functions may show the order in which they are called.
void RunCalls(AggregateScan *scan, const core::Column *columns, int count) {
  constexpr Size kScratchBytes = 64 * 1024;
  MemoryContext scratch = ScratchMemory(scan);
  MemoryContext old = MemoryContextSwitchTo(scratch);
  for (int row = 0; row < count; ++row) {
    std::byte *group = scan->aggregator->group_of(row);
    ListCell *cell;
    foreach (cell, scan->calls) {
      auto *call = static_cast<AggregateCall *>(lfirst(cell));
      if (!call->owns_state) continue;
      scan->agg_state->curpertrans = call->transition_info;
      AddRow(scan, call, columns, row, group + StateOffset(scan, call));
    }
    if (MemoryContextMemAllocated(scratch, false) > kScratchBytes) MemoryContextReset(scratch);
  }
  MemoryContextReset(scratch);
  MemoryContextSwitchTo(old);
  scan->agg_state->curpertrans = nullptr;
}

Datum CallDatum(AggregateScan *scan, AggregateCall *call, const std::byte *row, bool *is_null) {
  auto state = core::Load<CallState>(row + StateOffset(scan, call));
  if (!state.is_started) state = Started(scan, call);
  const Datum value = MakeExpandedObjectReadOnly(state.value, state.is_null, call->state_length);
  *is_null = state.is_null;
  if (!call->has_finish) return value;
  const bool has_null = state.is_null || call->finish_arguments > 1;
  if (call->finish.fn_strict && has_null) {
    *is_null = true;
    return 0;
  }
  LOCAL_FCINFO(info, FUNC_MAX_ARGS);
  InitFunctionCallInfoData(*info, &call->finish, static_cast<short>(call->finish_arguments),
                           call->collation, reinterpret_cast<Node *>(scan->agg_state), nullptr);
  info->args[0] = {value, state.is_null};
  for (int i = 1; i < call->finish_arguments; ++i) info->args[i] = {0, true};
  scan->agg_state->pertrans = call->transition_info;
  scan->agg_state->curperagg = &call->finish_info;
  const Datum result = FunctionCallInvoke(info);
  scan->agg_state->curperagg = nullptr;
  *is_null = info->isnull;
  return result;
}

}  // namespace weir::stream
