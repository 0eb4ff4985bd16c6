// From a group's row to the scan tuple.
#include "stream/aggregate/emit.hpp"

#include "core/group/numeric_sum.hpp"
#include "stream/aggregate/call.hpp"
#include "stream/aggregate/numeric_out.hpp"
#include "stream/node/scan_state.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
}

namespace weir::stream {
namespace {

Datum TextDatum(const core::TextState &state) {
  return PointerGetDatum(cstring_to_text_with_len(state.bytes, static_cast<int>(state.length)));
}

Datum ExtremeDatum(const GroupView &group, std::int32_t offset) {
  const std::byte *at = group.row + offset;
  if (group.encoding == Encoding::kNumeric) {
    return NumericOf(core::Load<core::NumericExtreme>(at));
  }
  if (group.encoding == Encoding::kText) return TextDatum(core::Load<core::TextState>(at));
  if (group.encoding == Encoding::kFloat4) {
    return Float4GetDatum(static_cast<float4>(core::Load<double>(at)));
  }
  if (group.encoding == Encoding::kFloat8) return Float8GetDatum(core::Load<double>(at));
  return WordDatum(core::Load<int64>(at), group.encoding);
}

Datum SumDatum(const GroupView &group) {
  const std::byte *at = group.row + group.state->sum;
  switch (group.encoding) {
    case Encoding::kFloat4:
      return Float4GetDatum(static_cast<float4>(core::Load<double>(at)));
    case Encoding::kFloat8:
      return Float8GetDatum(core::Load<double>(at));
    case Encoding::kInt64:
      return NumericOf(core::Load<__int128>(at));
    case Encoding::kNumeric:
      return NumericOf(core::Load<core::NumericSum>(at));
    default:
      return Int64GetDatum(core::Load<int64>(at));
  }
}

Datum AverageDatum(const GroupView &group) {
  const core::StateOffsets &state = *group.state;
  const auto count = static_cast<double>(group.count);
  switch (group.encoding) {
    case Encoding::kFloat4:
    case Encoding::kFloat8:
      if (state.moments >= 0) {
        return Float8GetDatum(core::Load<core::Moments>(group.row + state.moments).sum / count);
      }
      // The sum starts from -0; an average of zeros is 0.
      return Float8GetDatum((core::Load<double>(group.row + state.sum) + 0.0) / count);
    case Encoding::kInt64:
    case Encoding::kNumeric:
      return DivideByCount(SumDatum(group), group.count);
    default: {
      const int64 sum = core::Load<int64>(group.row + state.sum);
      return DivideByCount(NumericGetDatum(int64_to_numeric(sum)), group.count);
    }
  }
}

bool IsSample(Operation operation) {
  return operation == Operation::kVarianceSample || operation == Operation::kDeviationSample;
}

bool IsDeviation(Operation operation) {
  return operation == Operation::kDeviationPop || operation == Operation::kDeviationSample;
}

PGFunction SpreadFunction(Operation operation) {
  switch (operation) {
    case Operation::kVariancePop:
      return numeric_poly_var_pop;
    case Operation::kVarianceSample:
      return numeric_poly_var_samp;
    case Operation::kDeviationPop:
      return numeric_poly_stddev_pop;
    default:
      return numeric_poly_stddev_samp;
  }
}

PGFunction NumericSpreadFunction(Operation operation) {
  switch (operation) {
    case Operation::kVariancePop:
      return numeric_var_pop;
    case Operation::kVarianceSample:
      return numeric_var_samp;
    case Operation::kDeviationPop:
      return numeric_stddev_pop;
    default:
      return numeric_stddev_samp;
  }
}

Datum SpreadDatum(const GroupView &group, Operation operation, bool *is_null) {
  if (core::IsBig(KindOf(group.encoding))) {
    return FinishMoments(MomentsState(group), NumericSpreadFunction(operation), is_null);
  }
  if (group.state->squares >= 0) {
    const auto squares = core::Load<core::Squares>(group.row + group.state->squares);
    return SpreadOf(group.count, squares, operation, is_null);
  }
  const auto moments = core::Load<core::Moments>(group.row + group.state->moments);
  return SpreadOf(moments, operation, is_null);
}

Datum AggregateDatum(const GroupView &group, Operation operation, bool *is_null) {
  const core::StateOffsets &state = *group.state;
  switch (operation) {
    case Operation::kSum:
      return SumDatum(group);
    case Operation::kAverage:
      return AverageDatum(group);
    case Operation::kMin:
      return ExtremeDatum(group, state.min);
    case Operation::kMax:
      return ExtremeDatum(group, state.max);
    case Operation::kBitAnd:
      return ExtremeDatum(group, state.bit_and);
    case Operation::kBitOr:
      return ExtremeDatum(group, state.bit_or);
    case Operation::kBitXor:
      return ExtremeDatum(group, state.bit_xor);
    default:
      return SpreadDatum(group, operation, is_null);
  }
}

Datum KeyDatum(const core::RowLayout &layout, const std::byte *row, int key, Encoding encoding) {
  const int word = layout.key_word[key];
  KeyValue value{};
  value.word = core::Load<int64>(row + 8 + 8 * word);
  if (layout.key_outline[key] >= 0) {
    value.high = core::Load<uint64>(row + 8 + 8 * (word + 1));
    const core::Outline outline = core::OutlineOf(row, layout.key_outline[key]);
    value.outline = outline.bytes;
    value.outline_length = outline.length;
  }
  return DecodeKey(value, encoding);
}

GroupView ViewGroup(const AggregateScan *scan, const std::byte *row, int column) {
  GroupView group{row, core::RowCount(row), nullptr, Encoding::kNone};
  if (column < 0) return group;
  group.state = &scan->plan->layout.state[column];
  group.encoding = scan->inputs[column].encoding;
  if (group.state->null_count >= 0) {
    group.count -= core::Load<int64>(row + group.state->null_count);
  }
  return group;
}

bool IsCount(Operation operation) {
  return operation == Operation::kCount || operation == Operation::kCountRows;
}

}  // namespace

Datum SpreadOf(int64 count, const core::Squares &squares, Operation operation, bool *is_null) {
  return FinishSquares(count, squares, SpreadFunction(operation), is_null);
}

Datum SpreadOf(const core::Moments &moments, Operation operation, bool *is_null) {
  const double divisor = moments.count - (IsSample(operation) ? 1.0 : 0.0);
  *is_null = divisor <= 0.0;
  if (*is_null) return 0;
  const double variance = moments.squares / divisor;
  return Float8GetDatum(IsDeviation(operation) ? sqrt(variance) : variance);
}

Datum MomentsState(const GroupView &group) {
  const std::byte *sum = group.row + group.state->sum;
  const auto squares = core::Load<core::SquareSum>(group.row + group.state->squares);
  if (group.encoding == Encoding::kNumeric) {
    return SerializeMoments(group.count, core::Load<core::NumericSum>(sum), squares);
  }
  return SerializeMoments(group.count, core::Load<__int128>(sum), squares);
}

Datum WordDatum(int64 word, Encoding encoding) {
  switch (encoding) {
    case Encoding::kBool:
      return BoolGetDatum(word != 0);
    case Encoding::kInt16:
      return Int16GetDatum(static_cast<int16>(word));
    case Encoding::kInt32:
      return Int32GetDatum(static_cast<int32>(word));
    case Encoding::kUint32:
      return UInt32GetDatum(static_cast<uint32>(word));
    default:
      return Int64GetDatum(word);
  }
}

void EmitGroup(AggregateScan *scan, const std::byte *row, TupleTableSlot *slot) {
  ExecClearTuple(slot);
  const uint64 key_nulls = core::Load<uint64>(row) & core::kKeyNullMask;
  for (int i = 0; i < scan->output_count; ++i) {
    const OutputColumn &output = scan->outputs[i];
    bool is_null = false;
    Datum value = 0;
    if (output.call != nullptr) {
      value = CallDatum(scan, output.call, row, &is_null);
    } else if (output.form == nullptr) {
      is_null = (key_nulls >> output.column & 1) != 0;
      if (!is_null) value = KeyDatum(scan->plan->layout, row, output.column, output.encoding);
    } else {
      const GroupView group = ViewGroup(scan, row, output.column);
      if (IsCount(output.form->operation)) {
        value = Int64GetDatum(group.count);
      } else if (scan->is_partial) {
        value = PartialDatum(group, output.form->operation, &is_null);
      } else if (group.count == 0) {
        is_null = true;
      } else {
        value = AggregateDatum(group, output.form->operation, &is_null);
      }
    }
    slot->tts_values[i] = value;
    slot->tts_isnull[i] = is_null;
  }
  ExecStoreVirtualTuple(slot);
}

Datum SimplePartial(const GroupView &group, Operation operation, bool *is_null) {
  *is_null = group.count == 0;
  return *is_null ? 0 : AggregateDatum(group, operation, is_null);
}

}  // namespace weir::stream
