// Rows as jsonb objects.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "executor/tuptable.h"
}

namespace weir::stream {

struct JsonWriter {
  FmgrInfo convert;
  TupleDesc row;
};

// Both keep what they make in the current memory context.
JsonWriter *MakeJsonWriter(TupleDesc row);
Datum RowAsJson(JsonWriter *writer, TupleTableSlot *slot);

}  // namespace weir::stream
