#include "continuous/changes/change_log.hpp"

#include "continuous/catalog/catalog.hpp"
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/changes/streams.hpp"
#include "continuous/rewrite/emission.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "continuous/shared/commit.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "commands/async.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
}

namespace weir::continuous {
namespace {

bool is_forgetting = false;

constexpr char kColumns[] =
    "position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " at timestamptz NOT NULL DEFAULT pg_catalog.now(), old jsonb, new jsonb";

// Rows of a statement's transition table have no name of their own; its order is that of the
// changes, in the table of old rows as in that of new ones.
char *Shown(const Rewrite *rewrite, int32 query_id, const char *rows) {
  const char *pieces = psprintf("SELECT *, pg_catalog.row_number() OVER () AS place FROM %s", rows);
  if (rewrite->emission->mode == pg::EmitMode::kFinal) {
    pieces = psprintf("SELECT * FROM (%s) numbered WHERE %s", pieces, ClosedOf(rewrite, query_id));
  }
  return ShownOver(rewrite, StateRelation(query_id, ""), pieces);
}

// By the number in the log's name.
char *Logged(int32 log_id, const char *changes) {
  return psprintf(
      "WITH logged AS (INSERT INTO weir_state.%s (old, new) %s RETURNING position)"
      " SELECT pg_catalog.max(position) FROM logged",
      StateName(log_id, kLogSuffix), changes);
}

char *UpdatedRows(const Rewrite *rewrite, int32 query_id) {
  return psprintf(
      "SELECT o.shown, n.shown FROM (%s) o FULL JOIN (%s) n USING (place)"
      " WHERE o.shown IS DISTINCT FROM n.shown ORDER BY place",
      Shown(rewrite, query_id, "old_rows"), Shown(rewrite, query_id, "new_rows"));
}

struct LogTrigger {
  const char *event;
  const char *tables;
  const char *changes;
};

void MakeTrigger(const Rewrite *rewrite, int32 query_id, const LogTrigger &trigger) {
  RunSql(
      psprintf("CREATE TRIGGER weir_log_%s AFTER %s ON weir_state.%s REFERENCING %s"
               " FOR EACH STATEMENT EXECUTE FUNCTION weir.log_changes(%d, %s, %s)",
               trigger.event, trigger.event, StateName(query_id, ""), trigger.tables, query_id,
               rewrite->emission->notifies ? "'notify'" : "''",
               quote_literal_cstr(Logged(LogIdOf(*rewrite->emission, query_id), trigger.changes))),
      SPI_OK_UTILITY);
}

void RequireStatementTrigger(FunctionCallInfo fcinfo) {
  if (CALLED_AS_TRIGGER(fcinfo)) {
    const auto *call = reinterpret_cast<TriggerData *>(fcinfo->context);
    const bool is_ours = TRIGGER_FIRED_AFTER(call->tg_event) &&
                         TRIGGER_FIRED_FOR_STATEMENT(call->tg_event) &&
                         call->tg_trigger->tgnargs == 3;
    if (is_ours) return;
  }
  ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
          errmsg("weir.log_changes() is the trigger function of a continuous query's state"));
}

// A row looks the same whoever's session it is written in.
int PinForms() {
  constexpr const char *kForms[][2] = {{"TimeZone", "UTC"},
                                       {"IntervalStyle", "postgres"},
                                       {"extra_float_digits", "1"},
                                       {"bytea_output", "hex"}};
  const int level = NewGUCNestLevel();
  for (const auto &[name, value] : kForms) {
    set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  }
  return level;
}

// While a query is being created nobody can listen for it.
void Notify(int32 query_id, int64 position) {
  const QueryRow *row = FindQueryById(query_id);
  const char *channel = row == nullptr ? nullptr : get_rel_name(row->result);
  if (channel != nullptr) Async_Notify(channel, psprintf(INT64_FORMAT, position));
}

}  // namespace

void MakeResultLog(const Rewrite *rewrite, int32 query_id, Oid schema) {
  if (rewrite->emission->log_id == 0) {
    MakeStateSideTable(schema, StateName(query_id, kLogSuffix), kColumns);
  }
  MakeTrigger(rewrite, query_id,
              {"insert", "NEW TABLE AS new_rows",
               psprintf("SELECT NULL, shown FROM (%s) n ORDER BY place",
                        Shown(rewrite, query_id, "new_rows"))});
  MakeTrigger(
      rewrite, query_id,
      {"update", "OLD TABLE AS old_rows NEW TABLE AS new_rows", UpdatedRows(rewrite, query_id)});
  MakeTrigger(rewrite, query_id,
              {"delete", "OLD TABLE AS old_rows",
               psprintf("SELECT shown, NULL FROM (%s) o ORDER BY place",
                        Shown(rewrite, query_id, "old_rows"))});
}

char *ShownRowsOf(const Rewrite *rewrite, int32 query_id) {
  const char *rows = psprintf("weir_state.%s", StateName(query_id, ""));
  return psprintf("SELECT shown FROM (%s) r", Shown(rewrite, query_id, rows));
}

void DropResultLog(int32 query_id) {
  const Stream *stream = FindStream(query_id);
  if (stream == nullptr || !OidIsValid(StateRelation(stream->log_id, kLogSuffix))) return;
  RunSql(psprintf("DROP TABLE weir_state.%s", StateName(stream->log_id, kLogSuffix)),
         SPI_OK_UTILITY);
}

void RunLogged(const char *sql, int32 query_id, bool notifies) {
  const int level = PinForms();
  const int code = SPI_execute(sql, false, 0);
  if (code != SPI_OK_SELECT || SPI_processed != 1) {
    elog(ERROR, "unexpected result of logging changes: %d", code);
  }
  bool is_null;
  const Datum position = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
  AtEOXact_GUC(true, level);
  if (is_null) return;
  WakeFollowersAtCommit(query_id);
  if (notifies) Notify(query_id, DatumGetInt64(position));
}

void LogDifference(const Difference &difference, int32 by) {
  const Stream *stream = FindStream(by);
  const char *changes =
      "SELECT gone, come FROM (SELECT shown, NULL FROM (TABLE was EXCEPT ALL TABLE now_shown) o"
      " UNION ALL SELECT NULL, shown FROM (TABLE now_shown EXCEPT ALL TABLE was) n) d(gone, come)"
      " ORDER BY gone NULLS LAST, come";
  SPI_connect();
  RunLogged(psprintf("WITH was AS MATERIALIZED (%s), now_shown AS MATERIALIZED (%s), %s",
                     difference.before, difference.after,
                     Logged(stream->log_id, changes) + strlen("WITH ")),
            by, stream->notifies);
  SPI_finish();
}

void ForgetSilently(bool is_silent) { is_forgetting = is_silent; }

}  // namespace weir::continuous

WEIR_FUNCTION(weir_log_changes) {
  using namespace weir::continuous;
  RequireStatementTrigger(fcinfo);
  if (is_forgetting) return PointerGetDatum(nullptr);
  auto *call = reinterpret_cast<TriggerData *>(fcinfo->context);
  char **arguments = call->tg_trigger->tgargs;
  const int level = PinSearchPath();
  SPI_connect();
  SPI_register_trigger_data(call);
  RunLogged(arguments[2], pg_strtoint32(arguments[0]), arguments[1][0] != '\0');
  SPI_finish();
  UnpinSearchPath(level);
  return PointerGetDatum(nullptr);
}
