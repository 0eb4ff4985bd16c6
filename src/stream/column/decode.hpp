// Decodes attributes of many heap tuples into columns, one attribute at a time.
#pragma once

#include "pg/pg.hpp"
#include "stream/column/column_set.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tupdesc.h"
}

namespace weir::stream {

enum class DecodeOp : uint8 {
  kAlign,
  kLoad1,
  kLoadChar,
  kLoad2,
  kLoad4,
  kLoadUnsigned4,
  kLoad8,
  kLoadFloat4,
  kLoadDatum,  // fixed length, by reference
  kPeekVarlena,
  kVarlena,  // decodes, and moves past it
  kSkipVarlena,
};

struct DecodeStep {
  DecodeOp op;
  uint8 alignment;
  uint8 next_alignment;
  int offset;  // from where the tuple's cursor stands
  int base;    // which base column, or -1 to skip only
};

// Rows of one page, by the start of their attributes.
struct PageRows {
  int count;
  bool any_irregular;
  bool any_external;  // has values outside the page
  HeapTupleHeader header[MaxHeapTuplesPerPage];
  const char *data[MaxHeapTuplesPerPage];
  OffsetNumber line[MaxHeapTuplesPerPage];
  // Has NULLs or fewer attributes than are read.
  bool is_irregular[MaxHeapTuplesPerPage];
};

struct DecodeProgram {
  TupleDesc descriptor;
  AttrNumber highest;
  int step_count;
  DecodeStep *steps;
  // For irregular rows: per attribute, the first base that reads it and the next one that does.
  int *first_base;
  int *next_base;
};

// Null when some attribute cannot be decoded this way.
DecodeProgram *MakeDecodeProgram(TupleDesc descriptor, const ColumnSet *set);

// Decodes the rows into rows [at, at + count) of the set. `limit` is the end of the page.
void DecodeRows(const DecodeProgram *program, ColumnSet *set, const PageRows *rows, int at,
                const char *limit, MemoryContext context);

}  // namespace weir::stream
