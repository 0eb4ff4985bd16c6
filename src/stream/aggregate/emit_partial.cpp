// Transition states for PostgreSQL's combine functions.
#include "core/group/numeric_sum.hpp"
#include "stream/aggregate/emit.hpp"
#include "stream/aggregate/numeric_out.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

namespace weir::stream {
namespace {

// {count, sum}, as avg(int4) keeps it.
Datum CountAndSum(int64 count, int64 sum) {
  Datum values[2] = {Int64GetDatum(count), Int64GetDatum(sum)};
  return PointerGetDatum(
      construct_array(values, 2, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

// {count, sum, squared deviations}, as every average and variance of floats keeps it.
Datum MomentsDatum(const core::Moments &moments) {
  Datum values[3] = {Float8GetDatum(moments.count), Float8GetDatum(moments.sum),
                     Float8GetDatum(moments.squares)};
  return PointerGetDatum(
      construct_array(values, 3, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

bool IsNarrow(Encoding encoding) {
  return encoding == Encoding::kInt16 || encoding == Encoding::kInt32;
}

Datum SumState(const GroupView &group) {
  const std::byte *at = group.row + group.state->sum;
  if (group.encoding == Encoding::kNumeric) {
    return SerializeNumericSum(group.count, core::Load<core::NumericSum>(at));
  }
  return SerializeIntegerSum(group.count, core::Load<__int128>(at));
}

}  // namespace

Datum PartialDatum(const GroupView &group, Operation operation, bool *is_null) {
  const core::StateOffsets &state = *group.state;
  if (state.moments >= 0 && operation != Operation::kSum && operation != Operation::kMin &&
      operation != Operation::kMax) {
    return MomentsDatum(core::Load<core::Moments>(group.row + state.moments));
  }
  if (operation == Operation::kAverage && IsNarrow(group.encoding)) {
    return CountAndSum(group.count, core::Load<int64>(group.row + state.sum));
  }
  const bool is_sum = operation == Operation::kSum || operation == Operation::kAverage;
  const bool is_serialized =
      is_sum && (group.encoding == Encoding::kInt64 || group.encoding == Encoding::kNumeric);
  const bool is_spread = state.squares >= 0 && !is_sum && operation != Operation::kMin &&
                         operation != Operation::kMax && operation != Operation::kBitAnd &&
                         operation != Operation::kBitOr && operation != Operation::kBitXor;
  if (!is_serialized && !is_spread) return SimplePartial(group, operation, is_null);
  *is_null = group.count == 0;
  if (*is_null) return 0;
  if (is_serialized) return SumState(group);
  if (core::IsBig(KindOf(group.encoding))) return MomentsState(group);
  return SerializeSquares(group.count, core::Load<core::Squares>(group.row + state.squares));
}

}  // namespace weir::stream
