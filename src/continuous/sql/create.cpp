// weir.create_query()
#include "continuous/catalog/catalog.hpp"
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/changes/emission.hpp"
#include "continuous/changes/streams.hpp"
#include "continuous/changes/time.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/retract/keys.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "continuous/sql/require.hpp"
#include "continuous/worker/commit.hpp"
#include "continuous/worker/shared.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"
}

namespace weir::continuous {
namespace {

constexpr int kRequiredArguments = 6;

enum class OnDelete : uint8 { kIgnore, kError, kRetract };

struct Options {
  const Interval *tick;
  OnDelete on_delete;
  bool has_backfill;
  OnError on_error;
};

bool MayLogIn(Oid role) {
  HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
  if (!HeapTupleIsValid(tuple)) return false;
  const bool may = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple))->rolcanlogin;
  ReleaseSysCache(tuple);
  return may;
}

// The worker connects as the owner, so that nothing runs with more rights than the owner's.
void RequireLogin() {
  if (MayLogIn(GetUserId())) return;
  const char *name = quote_identifier(GetUserNameFromId(GetUserId(), false));
  ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
          errmsg("role %s cannot own a continuous query because it may not log in", name),
          errdetail("A worker connects as the owner of the query."),
          errhint("Run ALTER ROLE %s LOGIN; it needs no password.", name));
}

OnDelete OnDeleteOption(const text *option) {
  const char *value = text_to_cstring(option);
  if (strcmp(value, "ignore") == 0) return OnDelete::kIgnore;
  if (strcmp(value, "error") == 0) return OnDelete::kError;
  if (strcmp(value, "retract") == 0) return OnDelete::kRetract;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"on_delete\": \"%s\"", value),
          errhint("Use 'ignore', 'error' or 'retract'."));
  pg_unreachable();
}

// What the table says is the result, so nothing of it can be left out.
void RequireWholeTable(const Options &options) {
  if (options.on_delete != OnDelete::kRetract) return;
  const bool has_errors_left_out = options.on_error != OnError::kStop;
  if (options.has_backfill && !has_errors_left_out) return;
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("a continuous query with on_delete => 'retract' cannot leave out rows"),
          errhint(has_errors_left_out ? "Use on_error => 'stop'." : "Use backfill => true."));
}

OnError OnErrorOption(const text *option) {
  const char *value = text_to_cstring(option);
  if (strcmp(value, "stop") == 0) return OnError::kStop;
  if (strcmp(value, "skip") == 0) return OnError::kSkip;
  if (strcmp(value, "dead_letter") == 0) return OnError::kDeadLetter;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"on_error\": \"%s\"", value),
          errhint("Use 'stop', 'skip' or 'dead_letter'."));
  pg_unreachable();
}

void RequireTick(const Interval *tick) {
  if (tick->month == 0 && tick->day >= 0 && tick->time >= 0 && tick->day <= 1) return;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"tick\""),
          errdetail("It must be between 0 and 1 day."), errhint("Use for example '1 second'."));
}

// The others may be NULL.
void RequireArguments(FunctionCallInfo fcinfo) {
  constexpr const char *kNames[kRequiredArguments] = {"name",      "query",    "tick",
                                                      "on_delete", "backfill", "on_error"};
  for (int i = 0; i < kRequiredArguments; i++) {
    if (!PG_ARGISNULL(i)) continue;
    ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
            errmsg("parameter \"%s\" must not be NULL", kNames[i]));
  }
}

Target TargetOf(const text *name) {
  RangeVar *range = makeRangeVarFromNameList(textToQualifiedNameList(const_cast<text *>(name)));
  range->relpersistence = RELPERSISTENCE_PERMANENT;
  const Oid schema = RangeVarGetAndCheckCreationNamespace(range, NoLock, nullptr);
  if (OidIsValid(get_relname_relid(range->relname, schema))) {
    ereport(ERROR, errcode(ERRCODE_DUPLICATE_TABLE),
            errmsg("relation \"%s\" already exists", range->relname),
            errhint("The result is a view of its own; give it another name."));
  }
  if (!isTempNamespace(schema)) return {schema, range->relname};
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("the result of a continuous query cannot be temporary"),
          errhint("Name a schema that is not temporary."));
  pg_unreachable();
}

