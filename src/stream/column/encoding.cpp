#include "stream/column/encoding.hpp"

#include "core/column/numeric_value.hpp"
#include "core/column/text_word.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "access/detoast.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/expandeddatum.h"
#include "utils/float.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
}

namespace weir::stream {
namespace {

int64 FloatWord(double value) { return core::AsWord(value); }

// -0 equals 0 and all NaNs are one.
double CanonicalFloat(double value) {
  if (value == 0.0) return 0.0;
  return isnan(value) ? get_float8_nan() : value;
}

char *Room(MemoryContext context, Size size) {
  return static_cast<char *>(MemoryContextAlloc(context, size));
}

void EncodeFloatKey(core::Column *column, int row, double canonical, Datum value,
                    MemoryContext context) {
  char *bytes = Room(context, 16);
  core::Store(bytes, CanonicalFloat(canonical));
  core::Store(bytes + 8, value);
  core::PackPadded(*column, row, bytes, 8, 16);
}

// Not compressed, and not outside the page; either the value itself or a copy in `context`.
varlena *Flat(Datum value, MemoryContext context) {
  MemoryContext old = MemoryContextSwitchTo(context);
  varlena *flat = pg_detoast_datum_packed(reinterpret_cast<varlena *>(DatumGetPointer(value)));
  MemoryContextSwitchTo(old);
  return flat;
}

const char *Keep(const char *bytes, uint32 length, MemoryContext context) {
  char *copy = Room(context, length);
  memcpy(copy, bytes, length);
  return copy;
}

// The bytes of a flat value, to be kept. A value that had to be made flat is kept already.
const char *KeepFlat(const varlena *flat, Datum value, MemoryContext context) {
  const char *bytes = VARDATA_ANY(flat);
  if (reinterpret_cast<const char *>(flat) != DatumGetPointer(value)) return bytes;
  return Keep(bytes, VARSIZE_ANY_EXHDR(flat), context);
}

// Nothing of the value is in the words.
void PackImage(core::Column *column, int row, const char *bytes, uint32 length) {
  column->word[row] = 0;
  column->high[row] = 0;
  column->outline[row] = bytes;
  column->length[row] = length;
}

void EncodeText(core::Column *column, int row, Datum value, MemoryContext context) {
  const varlena *text = Flat(value, context);
  const char *bytes = VARDATA_ANY(text);
  const uint32 length = VARSIZE_ANY_EXHDR(text);
  if (length > core::kInlineText) bytes = KeepFlat(text, value, context);
  core::PackText(*column, row, bytes, length, bytes);
}

void EncodeBpchar(core::Column *column, int row, Datum value, MemoryContext context) {
  const varlena *text = Flat(value, context);
  const uint32 length = VARSIZE_ANY_EXHDR(text);
  const char *bytes = KeepFlat(text, value, context);
  const int significant = bpchartruelen(const_cast<char *>(bytes), static_cast<int>(length));
  core::PackPadded(*column, row, bytes, static_cast<uint32>(significant), length);
}

void EncodeNumeric(core::Column *column, int row, Datum value, MemoryContext context) {
  const varlena *stored = Flat(value, context);
  const char *bytes = VARDATA_ANY(stored);
  const uint32 length = VARSIZE_ANY_EXHDR(stored);
  const core::NumericView view = core::ViewNumeric(bytes, length);
  if (core::FitsFixed(view)) {
    core::PackFixed(*column, row, view);
    return;
  }
  char *copy = Room(context, length + 4);
  core::Store(copy, length);
  memcpy(copy + 4, bytes, length);
  column->word[row] = 0;
  column->high[row] = 0;
  column->outline[row] = copy;
  column->length[row] = core::kNotFixed;
}

// What decides equality comes first: class and sign, weight, digits. The stored number follows.
void EncodeNumericKey(core::Column *column, int row, Datum value, MemoryContext context) {
  const varlena *stored = Flat(value, context);
  const char *bytes = VARDATA_ANY(stored);
  const uint32 length = VARSIZE_ANY_EXHDR(stored);
  const core::NumericView view = core::ViewNumeric(bytes, length);
  const uint32 digit_bytes = 2 * static_cast<uint32>(view.digit_count);
  char *key = Room(context, 4 + digit_bytes + length);
  const bool is_zero = view.type == core::NumericClass::kFinite && view.digit_count == 0;
  core::Store(key, static_cast<int16>(static_cast<int>(view.type) * 2 +
                                      (view.is_negative && !is_zero ? 1 : 0)));
  core::Store(key + 2, static_cast<int16>(is_zero ? 0 : view.weight));
  if (digit_bytes > 0) memcpy(key + 4, view.digits, digit_bytes);
  memcpy(key + 4 + digit_bytes, bytes, length);
  core::PackPadded(*column, row, key, 4 + digit_bytes, 4 + digit_bytes + length);
}

void EncodeIntervalKey(core::Column *column, int row, Datum value, MemoryContext context) {
  const Interval *interval = DatumGetIntervalP(value);
  // interval_eq() compares spans with months of 30 days and days of 24 hours.
  const int64 days = static_cast<int64>(interval->month) * 30 + interval->day;
  const __int128 span = static_cast<__int128>(days) * USECS_PER_DAY + interval->time;
  char *key = Room(context, 32);
  core::Store(key, span);
  memcpy(key + 16, interval, sizeof(Interval));
  core::PackPadded(*column, row, key, 16, 32);
}

void EncodeFixed(core::Column *column, int row, int length, Datum value, MemoryContext context) {
  const uint32 size = static_cast<uint32>(length);
  const char *bytes = Keep(DatumGetPointer(value), size, context);
  core::PackText(*column, row, bytes, size, bytes);
}

// A whole value of a key, as its functions take it.
void EncodeKeyImage(core::Column *column, int row, int length, Datum value, MemoryContext context) {
  if (length > 0) {
    PackImage(column, row, Keep(DatumGetPointer(value), static_cast<uint32>(length), context),
              static_cast<uint32>(length));
    return;
  }
  auto *stored = reinterpret_cast<varlena *>(DatumGetPointer(value));
  MemoryContext old = MemoryContextSwitchTo(context);
  varlena *flat = pg_detoast_datum(stored);
  if (flat == stored) flat = pg_detoast_datum_copy(stored);
  MemoryContextSwitchTo(old);
  PackImage(column, row, reinterpret_cast<const char *>(flat), VARSIZE(flat));
}

void EncodeKeyDatum(core::Column *column, int row, Datum value, MemoryContext context) {
  char *copy = Room(context, sizeof(Datum));
  core::Store(copy, value);
  PackImage(column, row, copy, sizeof(Datum));
}

// Stored as it is: compressed values and those out of line are the function's affair.
void EncodeWhole(core::Column *column, int row, int length, Datum value, MemoryContext context) {
  const char *bytes = DatumGetPointer(value);
  if (length == -1 && VARATT_IS_EXTERNAL_EXPANDED(bytes)) {
    MemoryContext old = MemoryContextSwitchTo(context);
    bytes = DatumGetPointer(datumCopy(value, false, length));
    MemoryContextSwitchTo(old);
  }
  const auto size = static_cast<uint32>(datumGetSize(PointerGetDatum(bytes), false, length));
  PackImage(column, row, Keep(bytes, size, context), size);
}

int64 WordOf(Encoding encoding, Datum value) {
  switch (encoding) {
    case Encoding::kBool:
      return DatumGetBool(value);
    case Encoding::kChar:
      return DatumGetChar(value);
    case Encoding::kInt16:
      return DatumGetInt16(value);
    case Encoding::kInt32:
      return DatumGetInt32(value);
    case Encoding::kUint32:
      return DatumGetUInt32(value);
    case Encoding::kInt64:
      return DatumGetInt64(value);
    case Encoding::kFloat4:
      return FloatWord(DatumGetFloat4(value));
    case Encoding::kFloat8:
      return FloatWord(DatumGetFloat8(value));
    case Encoding::kWholeWord:
      return static_cast<int64>(value);
    default:
      return 0;
  }
}

int NameLength(Datum value) { return static_cast<int>(strlen(NameStr(*DatumGetName(value)))); }

void EncodeBytes(core::Column *column, int row, Encoding encoding, int length, Datum value,
                 MemoryContext context) {
  switch (encoding) {
    case Encoding::kText:
      EncodeText(column, row, value, context);
      break;
    case Encoding::kNumeric:
      EncodeNumeric(column, row, value, context);
      break;
    case Encoding::kKeyNumeric:
      EncodeNumericKey(column, row, value, context);
      break;
    case Encoding::kKeyFloat4:
      EncodeFloatKey(column, row, DatumGetFloat4(value), value, context);
      break;
    case Encoding::kKeyFloat8:
      EncodeFloatKey(column, row, DatumGetFloat8(value), value, context);
      break;
    case Encoding::kKeyBpchar:
      EncodeBpchar(column, row, value, context);
      break;
    case Encoding::kKeyInterval:
      EncodeIntervalKey(column, row, value, context);
      break;
    case Encoding::kKeyName:
      EncodeFixed(column, row, NameLength(value), value, context);
      break;
    case Encoding::kKeyImage:
      EncodeKeyImage(column, row, length, value, context);
      break;
    case Encoding::kKeyDatum:
      EncodeKeyDatum(column, row, value, context);
      break;
    case Encoding::kWhole:
      EncodeWhole(column, row, length, value, context);
      break;
    default:
      EncodeFixed(column, row, length, value, context);
      break;
  }
}

Datum MakeVarlena(const char *bytes, uint32 length) {
  auto *result = static_cast<varlena *>(palloc(length + VARHDRSZ));
  SET_VARSIZE(result, length + VARHDRSZ);
  memcpy(VARDATA(result), bytes, length);
  return PointerGetDatum(result);
}

// Both words whole, which is quicker than as many bytes as there are.
Datum MakeInlineText(int64 word, uint64 high) {
  auto *result = static_cast<varlena *>(palloc(VARHDRSZ + 16));
  SET_VARSIZE(result, VARHDRSZ + core::TextLength(high));
  core::Store(VARDATA(result), word);
  core::Store(VARDATA(result) + 8, high);
  return PointerGetDatum(result);
}

Datum CopyBytes(const char *bytes, uint32 length) {
  auto *copy = static_cast<char *>(palloc(length));
  memcpy(copy, bytes, length);
  return PointerGetDatum(copy);
}

}  // namespace

void AllocateColumn(core::Column *column, Encoding encoding) {
  core::Column like{};
  like.kind = KindOf(encoding);
  like.is_padded = IsPadded(encoding);
  CloneColumn(column, like);
}

void CloneColumn(core::Column *column, const core::Column &like) {
  constexpr Size kRows = core::kColumnRows;
  *column = core::Column{};
  column->kind = like.kind;
  column->is_padded = like.is_padded;
  column->word = static_cast<int64_t *>(palloc0(kRows * sizeof(int64)));
  column->null = static_cast<uint8 *>(palloc0(kRows));
  if (column->kind != core::ValueKind::kText && column->kind != core::ValueKind::kNumeric) return;
  column->high = static_cast<uint64_t *>(palloc0(kRows * sizeof(uint64)));
  column->outline = static_cast<const char **>(palloc0(kRows * sizeof(char *)));
  column->length = static_cast<uint32 *>(palloc0(kRows * sizeof(uint32)));
}

void EncodeDatum(core::Column *column, int row, Encoding encoding, int length, Datum value,
                 MemoryContext context) {
  if (column->high == nullptr) {
    column->word[row] = WordOf(encoding, value);
  } else {
    EncodeBytes(column, row, encoding, length, value, context);
  }
}

Datum DecodeKey(const KeyValue &value, Encoding encoding) {
  if (encoding == Encoding::kInt64) return Int64GetDatum(value.word);
  if (encoding == Encoding::kText && value.outline == nullptr) {
    return MakeInlineText(value.word, value.high);
  }
  char inlined[16];
  core::Store(inlined, value.word);
  core::Store(inlined + 8, value.high);
  const char *bytes = value.outline != nullptr ? value.outline : inlined;
  const uint32 length =
      value.outline != nullptr ? value.outline_length : core::TextLength(value.high);
  switch (encoding) {
    case Encoding::kBool:
      return BoolGetDatum(value.word != 0);
    case Encoding::kChar:
      return CharGetDatum(static_cast<char>(value.word));
    case Encoding::kInt16:
      return Int16GetDatum(static_cast<int16>(value.word));
    case Encoding::kInt32:
      return Int32GetDatum(static_cast<int32>(value.word));
    case Encoding::kUint32:
      return UInt32GetDatum(static_cast<uint32>(value.word));
    case Encoding::kText:
    case Encoding::kKeyBpchar:
      return MakeVarlena(bytes, length);
    case Encoding::kKeyNumeric: {
      // Class, weight and digits come first; the stored number has a header of 2 or 4 bytes more
      // than its digits, which the total length tells.
      const uint32 total = length - 4;
      const uint32 digits = total % 4 == 2 ? (total - 2) / 2 : (total - 4) / 2;
      return MakeVarlena(bytes + 4 + digits, length - 4 - digits);
    }
    case Encoding::kKeyFloat4:
    case Encoding::kKeyFloat8:
      return core::Load<Datum>(bytes + 8);
    case Encoding::kKeyInterval:
      return CopyBytes(bytes + 16, sizeof(Interval));
    case Encoding::kKeyName: {
      auto *name = static_cast<char *>(palloc0(NAMEDATALEN));
      memcpy(name, bytes, length);
      return PointerGetDatum(name);
    }
    case Encoding::kKeyFixed:
    case Encoding::kKeyImage:
      return CopyBytes(bytes, length);
    case Encoding::kKeyDatum:
      return core::Load<Datum>(bytes);
    default:
      return Int64GetDatum(value.word);
  }
}

}  // namespace weir::stream
