// The aggregates that make and merge histograms. Their state is a LatencyHistogram in the
// aggregate's memory context.
#include <cmath>
#include <new>

#include "pg/sql_function.hpp"
#include "stats/sql/histogram_value.hpp"

extern "C" {
#include "utils/memutils.h"
}

namespace weir::stats {

namespace {

using core::LatencyHistogram;

LatencyHistogram *NewState(FunctionCallInfo fcinfo) {
  MemoryContext context;
  if (AggCheckCallContext(fcinfo, &context) == 0) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("a function of an aggregate cannot be called by itself"));
  }
  return new (MemoryContextAlloc(context, sizeof(LatencyHistogram))) LatencyHistogram();
}

LatencyHistogram *StateOf(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(0)) return NewState(fcinfo);
  return reinterpret_cast<LatencyHistogram *>(PG_GETARG_POINTER(0));
}

double RequireDuration(double ms) {
  if (ms >= 0.0) return ms;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%g is not a duration", ms));
}

std::uint64_t RequireCount(std::int64_t count) {
  if (count >= 0) return static_cast<std::uint64_t>(count);
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a count cannot be negative"));
}

}  // namespace

}  // namespace weir::stats

WEIR_FUNCTION(weir_histogram_accumulate) {
  using namespace weir::stats;
  LatencyHistogram *state = StateOf(fcinfo);
  if (!PG_ARGISNULL(1)) state->Add(RequireDuration(PG_GETARG_FLOAT8(1)));
  PG_RETURN_POINTER(state);
}

WEIR_FUNCTION(weir_histogram_accumulate_counted) {
  using namespace weir::stats;
  LatencyHistogram *state = StateOf(fcinfo);
  if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2)) {
    state->Add(RequireDuration(PG_GETARG_FLOAT8(1)), RequireCount(PG_GETARG_INT64(2)));
  }
  PG_RETURN_POINTER(state);
}

WEIR_FUNCTION(weir_histogram_accumulate_histogram) {
  using namespace weir::stats;
  LatencyHistogram *state = StateOf(fcinfo);
  if (!PG_ARGISNULL(1)) MergeStored(*state, PG_GETARG_VARLENA_PP(1));
  PG_RETURN_POINTER(state);
}

WEIR_FUNCTION(weir_histogram_combine) {
  using namespace weir::stats;
  LatencyHistogram *state = StateOf(fcinfo);
  if (!PG_ARGISNULL(1)) state->Merge(*reinterpret_cast<LatencyHistogram *>(PG_GETARG_POINTER(1)));
  PG_RETURN_POINTER(state);
}

WEIR_FUNCTION(weir_histogram_serialize) {
  using namespace weir::stats;
  PG_RETURN_POINTER(StoreHistogram(*StateOf(fcinfo)));
}

WEIR_FUNCTION(weir_histogram_deserialize) {
  using namespace weir::stats;
  LatencyHistogram *state = NewState(fcinfo);
  MergeStored(*state, PG_GETARG_VARLENA_PP(0));
  PG_RETURN_POINTER(state);
}

WEIR_FUNCTION(weir_histogram_final) {
  using namespace weir::stats;
  PG_RETURN_POINTER(StoreHistogram(*StateOf(fcinfo)));
}
