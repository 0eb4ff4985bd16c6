#include "stream/column/decode.hpp"

#include "core/column/numeric_value.hpp"
#include "core/column/text_word.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "access/tupmacs.h"
}

namespace weir::stream {
namespace {

struct Target {
  ColumnSet *set;
  const uint16 *row;  // where each tuple's values go, relative to `at`; null: in order
  int at;
  const char *limit;
  MemoryContext context;

  int RowOf(int tuple) const { return at + (row == nullptr ? tuple : row[tuple]); }
};

template <typename T>
void Load(const Target &target, const char *const *cursor, int count, const DecodeStep &step) {
  int64_t *const word = target.set->columns[target.set->bases[step.base].column].word;
  const int offset = step.offset;
  if (target.row == nullptr) {
    int64_t *const out = word + target.at;
    for (int i = 0; i < count; ++i) out[i] = core::Load<T>(cursor[i] + offset);
  } else {
    for (int i = 0; i < count; ++i) word[target.RowOf(i)] = core::Load<T>(cursor[i] + offset);
  }
}

void LoadFloat4(const Target &target, const char *const *cursor, int count,
                const DecodeStep &step) {
  int64_t *const word = target.set->columns[target.set->bases[step.base].column].word;
  for (int i = 0; i < count; ++i) {
    word[target.RowOf(i)] = core::AsWord(core::Load<float>(cursor[i] + step.offset));
  }
}

// Whatever has no loop of its own goes through its datum.
Datum FetchFixed(const char *at, int length, Encoding encoding) {
  if (encoding == Encoding::kKeyFloat8) return core::Load<Datum>(at);
  if (encoding == Encoding::kKeyFloat4) return Float4GetDatum(core::Load<float>(at));
  const bool is_by_value = encoding == Encoding::kKeyDatum || encoding == Encoding::kWholeWord;
  return is_by_value ? fetch_att(at, true, length) : PointerGetDatum(at);
}

void LoadDatum(const Target &target, const char *const *cursor, int count, const DecodeStep &step) {
  const BaseColumn &base = target.set->bases[step.base];
  core::Column *column = &target.set->columns[base.column];
  for (int i = 0; i < count; ++i) {
    const Datum value = FetchFixed(cursor[i] + step.offset, base.length, base.physical);
    EncodeDatum(column, target.RowOf(i), base.physical, base.length, value, target.context);
  }
}

// A varlena with a one-byte header, the usual case for short strings and numbers.
inline bool PackShort(core::Column *column, int row, Encoding encoding, const char *bytes,
                      uint32 length, const char *limit) {
  if (encoding == Encoding::kText && length <= core::kInlineText) {
    core::PackInline(bytes, length, limit, &column->word[row], &column->high[row]);
    return true;
  }
  if (encoding == Encoding::kNumeric) {
    const core::NumericView view = core::ViewNumeric(bytes, length);
    if (!core::FitsFixed(view)) return false;
    core::PackFixed(*column, row, view);
    return true;
  }
  return false;
}

inline const char *AlignUp(const char *at, int alignment) {
  return reinterpret_cast<const char *>(
      TYPEALIGN(static_cast<uintptr_t>(alignment), reinterpret_cast<uintptr_t>(at)));
}

void Varlenas(const Target &target, const char *const *from, const char **to, int count,
              const DecodeStep &step) {
  const bool moves = step.op == DecodeOp::kVarlena;
  const BaseColumn &base = target.set->bases[step.base];
  core::Column *column = &target.set->columns[base.column];
  const Encoding encoding = base.physical;
  for (int i = 0; i < count; ++i) {
    const char *at = from[i] + step.offset;
    if (*at == 0) [[unlikely]]
      at = AlignUp(at, step.alignment);
    Size size;
    if (VARATT_IS_1B(at) && !VARATT_IS_1B_E(at)) [[likely]] {
      size = VARSIZE_1B(at);
      if (!PackShort(column, target.RowOf(i), encoding, at + VARHDRSZ_SHORT,
                     static_cast<uint32>(size - VARHDRSZ_SHORT), target.limit)) {
        EncodeDatum(column, target.RowOf(i), encoding, -1, PointerGetDatum(at), target.context);
      }
    } else {
      size = VARSIZE_ANY(at);
      EncodeDatum(column, target.RowOf(i), encoding, -1, PointerGetDatum(at), target.context);
    }
    if (moves) to[i] = AlignUp(at + size, step.next_alignment);
  }
}

// Moves past a varlena that nobody reads.
void SkipVarlenas(const char *const *from, const char **to, int count, const DecodeStep &step) {
  const int offset = step.offset;
  const auto align = static_cast<uintptr_t>(step.next_alignment) - 1;
  for (int i = 0; i < count; ++i) {
    const char *at = from[i] + offset;
    if (*at == 0) [[unlikely]]
      at = AlignUp(at, step.alignment);
    const Size size = VARATT_IS_1B(at) && !VARATT_IS_1B_E(at) ? VARSIZE_1B(at) : VARSIZE_ANY(at);
    to[i] =
        reinterpret_cast<const char *>((reinterpret_cast<uintptr_t>(at + size) + align) & ~align);
  }
}

void RunProgram(const DecodeProgram *program, const Target &target, const char *const *start,
                int count) {
  const char *moved[MaxHeapTuplesPerPage];
  const char *const *cursor = start;
  for (int i = 0; i < program->step_count; ++i) {
    const DecodeStep &step = program->steps[i];
    switch (step.op) {
      case DecodeOp::kAlign:
        for (int k = 0; k < count; ++k) moved[k] = AlignUp(cursor[k] + step.offset, step.alignment);
        cursor = moved;
        break;
      case DecodeOp::kLoad1:
        Load<uint8>(target, cursor, count, step);
        break;
      case DecodeOp::kLoadChar:
        Load<int8>(target, cursor, count, step);
        break;
      case DecodeOp::kLoad2:
        Load<int16>(target, cursor, count, step);
        break;
      case DecodeOp::kLoad4:
        Load<int32>(target, cursor, count, step);
        break;
      case DecodeOp::kLoadUnsigned4:
        Load<uint32>(target, cursor, count, step);
        break;
      case DecodeOp::kLoad8:
        Load<int64>(target, cursor, count, step);
        break;
      case DecodeOp::kLoadFloat4:
        LoadFloat4(target, cursor, count, step);
        break;
      case DecodeOp::kLoadDatum:
        LoadDatum(target, cursor, count, step);
        break;
      case DecodeOp::kPeekVarlena:
        Varlenas(target, cursor, nullptr, count, step);
        break;
      case DecodeOp::kSkipVarlena:
        SkipVarlenas(cursor, moved, count, step);
        cursor = moved;
        break;
      case DecodeOp::kVarlena:
        Varlenas(target, cursor, moved, count, step);
        cursor = moved;
        break;
    }
  }
}

void EncodeAttribute(const DecodeProgram *program, const Target &target, AttrNumber number, int row,
                     Datum value, bool is_null) {
  ColumnSet *set = target.set;
  for (int base = program->first_base[number]; base >= 0; base = program->next_base[base]) {
    const BaseColumn &source = set->bases[base];
    core::Column *column = &set->columns[source.column];
    if (is_null) {
      EncodeNull(column, row);
    } else {
      EncodeDatum(column, row, source.physical, source.length, value, target.context);
    }
  }
}

// A row with NULLs, or older than its last columns.
void DecodeIrregular(const DecodeProgram *program, const Target &target, HeapTupleHeader header,
                     int row) {
  const int stored = HeapTupleHeaderGetNatts(header);
  const bool has_nulls = (header->t_infomask & HEAP_HASNULL) != 0;
  const char *data = reinterpret_cast<const char *>(header) + header->t_hoff;
  Size offset = 0;
  for (AttrNumber number = 1; number <= program->highest; ++number) {
    Form_pg_attribute attribute = TupleDescAttr(program->descriptor, number - 1);
    const bool is_read = program->first_base[number] >= 0;
    bool is_null = false;
    Datum value = 0;
    if (number > stored) {
      if (is_read) value = getmissingattr(program->descriptor, number, &is_null);
    } else if (has_nulls && att_isnull(number - 1, header->t_bits)) {
      is_null = true;
    } else {
      offset = att_align_pointer(offset, attribute->attalign, attribute->attlen, data + offset);
      if (is_read) value = fetchatt(attribute, data + offset);
      offset = att_addlength_pointer(offset, attribute->attlen, data + offset);
    }
    if (is_read) EncodeAttribute(program, target, number, row, value, is_null);
  }
}

}  // namespace

void DecodeRows(const DecodeProgram *program, ColumnSet *set, const PageRows *rows, int at,
                const char *limit, MemoryContext context) {
  Target target{set, nullptr, at, limit, context};
  if (!rows->any_irregular) {
    RunProgram(program, target, rows->data, rows->count);
    return;
  }
  const char *regular[MaxHeapTuplesPerPage];
  uint16 place[MaxHeapTuplesPerPage];
  int count = 0;
  for (int i = 0; i < rows->count; ++i) {
    if (rows->is_irregular[i]) {
      DecodeIrregular(program, target, rows->header[i], at + i);
    } else {
      regular[count] = rows->data[i];
      place[count++] = static_cast<uint16>(i);
    }
  }
  target.row = place;
  RunProgram(program, target, regular, count);
}

}  // namespace weir::stream
