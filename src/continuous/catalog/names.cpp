#include "continuous/catalog/names.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
}

namespace weir::continuous {

char *QualifiedFunction(Oid function) {
  return quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
                                    get_func_name(function));
}

char *QualifiedRelation(Oid relation) {
  return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                    get_rel_name(relation));
}

char *QualifiedType(Oid type) { return format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY); }

char *QualifiedOperator(Oid op) {
  HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(op));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for operator %u", op);
  const auto *form = reinterpret_cast<Form_pg_operator>(GETSTRUCT(tuple));
  char *name = psprintf("%s.%s", quote_identifier(get_namespace_name(form->oprnamespace)),
                        NameStr(form->oprname));
  ReleaseSysCache(tuple);
  return name;
}

char *ProcedureLiteral(Oid function) {
  return psprintf("%s::pg_catalog.regprocedure",
                  quote_literal_cstr(format_procedure_qualified(function)));
}

Oid OurFunction(const char *name) {
  const Oid schema = get_namespace_oid("weir", false);
  CatCList *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
  Oid found = InvalidOid;
  for (int i = 0; i < list->n_members; i++) {
    const auto *form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(&list->members[i]->tuple));
    if (form->pronamespace == schema) found = form->oid;
  }
  ReleaseSysCacheList(list);
  if (!OidIsValid(found)) elog(ERROR, "function weir.%s is missing", name);
  return found;
}

bool IsOurs(Oid function, const char *name) {
  if (function < FirstNormalObjectId) return false;
  const char *found = get_func_name(function);
  if (found == nullptr || strcmp(found, name) != 0) return false;
  const char *schema = get_namespace_name(get_func_namespace(function));
  return schema != nullptr && strcmp(schema, "weir") == 0;
}

char *StateName(int32 query_id, const char *suffix) { return psprintf("q%d%s", query_id, suffix); }

}  // namespace weir::continuous
