// How values of the server become words of a column.
#pragma once

#include "core/column/column.hpp"
#include "pg/pg.hpp"

namespace weir::stream {

enum class Encoding : uint8 {
  kNone,
  kBool,
  kInt16,
  kInt32,
  kUint32,  // oid
  kInt64,
  kChar,
  kFloat4,
  kFloat8,
  kText,        // varlena whose bytes are its identity
  kNumeric,     // as an argument: fixed point where it fits
  kKeyNumeric,  // keys whose equality is not that of their bytes
  kKeyFloat4,
  kKeyFloat8,
  kKeyBpchar,
  kKeyInterval,
  kKeyName,
  kKeyFixed,  // fixed length, by reference, bytes are identity
  // Keys whose equality only functions of their type know: see key_classes.hpp.
  kKeyImage,  // by reference
  kKeyDatum,  // by value
  // Whole values, for functions of the server.
  kWhole,      // by reference
  kWholeWord,  // by value
  kNullness,   // only whether it is NULL
};

// Encoding::kNone when values of the type cannot be keys.
Encoding KeyEncoding(Oid type, Oid collation);

// The same for a key that `equality` compares, an operator. Types without an encoding of their own
// get that of a class, if they can be hashed.
Encoding GroupKeyEncoding(Oid type, Oid collation, Oid equality);
bool IsClassKey(Encoding encoding);

// How a type's values are words, if they are: types of one answer have the same bytes and the same
// word. kNone for all that is not a word.
Encoding WordEncoding(Oid type);

// For an argument that a function of the server takes.
Encoding ArgumentEncoding(Oid type);

core::ValueKind KindOf(Encoding encoding);

// Whether a key of this encoding is one word, so that equal words are equal keys.
bool IsWordKey(Encoding encoding);

// Whether equal values can look different, so that keys carry the first value seen beside what
// decides equality.
bool IsPadded(Encoding encoding);

// Columns with room for kColumnRows rows, in the current memory context.
void AllocateColumn(core::Column *column, Encoding encoding);

// A column of the same kind with memory of its own.
void CloneColumn(core::Column *column, const core::Column &like);

// Puts a value into a row of a column. Bytes that the words cannot hold are copied into `context`,
// which lives until the batch is consumed; `length` is the size of a fixed-length type.
void EncodeDatum(core::Column *column, int row, Encoding encoding, int length, Datum value,
                 MemoryContext context);

inline void EncodeNull(core::Column *column, int row) {
  column->null[row] = 1;
  column->has_nulls = true;
  column->word[row] = 0;
  if (column->high != nullptr) column->high[row] = 0;
  if (column->length != nullptr) column->length[row] = 0;
}

// The value of a key out of its words, or of its outline; made in the current memory context.
struct KeyValue {
  int64 word;
  uint64 high;
  const char *outline;
  uint32 outline_length;
};
Datum DecodeKey(const KeyValue &value, Encoding encoding);

}  // namespace weir::stream