// Whoever may read the result sees what the owner's rows say.
void MentionRowSecurity(const RangeTblEntry *source) {
  if (check_enable_rls(source->relid, GetUserId(), true) != RLS_ENABLED) return;
  ereport(NOTICE,
          errmsg("row security of the source applies as it does to role %s",
                 quote_identifier(GetUserNameFromId(GetUserId(), false))),
          errdetail("Whoever may read the result sees those rows, whatever the policies say of "
                    "the reader."));
}

Rewrite *Analyse(FunctionCallInfo fcinfo, OnDelete on_delete) {
  char *sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
  TextErrors errors;
  OpenTextErrors(&errors, sql);
  const pg::EmitMode clause = pg::CutEmitClause(sql);
  const Definition definition = ParseDefinition(sql);
  Rewrite *rewrite = RewriteDefinition(definition);
  rewrite->emission = ReadEmission(fcinfo, kRequiredArguments, clause);
  rewrite->retracts = on_delete == OnDelete::kRetract;
  if (rewrite->retracts) RequireTouchKeys(definition.query, sql);
  if (HasTime(*rewrite->emission)) rewrite->time = RequireWindowTime(rewrite);
  if (rewrite->retracts && rewrite->time != nullptr) {
    Refuse(sql,
           {-1, "windows that close and on_delete => 'retract'",
            "Rows of closed windows may still be changed: use EMIT CHANGES without lateness."});
  }
  CloseTextErrors(&errors);
  const RangeTblEntry *source = SourceOf(definition.query);
  RequireWatchable(source->relid);
  if (superuser()) RequireSuperuserObjects(definition.query);
  MentionRowSecurity(source);
  return rewrite;
}

void RequirePlace() {
  for (int i = 0; i < QueryPlaceCount(); i++) {
    if (QueryPlaceAt(i).database.load() == InvalidOid) return;
  }
  ereport(ERROR, errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
          errmsg("there are %d continuous queries already", QueryPlaceCount()),
          errhint("Run ALTER SYSTEM SET weir.max_queries = %d and restart the server.",
                  QueryPlaceCount() * 2));
}

// The view is exact from the moment of its commit: what is below the horizon is filled in, what is
// above is new.
Oid Create(const Target &target, const Rewrite *rewrite, const Options &options) {
  const Oid source = SourceOf(rewrite->definition)->relid;
  const int32 id = NextQueryId();
  const FullTransactionId horizon = CurrentHorizon();
  const int level = PinSearchPath();
  InitFrontier(id, horizon, source);
  const Oid result = MakeObjects(rewrite, id, target);
  const bool retracts = options.on_delete == OnDelete::kRetract;
  if (retracts) {
    WatchChanges(source, id);
    MarkEverything(id);
  } else if (options.has_backfill) {
    RunAtHorizon(FillOf(rewrite, id), horizon);
  }
  if (options.on_delete == OnDelete::kError) MakeGuard(source, id);
  AddQuery({.id = id,
            .result = result,
            .owner = GetUserId(),
            .statement = TickOf(rewrite, id),
            .tick_ms = 0,
            .rejects_changes = options.on_delete == OnDelete::kError,
            .retracts = retracts,
            .is_paused = false,
            .on_error = options.on_error},
           ContentsOf(rewrite, id), options.tick);
  if (KeepsLog(*rewrite->emission) || rewrite->time != nullptr) AddStream(id, rewrite);
  if (rewrite->time != nullptr) StartTime(id, options.has_backfill, horizon);
  UnpinSearchPath(level);
  WantWorkerAtCommit(GetUserId());
  return result;
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_create_query) {
  using namespace weir::continuous;
  RequireArguments(fcinfo);
  RequireActive();
  RequireReadCommitted("weir.create_query()");
  PreventCommandIfReadOnly("weir.create_query()");
  const Options options{PG_GETARG_INTERVAL_P(2), OnDeleteOption(PG_GETARG_TEXT_PP(3)),
                        PG_GETARG_BOOL(4), OnErrorOption(PG_GETARG_TEXT_PP(5))};
  RequireTick(options.tick);
  RequireWholeTable(options);
  RequireLogin();
  RequirePlace();
  AcquireHold();
  const Rewrite *rewrite = Analyse(fcinfo, options.on_delete);
  const Target target = TargetOf(PG_GETARG_TEXT_PP(0));
  PG_RETURN_OID(Create(target, rewrite, options));
}
