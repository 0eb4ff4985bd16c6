// weir.query_time()
#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/objects.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

constexpr int kColumns = 5;
constexpr const char *kNames[kColumns] = {"watermark", "closed_below", "late_rows", "dropped_rows",
                                          "future_rows"};

// The table is its owner's, who may have done anything to it: only what is as it was made is read.
// Times without a zone are taken as UTC, which is what they are as numbers.
bool ReadColumn(Relation table, HeapTuple tuple, int column, Datum *value, bool *is_null) {
  const AttrNumber number = get_attnum(RelationGetRelid(table), kNames[column]);
  if (number == InvalidAttrNumber) return false;
  const Oid type = get_atttype(RelationGetRelid(table), number);
  const bool is_time = type == TIMESTAMPTZOID || type == TIMESTAMPOID;
  if (column < 2 ? !is_time : type != INT8OID) return false;
  *value = heap_getattr(tuple, number, RelationGetDescr(table), is_null);
  return true;
}

bool ReadRow(Relation table, Datum *values, bool *nulls) {
  SysScanDesc scan = systable_beginscan(table, InvalidOid, false, GetActiveSnapshot(), 0, nullptr);
  HeapTuple tuple = systable_getnext(scan);
  bool is_whole = HeapTupleIsValid(tuple);
  for (int i = 0; i < kColumns && is_whole; i++) {
    is_whole = ReadColumn(table, tuple, i, &values[i], &nulls[i]);
  }
  systable_endscan(scan);
  return is_whole;
}

bool MaySee(Relation table) {
  return has_privs_of_role(GetUserId(), table->rd_rel->relowner) ||
         has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

// Whoever has locked the table does not hold up who looks at all queries.
bool ReadTime(int32 query_id, Datum *values, bool *nulls) {
  const Oid relation = StateRelation(query_id, "_time");
  if (!OidIsValid(relation) || !ConditionalLockRelationOid(relation, AccessShareLock)) return false;
  Relation table = try_table_open(relation, NoLock);
  if (table == nullptr) return false;
  const bool found =
      table->rd_rel->relkind == RELKIND_RELATION && MaySee(table) && ReadRow(table, values, nulls);
  table_close(table, NoLock);
  return found;
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_query_time) {
  using namespace weir::continuous;
  TupleDesc descriptor;
  if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "return type must be a row type");
  }
  Datum values[kColumns] = {};
  bool nulls[kColumns] = {};
  if (!ReadTime(PG_GETARG_INT32(0), values, nulls)) PG_RETURN_NULL();
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
