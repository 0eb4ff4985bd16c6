// From a row of the batch and its results to the scan tuple.
#include "core/column/text_word.hpp"
#include "stream/aggregate/emit.hpp"
#include "stream/aggregate/numeric_out.hpp"
#include "stream/window/window_state.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/numeric.h"
}

namespace weir::stream {
namespace {

using core::ResultState;
using core::WindowOp;

Datum PassDatum(const KeyValue &value, Encoding encoding) {
  if (encoding == Encoding::kFloat4) {
    return Float4GetDatum(static_cast<float4>(core::AsDouble(value.word)));
  }
  return DecodeKey(value, encoding);
}

Datum ColumnDatum(const core::Column &column, int row, Encoding encoding) {
  KeyValue value{column.word[row], 0, nullptr, 0};
  if (column.high != nullptr) {
    value.high = column.high[row];
    if (core::IsOutline(value.high)) {
      value.outline = column.outline[row];
      value.outline_length = column.length[row];
    }
  }
  return PassDatum(value, encoding);
}

Datum FoundDatum(const core::WindowResult &result, int row, Encoding encoding) {
  KeyValue value{result.word[row], result.high[row], nullptr, 0};
  if (KindOf(encoding) == core::ValueKind::kText && core::IsOutline(value.high)) {
    value.outline = result.outline[row];
    value.outline_length = result.length[row];
  }
  return PassDatum(value, encoding);
}

__int128 WideSum(const core::WindowResult &result, int row) {
  return static_cast<__int128>(static_cast<unsigned __int128>(result.high[row]) << 64 |
                               static_cast<uint64>(result.word[row]));
}

Datum SumDatum(const core::WindowResult &result, int row, Encoding encoding) {
  switch (encoding) {
    case Encoding::kFloat4:
      return Float4GetDatum(static_cast<float4>(core::AsDouble(result.word[row])));
    case Encoding::kFloat8:
      return Float8GetDatum(core::AsDouble(result.word[row]));
    case Encoding::kInt64:
      return NumericOf(WideSum(result, row));
    default:
      return Int64GetDatum(result.word[row]);
  }
}

Datum AverageDatum(const core::WindowResult &result, int row, Encoding encoding) {
  if (encoding == Encoding::kFloat4 || encoding == Encoding::kFloat8) {
    // The sum starts from -0; an average of zeros is 0.
    return Float8GetDatum((core::AsDouble(result.word[row]) + 0.0) /
                          static_cast<double>(result.count[row]));
  }
  return AverageOf(WideSum(result, row), result.count[row]);
}

Datum ExtremeDatum(const core::WindowResult &result, int row, Encoding encoding) {
  if (encoding == Encoding::kFloat4) {
    return Float4GetDatum(static_cast<float4>(core::AsDouble(result.word[row])));
  }
  return WordDatum(result.word[row], encoding);
}

Datum MomentsDatum(const core::Moments &moments, Operation operation, bool *is_null) {
  *is_null = moments.count == 0;
  if (*is_null) return 0;
  if (operation == Operation::kAverage) return Float8GetDatum(moments.sum / moments.count);
  return SpreadOf(moments, operation, is_null);
}

Datum SquaresDatum(const core::WindowResult &result, int row, Operation operation, bool *is_null) {
  *is_null = result.count[row] == 0;
  return *is_null ? 0 : SpreadOf(result.count[row], result.squares[row], operation, is_null);
}

Datum ValueDatum(const WindowScan *scan, const WindowOutput &output, int row, bool *is_null) {
  const core::WindowResult &result = (*scan->results)[output.function];
  const AggregateForm *form = output.call.aggregate;
  switch (scan->plan->functions[output.function].op) {
    case WindowOp::kSum:
      return form->operation == Operation::kAverage ? AverageDatum(result, row, output.encoding)
                                                    : SumDatum(result, row, output.encoding);
    case WindowOp::kMin:
    case WindowOp::kMax:
      return ExtremeDatum(result, row, output.encoding);
    case WindowOp::kMoments:
      return MomentsDatum(result.moments[row], form->operation, is_null);
    case WindowOp::kSquares:
      return SquaresDatum(result, row, form->operation, is_null);
    case WindowOp::kFirst:
    case WindowOp::kLast:
    case WindowOp::kNth:
    case WindowOp::kOffset:
      return FoundDatum(result, row, output.encoding);
    default:
      return Int64GetDatum(result.word[row]);
  }
}

Datum InputDatum(const WindowScan *scan, const WindowOutput &output, int row, bool *is_null) {
  const core::Column &column = scan->columns[output.input];
  *is_null = column.null[row] != 0;
  return *is_null ? 0 : ColumnDatum(column, row, output.encoding);
}

Datum FunctionDatum(const WindowScan *scan, const WindowOutput &output, int row, bool *is_null) {
  switch ((*scan->results)[output.function].state[row]) {
    case ResultState::kValue:
      return ValueDatum(scan, output, row, is_null);
    case ResultState::kAbsent:
      if (output.input >= 0) return InputDatum(scan, output, row, is_null);
      break;
    case ResultState::kOverflow:
      float_overflow_error();
      break;
    case ResultState::kNull:
      break;
  }
  *is_null = true;
  return 0;
}

}  // namespace

void EmitWindowRow(WindowScan *scan, int row, TupleTableSlot *slot) {
  ExecClearTuple(slot);
  for (int i = 0; i < scan->output_count; ++i) {
    const WindowOutput &output = scan->outputs[i];
    bool is_null = true;
    Datum value = 0;
    if (output.is_needed) {
      is_null = false;
      value = output.function < 0 ? InputDatum(scan, output, row, &is_null)
                                  : FunctionDatum(scan, output, row, &is_null);
    }
    slot->tts_values[i] = value;
    slot->tts_isnull[i] = is_null;
  }
  ExecStoreVirtualTuple(slot);
}

}  // namespace weir::stream
