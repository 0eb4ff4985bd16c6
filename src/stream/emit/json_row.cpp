#include "stream/emit/json_row.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"
}

namespace weir::stream {

JsonWriter *MakeJsonWriter(TupleDesc row) {
  auto *writer = static_cast<JsonWriter *>(palloc(sizeof(JsonWriter)));
  writer->row = BlessTupleDesc(CreateTupleDescCopy(row));
  // to_jsonb() asks its call for the argument's type.
  List *arguments = list_make1(makeNullConst(RECORDOID, -1, InvalidOid));
  FuncExpr *call =
      makeFuncExpr(F_TO_JSONB, JSONBOID, arguments, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
  fmgr_info(F_TO_JSONB, &writer->convert);
  fmgr_info_set_expr(reinterpret_cast<Node *>(call), &writer->convert);
  return writer;
}

Datum RowAsJson(JsonWriter *writer, TupleTableSlot *slot) {
  slot_getallattrs(slot);
  HeapTuple tuple = heap_form_tuple(writer->row, slot->tts_values, slot->tts_isnull);
  return FunctionCall1(&writer->convert, heap_copy_tuple_as_datum(tuple, writer->row));
}

}  // namespace weir::stream
