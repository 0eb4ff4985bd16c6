#include "continuous/step/kept_query.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/definition.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
}

namespace weir::continuous {

// What the owner may do has been looked at when the query was created, and is by every step; what a
// superuser runs is looked at again too.
void CheckSuperuserObjects(const KeptQuery &query) {
  if (!superuser_arg(query.row.owner)) return;
  const Oid view = get_relname_relid(StateName(query.row.id, "_definition"),
                                     get_namespace_oid("weir_state", false));
  if (!OidIsValid(view)) return;
  Relation relation = table_open(view, AccessShareLock);
  RequireSuperuserObjects(get_view_query(relation));
  table_close(relation, AccessShareLock);
}

}  // namespace weir::continuous
