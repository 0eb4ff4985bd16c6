#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/delta/tick_state.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/retract/retract.hpp"
#include "continuous/retract/sources.hpp"
#include "continuous/retract/touched.hpp"
#include "continuous/rewrite/objects.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/relation.h"
#include "access/xact.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

// The columns of a table or view of the query's, but so many at the end.
char *ColumnsOf(Oid table, int but) {
  Relation relation = relation_open(table, AccessShareLock);
  const int last = RelationGetNumberOfAttributes(relation) - but;
  relation_close(relation, NoLock);
  StringInfoData out;
  initStringInfo(&out);
  for (int i = 1; i <= last; i++) {
    const char *name = get_attname(table, static_cast<AttrNumber>(i), false);
    appendStringInfo(&out, "%s%s", i > 1 ? ", " : "", quote_identifier(name));
  }
  return out.data;
}

void RunNow(const char *sql, int expected) {
  PushActiveSnapshot(GetTransactionSnapshot());
  RunSql(sql, expected);
  PopActiveSnapshot();
  CommandCounterIncrement();
}

// The results of `suffix` as they were at the end of the tick.
uint64 Compute(int32 query_id, const char *suffix) {
  const char *columns = ColumnsOf(StateRelation(query_id, "_all"), 0);
  const char *sql =
      psprintf("INSERT INTO weir_state.%s (%s) SELECT %s FROM weir_state.%s",
               StateName(query_id, ""), columns, columns, StateName(query_id, suffix));
  if (WEIR_SEEDED("retract.latest")) {
    RunNow(sql, SPI_OK_INSERT);
    return 0;
  }
  return RunAtHorizon(sql, OpenTickOf(query_id)->h1);
}

uint64 ComputeEverything(int32 query_id) {
  RequireFilesBelow(query_id, OpenTickOf(query_id)->h1);
  RunNow(psprintf("DELETE FROM weir_state.%s", StateName(query_id, "")), SPI_OK_DELETE);
  NoteFiles(query_id);
  return Compute(query_id, "_all");
}

uint64 ComputeTouched(KeptQuery *query, uint64 (*merge)(KeptQuery *)) {
  const int32 id = query->row.id;
  const Oid log = StateRelation(id, "_gone");
  RunNow(psprintf("DELETE FROM weir_state.%s WHERE weir.touched(%d, %s)", StateName(id, ""), id,
                  ColumnsOf(log, 1)),
         SPI_OK_DELETE);
  const uint64 merged = merge(query);
  return merged + Compute(id, "_touched");
}

// Those that the step has seen. What a later transaction has logged stays.
void EmptyLog(int32 query_id) {
  const char *sql = psprintf("DELETE FROM weir_state.%s", StateName(query_id, "_gone"));
  if (WEIR_SEEDED("retract.empty_log")) {
    RunNow(sql, SPI_OK_DELETE);
    return;
  }
  RunAtHorizon(sql, OpenTickOf(query_id)->h1);
}

}  // namespace

uint64 RunRetractingStep(KeptQuery *query, uint64 (*merge)(KeptQuery *)) {
  const int32 id = query->row.id;
  RightsBefore before{};
  GetUserIdAndSecContext(&before.user, &before.security_context);
  SetUserIdAndSecContext(before.user, before.security_context | SECURITY_RESTRICTED_OPERATION);
  before.setting_level = PinSearchPath();
  CheckSuperuserObjects(*query);
  LockFiles(id);
  AdoptFreshTables(id, OpenTickOf(id)->h0);
  DecideFilesOfTick(id);
  MemoryContext context =
      AllocSetContextCreate(CurrentMemoryContext, "weir retraction", ALLOCSET_DEFAULT_SIZES);
  const TouchedGroups *groups = TouchedOf(id, context);
  uint64 changed;
  if (IsNothingTouched(groups)) {
    changed = merge(query);
  } else if (IsEverythingTouched(groups)) {
    changed = ComputeEverything(id);
    EmptyLog(id);
  } else {
    changed = ComputeTouched(query, merge);
    EmptyLog(id);
  }
  RequireSameFiles(id);
  MemoryContextDelete(context);
  GiveRightsBack(before);
  return changed;
}

}  // namespace weir::continuous
