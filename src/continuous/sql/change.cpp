// weir.drop_query(), pause_query(), resume_query() and refresh_query()
#include "continuous/catalog/catalog.hpp"
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/changes/time.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/failure/dead_letters.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/objects/query_objects.hpp"
#include "continuous/operation/fill.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "continuous/rewrite/sources.hpp"
#include "continuous/rewrite/windows.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/sql/require.hpp"
#include "continuous/sql/restore.hpp"
#include "continuous/sql/upstream.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace weir::continuous {
namespace {

// Asked again when the turn has come: meanwhile another definition may have.
QueryRow *Begin(FunctionCallInfo fcinfo) {
  RequireActive();
  return RequireOwnQuery(PG_GETARG_OID(0));
}

// The objects are the owner's, and so is whoever is here; the tables of ours are not.
void DropEverything(const QueryRow &row) {
  DropFrontier(row.id);
  const int level = PinSearchPath();
  // Before anything else: whoever writes to the source locks it first, too.
  DropGuards(row.id);
  RunSql(psprintf("DROP VIEW %s", QualifiedRelation(row.result)), SPI_OK_UTILITY);
  DropStateObjects(row.id);
  DropResultLog(row.id);
  UnpinSearchPath(level);
  DeleteQuery(row.id);
  ReloadAtCommit();
}

// Of a relation of the query's, as of now: it may be younger than the statement's snapshot.
char *ColumnsOf(const char *name) {
  SPI_connect();
  SPI_execute(
      psprintf("SELECT pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY "
               "attnum) FROM pg_catalog.pg_attribute WHERE attrelid = 'weir_state.%s'::"
               "pg_catalog.regclass AND attnum > 0 AND NOT attisdropped",
               name),
      false, 0);
  char *found = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
  char *columns = static_cast<char *>(SPI_palloc(strlen(found) + 1));
  strcpy(columns, found);
  SPI_finish();
  return columns;
}

char *RefillOf(int32 id) {
  const char *columns = ColumnsOf(StateName(id, "_all"));
  if (HasTail(id)) return WindowFillOf(id, columns, ColumnsOf(StateName(id, "_tail")));
  const char *suffix = FillSuffix(list_length(TablesOfQuery(id)));
  return psprintf("INSERT INTO weir_state.%s (%s) SELECT %s FROM weir_state.%s", StateName(id, ""),
                  columns, columns, StateName(id, suffix));
}

// Readers see the old result or the new one: rows are deleted, not truncated, and the frontier
// changes with them.
void Rebuild(const QueryRow &row) {
  RequireRebuildable(row);
  ForgetDeadLetters(row.id);
  DropFrontier(row.id);
  const FullTransactionId horizon = CurrentHorizon();
  InitFrontier(row.id, horizon, SourceOfQuery(row.id));
  if (row.retracts) {
    MarkEverything(row.id);
    return;
  }
  // Functions of the definition, and whatever hangs on the tables, are the owner's.
  const OwnerRights before = TakeOwnerRights(row.id);
  RunSql(psprintf("DELETE FROM weir_state.%s", StateName(row.id, "")), SPI_OK_DELETE);
  const bool has_time = ForgetTime(row.id);
  if (HasTail(row.id)) {
    RunSql(psprintf("DELETE FROM weir_state.%s", StateName(row.id, "_tail")), SPI_OK_DELETE);
  }
  Fill({Work::kRefresh, row.id, SourceOfQuery(row.id)}, RefillOf(row.id), horizon);
  if (has_time) StartTime(row.id, horizon);
  GiveOwnerRightsBack(before);
}

void GoOn(const QueryRow &row) {
  ForgetFailure(row.id);
  WantWorkerAtCommit(row.owner);
  ReloadAtCommit();
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_drop_query) {
  using namespace weir::continuous;
  (void)Begin(fcinfo);
  ReleaseHold();
  DropEverything(*Begin(fcinfo));
  PG_RETURN_VOID();
}

WEIR_FUNCTION(weir_pause_query) {
  using namespace weir::continuous;
  const QueryRow *row = Begin(fcinfo);
  SetPaused(row->result, true);
  ReloadAtCommit();
  PG_RETURN_VOID();
}

WEIR_FUNCTION(weir_resume_query) {
  using namespace weir::continuous;
  const QueryRow *row = Begin(fcinfo);
  SetPaused(row->result, false);
  GoOn(*row);
  PG_RETURN_VOID();
}

WEIR_FUNCTION(weir_refresh_query) {
  using namespace weir::continuous;
  RequireReadCommitted("weir.refresh_query()");
  (void)Begin(fcinfo);
  AcquireHold();
  const QueryRow *row = Begin(fcinfo);
  Rebuild(*row);
  GoOn(*row);
  PG_RETURN_VOID();
}

WEIR_FUNCTION(weir_refuse_change) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
            errmsg("weir.refuse_change() is a trigger function"));
  }
  const auto *call = reinterpret_cast<TriggerData *>(fcinfo->context);
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("rows of \"%s\" cannot be changed: a continuous query counts on them",
                 RelationGetRelationName(call->tg_relation)),
          errhint("The query was created with on_delete => 'error'; create it with on_delete => "
                  "'ignore' to allow changes."));
  PG_RETURN_NULL();
}
