#include "continuous/delta/marker.hpp"

#include "pg/sql_function.hpp"

extern "C" {
#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace weir::continuous {
namespace {

// The function's oid, looked up again after any change to functions. Every plan asks.
struct KnownMarker {
  bool is_listened;
  bool is_known;
  Oid function;
};
KnownMarker known;

void Forget(Datum, int, uint32) { known.is_known = false; }

Oid LookUp() {
  const Oid schema = get_namespace_oid("weir", true);
  if (!OidIsValid(schema)) return InvalidOid;
  Oid types[] = {OIDOID, INT4OID};
  oidvector *arguments = buildoidvector(types, 2);
  return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("delta"),
                         PointerGetDatum(arguments), ObjectIdGetDatum(schema));
}

Oid MarkerFunction() {
  if (!known.is_listened) {
    CacheRegisterSyscacheCallback(PROCOID, Forget, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, Forget, 0);
    known.is_listened = true;
  }
  if (!known.is_known) {
    known.is_known = true;
    known.function = LookUp();
  }
  return known.function;
}

// weir.delta(<rti>.tableoid, <constant>)
bool IsMarker(Node *clause, Index rti, Oid function, Marker *marker) {
  if (!IsA(clause, FuncExpr)) return false;
  auto *call = reinterpret_cast<FuncExpr *>(clause);
  if (call->funcid != function) return false;
  auto *table = static_cast<Node *>(linitial(call->args));
  auto *query = static_cast<Node *>(lsecond(call->args));
  if (!IsA(table, Var) || !IsA(query, Const)) return false;
  auto *var = reinterpret_cast<Var *>(table);
  auto *constant = reinterpret_cast<Const *>(query);
  if (constant->constisnull || var->varattno != TableOidAttributeNumber) return false;
  if (rti != 0 && var->varno != static_cast<int>(rti)) return false;
  *marker = {function, DatumGetInt32(constant->constvalue)};
  return true;
}

}  // namespace

bool FindMarker(List *restrictions, Index rti, Marker *marker) {
  if (restrictions == NIL) return false;
  const Oid function = MarkerFunction();
  if (!OidIsValid(function)) return false;
  ListCell *cell;
  foreach (cell, restrictions) {
    auto *clause = reinterpret_cast<Node *>(lfirst_node(RestrictInfo, cell)->clause);
    if (IsMarker(clause, rti, function, marker)) return true;
  }
  return false;
}

bool HasMarker(List *conditions, Index rti) {
  const Oid function = conditions == NIL ? InvalidOid : MarkerFunction();
  if (!OidIsValid(function)) return false;
  ListCell *cell;
  foreach (cell, conditions) {
    Marker marker;
    if (IsMarker(static_cast<Node *>(lfirst(cell)), rti, function, &marker)) return true;
  }
  return false;
}

List *WithoutMarkers(List *restrictions) {
  const Oid function = MarkerFunction();
  List *kept = NIL;
  ListCell *cell;
  foreach (cell, restrictions) {
    auto *restriction = lfirst_node(RestrictInfo, cell);
    Marker marker;
    if (restriction->pseudoconstant) continue;
    if (IsMarker(reinterpret_cast<Node *>(restriction->clause), 0, function, &marker)) continue;
    kept = lappend(kept, restriction->clause);
  }
  return kept;
}

}  // namespace weir::continuous

// Reached only where the planner has not put a scan of ours in its place.
WEIR_FUNCTION(weir_delta) {
  ereport(
      ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("weir.delta() is no ordinary function"),
      errhint("It stands in the WHERE clause of a SELECT, as weir.delta(t.tableoid, N) AND ..., "
              "and makes the scan of table t return its new rows."));
  PG_RETURN_NULL();
}
