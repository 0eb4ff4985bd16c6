// weir.pending_rows()
#include "continuous/catalog/catalog.hpp"
#include "continuous/delta/range.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/shared/places.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/relation.h"
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

bool MaySee(const QueryRow &row) {
  return has_privs_of_role(GetUserId(), row.owner) ||
         has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

// Whether there is something to count from: a frontier that vacuum has not passed.
bool HasFrontier(int32 query_id) {
  Frontier frontier;
  return FindFrontier(query_id, GetActiveSnapshot(), &frontier) &&
         (RecoveryInProgress() || HoldCovers(frontier.h));
}

int64 NewRowsIn(int32 query_id, Relation relation) {
  if (relation->rd_rel->relkind != RELKIND_RELATION) return 0;
  KnownFile file;
  NewRowWalk walk;
  const FullTransactionId seen = SeenFrontier(MyDatabaseId, query_id);
  BeginNewRows(&walk, relation, RangeBeyond(seen, query_id, relation, GetActiveSnapshot(), &file));
  while (NextNewRows(&walk)) CHECK_FOR_INTERRUPTS();
  const int64 rows = walk.counts.rows;
  EndNewRows(&walk);
  return rows;
}

// False where somebody has locked one of the tables for himself: a look at the queries waits for
// nobody.
bool CountNewRows(int32 query_id, Oid source, int64 *rows) {
  ListCell *cell;
  foreach (cell, find_all_inheritors(source, NoLock, nullptr)) {
    if (!ConditionalLockRelationOid(lfirst_oid(cell), AccessShareLock)) return false;
    Relation relation = try_relation_open(lfirst_oid(cell), NoLock);
    if (relation == nullptr) continue;
    *rows += NewRowsIn(query_id, relation);
    relation_close(relation, AccessShareLock);
  }
  return true;
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_pending_rows) {
  using namespace weir::continuous;
  const QueryRow *row = FindQueryById(PG_GETARG_INT32(0));
  if (row == nullptr || !MaySee(*row) || !HasFrontier(row->id)) PG_RETURN_NULL();
  const Oid source = SourceOfQuery(row->id);
  int64 rows = 0;
  if (!OidIsValid(source) || !CountNewRows(row->id, source, &rows)) PG_RETURN_NULL();
  PG_RETURN_INT64(rows);
}
