#include "stream/aggregate/numeric_out.hpp"

#include "pg/boundary.hpp"
#include "pg/context_resource.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
}

namespace weir::stream {
namespace {

// Sign and digits to base 10000, most significant first.
struct Digits {
  bool is_negative;
  int count;
  int weight;  // power of 10000 of the first digit
  const int16 *digit;
};

constexpr int kNumericPositive = 0x0000;
constexpr int kNumericNegative = 0x4000;
constexpr int kDigitDecimals = 4;

Digits DigitsOf(__int128 value) {
  constexpr int kMost = 10;
  auto *digit = static_cast<int16 *>(palloc(kMost * sizeof(int16)));
  const bool is_negative = value < 0;
  auto rest = static_cast<unsigned __int128>(value);
  if (is_negative) rest = -rest;
  int first = kMost;
  while (rest != 0) {
    digit[--first] = static_cast<int16>(rest % core::kNumericBase);
    rest /= core::kNumericBase;
  }
  const int count = kMost - first;
  return {is_negative, count, count > 0 ? count - 1 : 0, digit + first};
}

Digits DigitsOf(const core::WideDigits &wide) {
  auto *digit = static_cast<int16 *>(palloc(sizeof(int16) * static_cast<Size>(wide.size)));
  int top = wide.size;
  while (top > 0 && wide.digit[top - 1] == 0) --top;
  int bottom = 0;
  while (bottom < top && wide.digit[bottom] == 0) ++bottom;
  for (int i = bottom; i < top; ++i) digit[top - 1 - i] = static_cast<int16>(wide.digit[i]);
  const int count = top - bottom;
  return {wide.is_negative, count, count > 0 ? wide.low + top - 1 : 0, digit};
}

Digits DigitsOf(core::NumericSum *sum) {
  pg::ContextResource resource(CurrentMemoryContext);
  std::pmr::memory_resource &memory = resource;
  return DigitsOf(pg::CallCore([&] { return core::SettleDigits(*sum, memory); }));
}

// Settling works in place and gets memory; the caller's state may be read again after a rewind.
core::WideSum *CopyOf(const core::WideSum *from) {
  if (from == nullptr) return nullptr;
  auto *wide = static_cast<core::WideSum *>(palloc(sizeof(core::WideSum)));
  *wide = *from;
  const Size size = sizeof(int64) * static_cast<Size>(Max(wide->size, 1));
  wide->digit = static_cast<int64_t *>(palloc(size));
  if (wide->size > 0) memcpy(wide->digit, from->digit, size);
  return wide;
}

core::NumericSum CopyOf(core::NumericSum sum) {
  sum.wide = CopyOf(sum.wide);
  return sum;
}

Digits DigitsOf(core::SquareSum squares, int unit) {
  pg::ContextResource resource(CurrentMemoryContext);
  std::pmr::memory_resource &memory = resource;
  squares.wide = CopyOf(squares.wide);
  return DigitsOf(pg::CallCore([&] { return core::SettleSquares(squares, unit, memory); }));
}

void AppendDigit(StringInfo text, const Digits &digits, int power, int decimals) {
  const int index = digits.weight - power;
  const int value = index >= 0 && index < digits.count ? digits.digit[index] : 0;
  char buffer[8];
  snprintf(buffer, sizeof(buffer), "%04d", value);
  appendBinaryStringInfo(text, buffer, decimals);
}

Datum NumericFromDigits(const Digits &digits, int scale) {
  StringInfoData text;
  initStringInfo(&text);
  if (digits.is_negative) appendStringInfoChar(&text, '-');
  for (int power = Max(digits.weight, 0); power >= 0; --power) {
    AppendDigit(&text, digits, power, kDigitDecimals);
  }
  if (scale > 0) appendStringInfoChar(&text, '.');
  int power = -1;
  for (int left = scale; left > 0; left -= kDigitDecimals) {
    AppendDigit(&text, digits, power--, Min(left, kDigitDecimals));
  }
  return DirectFunctionCall3(numeric_in, CStringGetDatum(text.data), ObjectIdGetDatum(InvalidOid),
                             Int32GetDatum(-1));
}

Datum NumericFromText(const char *text) {
  return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
                             Int32GetDatum(-1));
}

// NaN if anything was NaN or both infinities came, else the infinity that came.
const char *SpecialOf(const core::NumericSum &sum) {
  if (sum.wide == nullptr) return nullptr;
  const core::WideSum &wide = *sum.wide;
  if (wide.nan_count > 0) return "NaN";
  if (wide.plus_infinity_count > 0 && wide.minus_infinity_count > 0) return "NaN";
  if (wide.plus_infinity_count > 0) return "Infinity";
  return wide.minus_infinity_count > 0 ? "-Infinity" : nullptr;
}

void SendDigits(StringInfo buffer, const Digits &digits, int scale) {
  pq_sendint32(buffer, static_cast<uint32>(digits.count));
  pq_sendint32(buffer, static_cast<uint32>(digits.weight));
  pq_sendint32(buffer, digits.is_negative ? kNumericNegative : kNumericPositive);
  pq_sendint32(buffer, static_cast<uint32>(scale));
  for (int i = 0; i < digits.count; ++i) {
    pq_sendint16(buffer, static_cast<uint16>(digits.digit[i]));
  }
}

// How many values had the largest scale matters to moving aggregates only.
void SendCounts(StringInfo buffer, int64 finite, int64 scale, const core::WideSum *wide) {
  pq_sendint32(buffer, static_cast<uint32>(scale));
  pq_sendint64(buffer, static_cast<uint64>(Max(finite, 0)));
  pq_sendint64(buffer, static_cast<uint64>(wide == nullptr ? 0 : wide->nan_count));
  pq_sendint64(buffer, static_cast<uint64>(wide == nullptr ? 0 : wide->plus_infinity_count));
  pq_sendint64(buffer, static_cast<uint64>(wide == nullptr ? 0 : wide->minus_infinity_count));
}

// How many of the values are numbers.
int64 FiniteCount(int64 count, const core::WideSum *wide) {
  if (wide == nullptr) return count;
  return count - wide->nan_count - wide->plus_infinity_count - wide->minus_infinity_count;
}

bool FitsInt64(__int128 value) { return value >= PG_INT64_MIN && value <= PG_INT64_MAX; }

}  // namespace

