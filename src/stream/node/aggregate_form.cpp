#include "stream/node/aggregate_form.hpp"

#include "core/group/row_layout.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "catalog/pg_aggregate.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
#include "utils/regproc.h"
}

namespace weir::stream {
namespace {

using enum Operation;

constexpr AggregateForm kForms[] = {
    {F_COUNT_, kCountRows, Encoding::kNone},
    {F_COUNT_ANY, kCount, Encoding::kNullness},
    {F_SUM_INT2, kSum, Encoding::kInt16},
    {F_SUM_INT4, kSum, Encoding::kInt32},
    {F_SUM_INT8, kSum, Encoding::kInt64},
    {F_SUM_FLOAT4, kSum, Encoding::kFloat4},
    {F_SUM_FLOAT8, kSum, Encoding::kFloat8},
    {F_SUM_NUMERIC, kSum, Encoding::kNumeric},
    {F_AVG_INT2, kAverage, Encoding::kInt16},
    {F_AVG_INT4, kAverage, Encoding::kInt32},
    {F_AVG_INT8, kAverage, Encoding::kInt64},
    {F_AVG_FLOAT4, kAverage, Encoding::kFloat4},
    {F_AVG_FLOAT8, kAverage, Encoding::kFloat8},
    {F_AVG_NUMERIC, kAverage, Encoding::kNumeric},
    {F_MIN_INT2, kMin, Encoding::kInt16},
    {F_MIN_INT4, kMin, Encoding::kInt32},
    {F_MIN_INT8, kMin, Encoding::kInt64},
    {F_MIN_FLOAT4, kMin, Encoding::kFloat4},
    {F_MIN_FLOAT8, kMin, Encoding::kFloat8},
    {F_MIN_DATE, kMin, Encoding::kInt32},
    {F_MIN_TIME, kMin, Encoding::kInt64},
    {F_MIN_TIMESTAMP, kMin, Encoding::kInt64},
    {F_MIN_TIMESTAMPTZ, kMin, Encoding::kInt64},
    {F_MIN_OID, kMin, Encoding::kUint32},
    {F_MIN_NUMERIC, kMin, Encoding::kNumeric},
    {F_MIN_TEXT, kMin, Encoding::kText},
    {F_MAX_INT2, kMax, Encoding::kInt16},
    {F_MAX_INT4, kMax, Encoding::kInt32},
    {F_MAX_INT8, kMax, Encoding::kInt64},
    {F_MAX_FLOAT4, kMax, Encoding::kFloat4},
    {F_MAX_FLOAT8, kMax, Encoding::kFloat8},
    {F_MAX_DATE, kMax, Encoding::kInt32},
    {F_MAX_TIME, kMax, Encoding::kInt64},
    {F_MAX_TIMESTAMP, kMax, Encoding::kInt64},
    {F_MAX_TIMESTAMPTZ, kMax, Encoding::kInt64},
    {F_MAX_OID, kMax, Encoding::kUint32},
    {F_MAX_NUMERIC, kMax, Encoding::kNumeric},
    {F_MAX_TEXT, kMax, Encoding::kText},
    {F_BOOL_AND, kMin, Encoding::kBool},
    {F_EVERY, kMin, Encoding::kBool},
    {F_BOOL_OR, kMax, Encoding::kBool},
    {F_BIT_AND_INT2, kBitAnd, Encoding::kInt16},
    {F_BIT_AND_INT4, kBitAnd, Encoding::kInt32},
    {F_BIT_AND_INT8, kBitAnd, Encoding::kInt64},
    {F_BIT_OR_INT2, kBitOr, Encoding::kInt16},
    {F_BIT_OR_INT4, kBitOr, Encoding::kInt32},
    {F_BIT_OR_INT8, kBitOr, Encoding::kInt64},
    {F_BIT_XOR_INT2, kBitXor, Encoding::kInt16},
    {F_BIT_XOR_INT4, kBitXor, Encoding::kInt32},
    {F_BIT_XOR_INT8, kBitXor, Encoding::kInt64},
    {F_VAR_POP_INT2, kVariancePop, Encoding::kInt16},
    {F_VAR_POP_INT4, kVariancePop, Encoding::kInt32},
    {F_VAR_POP_INT8, kVariancePop, Encoding::kInt64},
    {F_VAR_POP_NUMERIC, kVariancePop, Encoding::kNumeric},
    {F_VAR_POP_FLOAT4, kVariancePop, Encoding::kFloat4},
    {F_VAR_POP_FLOAT8, kVariancePop, Encoding::kFloat8},
    {F_VAR_SAMP_INT2, kVarianceSample, Encoding::kInt16},
    {F_VAR_SAMP_INT4, kVarianceSample, Encoding::kInt32},
    {F_VAR_SAMP_INT8, kVarianceSample, Encoding::kInt64},
    {F_VAR_SAMP_NUMERIC, kVarianceSample, Encoding::kNumeric},
    {F_VAR_SAMP_FLOAT4, kVarianceSample, Encoding::kFloat4},
    {F_VAR_SAMP_FLOAT8, kVarianceSample, Encoding::kFloat8},
    {F_VARIANCE_INT2, kVarianceSample, Encoding::kInt16},
    {F_VARIANCE_INT4, kVarianceSample, Encoding::kInt32},
    {F_VARIANCE_INT8, kVarianceSample, Encoding::kInt64},
    {F_VARIANCE_NUMERIC, kVarianceSample, Encoding::kNumeric},
    {F_VARIANCE_FLOAT4, kVarianceSample, Encoding::kFloat4},
    {F_VARIANCE_FLOAT8, kVarianceSample, Encoding::kFloat8},
    {F_STDDEV_POP_INT2, kDeviationPop, Encoding::kInt16},
    {F_STDDEV_POP_INT4, kDeviationPop, Encoding::kInt32},
    {F_STDDEV_POP_INT8, kDeviationPop, Encoding::kInt64},
    {F_STDDEV_POP_NUMERIC, kDeviationPop, Encoding::kNumeric},
    {F_STDDEV_POP_FLOAT4, kDeviationPop, Encoding::kFloat4},
    {F_STDDEV_POP_FLOAT8, kDeviationPop, Encoding::kFloat8},
    {F_STDDEV_SAMP_INT2, kDeviationSample, Encoding::kInt16},
    {F_STDDEV_SAMP_INT4, kDeviationSample, Encoding::kInt32},
    {F_STDDEV_SAMP_INT8, kDeviationSample, Encoding::kInt64},
    {F_STDDEV_SAMP_NUMERIC, kDeviationSample, Encoding::kNumeric},
    {F_STDDEV_SAMP_FLOAT4, kDeviationSample, Encoding::kFloat4},
    {F_STDDEV_SAMP_FLOAT8, kDeviationSample, Encoding::kFloat8},
    {F_STDDEV_INT2, kDeviationSample, Encoding::kInt16},
    {F_STDDEV_INT4, kDeviationSample, Encoding::kInt32},
    {F_STDDEV_INT8, kDeviationSample, Encoding::kInt64},
    {F_STDDEV_NUMERIC, kDeviationSample, Encoding::kNumeric},
    {F_STDDEV_FLOAT4, kDeviationSample, Encoding::kFloat4},
    {F_STDDEV_FLOAT8, kDeviationSample, Encoding::kFloat8},
};

const char *ShapeProblem(const Aggref *aggref) {
  if (aggref->aggkind != AGGKIND_NORMAL || aggref->aggdirectargs != NIL) {
    return "An ordered-set aggregate needs every input value, not a fixed-size state.";
  }
  if (aggref->aggdistinct != NIL)
    return "A DISTINCT aggregate needs every input value, not a fixed-size state.";
  if (aggref->aggorder != NIL) return "An aggregate with ORDER BY needs its input sorted.";
  if (aggref->agglevelsup != 0) return "An aggregate belongs to an outer query.";
  return nullptr;
}

// Minimum and maximum of text follow a collation; only the C collation compares bytes.
bool ComparesBytes(Oid collation) { return OidIsValid(collation) && pg::ComparesLikeC(collation); }

bool IsFloat(Encoding encoding) {
  return encoding == Encoding::kFloat4 || encoding == Encoding::kFloat8;
}

}  // namespace

const AggregateForm *FormOfFunction(Oid function) {
  for (const AggregateForm &form : kForms) {
    if (form.function == function) return &form;
  }
  return nullptr;
}

const AggregateForm *FormOf(const Aggref *aggref, const char **why) {
  *why = ShapeProblem(aggref);
  if (*why != nullptr) return nullptr;
  const AggregateForm *form = FormOfFunction(aggref->aggfnoid);
  if (form == nullptr) {
    *why = psprintf("Aggregate function %s has no streaming form.",
                    format_procedure(aggref->aggfnoid));
  } else if (form->argument == Encoding::kText && !ComparesBytes(aggref->inputcollid)) {
    *why = "The minimum or maximum of text is streamed only in the C collation.";
    form = nullptr;
  }
  return form;
}

bool CanCall(const Aggref *aggref, const char **why) {
  *why = ShapeProblem(aggref);
  return *why == nullptr;
}

uint32 NeedsOf(const AggregateForm &form, bool careful, bool partial) {
  switch (form.operation) {
    case kCountRows:
      return 0;
    case kCount:
      return core::kNeedCount;
    case kSum:
      return core::kNeedSum;
    case kMin:
      return core::kNeedMin;
    case kMax:
      return core::kNeedMax;
    case kBitAnd:
      return core::kNeedBitAnd;
    case kBitOr:
      return core::kNeedBitOr;
    case kBitXor:
      return core::kNeedBitXor;
    case kAverage:
      // PostgreSQL's avg(float) also sums squared deviations, and may overflow there.
      if (form.argument == Encoding::kFloat4) return core::kNeedMoments;
      if (form.argument == Encoding::kFloat8 && (careful || partial)) return core::kNeedMoments;
      return core::kNeedSum;
    default:
      if (IsFloat(form.argument)) return core::kNeedMoments;
      return core::IsBig(KindOf(form.argument)) ? core::kNeedSum | core::kNeedSquares
                                                : core::kNeedSquares;
  }
}

}  // namespace weir::stream
