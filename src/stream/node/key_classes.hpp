// Numbers for the values of a key whose equality only functions of its type know, so that the
// groups are found by a word: equal values share a number.
//
// A value whose bytes were seen before costs one look-up; the type's own functions are called once
// for each new image.
#pragma once

#include "core/column/column.hpp"
#include "pg/pg.hpp"

namespace weir::stream {

struct KeyClasses;

// `equality` is the operator that the key is grouped by, which has a hash function.
KeyClasses *MakeKeyClasses(MemoryContext parent, Oid equality, Oid collation, bool is_by_value);

// Forgets all values; the numbers given out until then mean nothing any more.
void ResetKeyClasses(KeyClasses *classes);

Size ClassesBytes(const KeyClasses *classes);

// While they are closed no value gets a new number, so that all rows of such a value share their
// fate. To be opened again only as long as there were no strangers.
void CloseClasses(KeyClasses *classes, bool is_closed);
bool AreClassesClosed(const KeyClasses *classes);

// Rows whose value has no number, and a hash of those values that equal values share.
struct Strangers {
  int count;
  bool is_stranger[core::kColumnRows];
  uint64 hash[core::kColumnRows];
};

// Puts the numbers of `count` rows into the column.
void NumberKeys(KeyClasses *classes, core::Column *column, int count, Strangers *strangers);

}  // namespace weir::stream