Datum NumericOf(__int128 value) {
  if (FitsInt64(value)) return NumericGetDatum(int64_to_numeric(static_cast<int64>(value)));
  return NumericFromDigits(DigitsOf(value), 0);
}

Datum NumericOf(core::NumericSum sum) {
  const char *special = SpecialOf(sum);
  if (special != nullptr) return NumericFromText(special);
  const int scale = static_cast<int>(sum.scale);
  if (sum.wide == nullptr && scale <= core::kFixedDecimals) {
    __int128 value = sum.fixed;
    for (int i = scale; i < core::kFixedDecimals; ++i) value /= 10;
    if (FitsInt64(value)) {
      return NumericGetDatum(int64_div_fast_to_numeric(static_cast<int64>(value), scale));
    }
  }
  core::NumericSum copy = CopyOf(sum);
  return NumericFromDigits(DigitsOf(&copy), scale);
}

Datum NumericOf(const core::NumericExtreme &extreme) {
  if (extreme.wide == nullptr) {
    return NumericOf(core::NumericSum{extreme.fixed, extreme.scale, nullptr});
  }
  auto *result = static_cast<varlena *>(palloc(extreme.size + VARHDRSZ));
  SET_VARSIZE(result, extreme.size + VARHDRSZ);
  memcpy(VARDATA(result), extreme.wide, extreme.size);
  return PointerGetDatum(result);
}

Datum DivideByCount(Datum numeric, int64 count) {
  return DirectFunctionCall2(numeric_div, numeric, NumericGetDatum(int64_to_numeric(count)));
}

