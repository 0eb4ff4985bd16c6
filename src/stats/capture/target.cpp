#include "stats/capture/target.hpp"

#include "stats/capture/plan_walk.hpp"
#include "stats/capture/session.hpp"

extern "C" {
#include "catalog/pg_namespace.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
}

namespace weir::stats {

namespace {

// Direct-mapped by query id: a statement that runs again finds its target without walking its plan.
constexpr std::size_t kCacheSize = 1024;

struct CacheEntry {
  std::uint64_t query_id;
  std::uint32_t group;  // the names' numbers belong to one stay of the database in its slot
  Oid relation;
  Target target;
};

constinit CacheEntry cache[kCacheSize] = {};

// A renamed table or column must not go by its old name.
void OnRelationChange(Datum, Oid relation) {
  for (CacheEntry &entry : cache) {
    if (relation == InvalidOid || entry.relation == relation) entry.query_id = 0;
  }
}

Target Resolve(const PlanTarget &found) {
  Target target;
  if (!OidIsValid(found.relation)) return target;
  target.table = TableName(found.relation);
  if (found.attribute > 0) {
    if (char *name = get_attname(found.relation, found.attribute, true)) {
      target.field = InternName(name);
      pfree(name);
    }
  }
  return target;
}

}  // namespace

core::NameId TableName(Oid relation) {
  char *name = get_rel_name(relation);
  if (name == nullptr) return 0;
  const Oid schema = get_rel_namespace(relation);
  char *schema_name = schema == PG_PUBLIC_NAMESPACE ? nullptr : get_namespace_name(schema);
  core::NameId id;
  if (schema_name == nullptr) {
    id = InternName(name);
  } else {
    char *qualified = psprintf("%s.%s", schema_name, name);
    qualified[pg_mbcliplen(qualified, static_cast<int>(strlen(qualified)), NAMEDATALEN - 1)] = '\0';
    id = InternName(qualified);
    pfree(qualified);
    pfree(schema_name);
  }
  pfree(name);
  return id;
}

Target TargetOf(const PlannedStmt *statement, const List *range_table) {
  const std::uint64_t query_id = static_cast<std::uint64_t>(statement->queryId);
  const std::uint32_t group = session.slot->group.load(std::memory_order_relaxed);
  CacheEntry &entry = cache[query_id % kCacheSize];
  if (likely(query_id != 0 && entry.query_id == query_id && entry.group == group)) {
    return entry.target;
  }
  const PlanTarget found = FindPlanTarget(statement, range_table);
  const Target target = Resolve(found);
  entry = {query_id, group, found.relation, target};
  return target;
}

void InstallTargetCache() { CacheRegisterRelcacheCallback(OnRelationChange, Datum{0}); }

}  // namespace weir::stats