Datum AverageOf(__int128 sum, int64 count) { return DivideByCount(NumericOf(sum), count); }

Datum SerializeIntegerSum(int64 count, __int128 sum) {
  StringInfoData buffer;
  pq_begintypsend(&buffer);
  pq_sendint64(&buffer, static_cast<uint64>(count));
  SendDigits(&buffer, DigitsOf(sum), 0);
  return PointerGetDatum(pq_endtypsend(&buffer));
}

Datum SerializeSquares(int64 count, const core::Squares &squares) {
  StringInfoData buffer;
  pq_begintypsend(&buffer);
  pq_sendint64(&buffer, static_cast<uint64>(count));
  SendDigits(&buffer, DigitsOf(squares.sum), 0);
  SendDigits(&buffer, DigitsOf(squares.squares), 0);
  return PointerGetDatum(pq_endtypsend(&buffer));
}

Datum SerializeNumericSum(int64 count, core::NumericSum sum) {
  core::NumericSum copy = CopyOf(sum);
  const int64 finite = FiniteCount(count, sum.wide);
  StringInfoData buffer;
  pq_begintypsend(&buffer);
  pq_sendint64(&buffer, static_cast<uint64>(finite));
  SendDigits(&buffer, DigitsOf(&copy), static_cast<int>(sum.scale));
  SendCounts(&buffer, finite, sum.scale, sum.wide);
  return PointerGetDatum(pq_endtypsend(&buffer));
}

Datum SerializeMoments(int64 count, __int128 sum, core::SquareSum squares) {
  StringInfoData buffer;
  pq_begintypsend(&buffer);
  pq_sendint64(&buffer, static_cast<uint64>(count));
  SendDigits(&buffer, DigitsOf(sum), 0);
  SendDigits(&buffer, DigitsOf(squares, 0), 0);
  SendCounts(&buffer, count, 0, nullptr);
  return PointerGetDatum(pq_endtypsend(&buffer));
}

Datum SerializeMoments(int64 count, core::NumericSum sum, core::SquareSum squares) {
  constexpr int kUnit = -2 * core::kFixedFractionDigits;
  core::NumericSum copy = CopyOf(sum);
  const int64 finite = FiniteCount(count, sum.wide);
  const int scale = static_cast<int>(sum.scale);
  StringInfoData buffer;
  pq_begintypsend(&buffer);
  pq_sendint64(&buffer, static_cast<uint64>(finite));
  SendDigits(&buffer, DigitsOf(&copy), scale);
  SendDigits(&buffer, DigitsOf(squares, kUnit), 2 * scale);
  SendCounts(&buffer, finite, sum.scale, sum.wide);
  return PointerGetDatum(pq_endtypsend(&buffer));
}

namespace {

// A state's deserialize function asks only whether it is called inside an aggregate.
Datum Finish(Datum serialized, PGFunction deserialize, PGFunction final_function, bool *is_null) {
  AggState *context = makeNode(AggState);
  LOCAL_FCINFO(call, 2);
  InitFunctionCallInfoData(*call, nullptr, 2, InvalidOid, reinterpret_cast<Node *>(context),
                           nullptr);
  call->args[0] = {serialized, false};
  call->args[1] = {PointerGetDatum(nullptr), false};
  const Datum state = deserialize(call);
  InitFunctionCallInfoData(*call, nullptr, 1, InvalidOid, reinterpret_cast<Node *>(context),
                           nullptr);
  call->args[0] = {state, false};
  const Datum result = final_function(call);
  *is_null = call->isnull;
  return result;
}

}  // namespace

Datum FinishSquares(int64 count, const core::Squares &squares, PGFunction final_function,
                    bool *is_null) {
  return Finish(SerializeSquares(count, squares), numeric_poly_deserialize, final_function,
                is_null);
}

Datum FinishMoments(Datum serialized, PGFunction final_function, bool *is_null) {
  return Finish(serialized, numeric_deserialize, final_function, is_null);
}

}  // namespace weir::stream
