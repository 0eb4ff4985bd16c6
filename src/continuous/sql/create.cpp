// weir.create_query()
#include "continuous/sql/create.hpp"
#include "continuous/catalog/catalog.hpp"
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/changes/streams.hpp"
#include "continuous/changes/time.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/lanes/lane_store.hpp"
#include "continuous/objects/query_objects.hpp"
#include "continuous/operation/fill.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/emission.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "continuous/rewrite/sources.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/shared/places.hpp"
#include "continuous/sql/require.hpp"
#include "continuous/sql/upstream.hpp"
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

constexpr int kRequiredArguments = 7;
constexpr Emission kNoEmission{};

struct Options {
  const Interval *tick;
  bool has_backfill;
  int parallelism;
  Handling handling;
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

}  // namespace

void RequireTick(const Interval *tick) {
  if (tick->month == 0 && tick->day >= 0 && tick->time >= 0 && tick->day <= 1) return;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"tick\""),
          errdetail("It must be between 0 and 1 day."), errhint("Use for example '1 second'."));
}

// The others may be NULL.
void RequireArguments(FunctionCallInfo fcinfo) {
  constexpr const char *kNames[kRequiredArguments] = {
      "name", "query", "tick", "on_delete", "backfill", "on_error", "parallelism"};
  for (int i = 0; i < kRequiredArguments; i++) {
    if (!PG_ARGISNULL(i)) continue;
    ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
            errmsg("parameter \"%s\" must not be NULL", kNames[i]));
  }
}
namespace {

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
void MentionRowSecurity(Oid table) {
  if (check_enable_rls(table, GetUserId(), true) != RLS_ENABLED) return;
  ereport(NOTICE,
          errmsg("row security of the source applies as it does to role %s",
                 quote_identifier(GetUserNameFromId(GetUserId(), false))),
          errdetail("Whoever may read the result sees those rows, whatever the policies say of "
                    "the reader."));
}

void RequireEmission(const Rewrite *rewrite) {
  const Emission &emission = *rewrite->emission;
  if (rewrite->window != nullptr && KeepsLog(emission)) {
    Refuse(rewrite->text, {-1, "EMIT with ROWS windows", "Their rows are only added: read them."});
  }
  if (rewrite->retracts && HasTime(emission)) {
    Refuse(rewrite->text,
           {-1, "windows that close and on_delete => 'retract'",
            "Rows of closed windows may still be changed: use EMIT CHANGES without lateness."});
  }
}

}  // namespace

pg::EmitMode CutClause(char *text) {
  TextErrors errors;
  OpenTextErrors(&errors, text);
  const pg::EmitMode clause = pg::CutEmitClause(text);
  CloseTextErrors(&errors);
  return clause;
}

Rewrite *Analyse(const char *text, const Handling &handling, const Emission *emission) {
  TextErrors errors;
  OpenTextErrors(&errors, text);
  const Definition definition = ParseDefinition(text);
  const bool retracts = handling.on_delete == OnDelete::kRetract;
  ReadStoredResult(definition, retracts);
  Rewrite *rewrite = RewriteDefinition(definition);
  rewrite->retracts = retracts;
  rewrite->emission = emission != nullptr ? emission : &kNoEmission;
  RequireHandled(definition, handling);
  RequireEmission(rewrite);
  if (HasTime(*rewrite->emission)) rewrite->time = RequireWindowTime(rewrite);
  CloseTextErrors(&errors);
  RequireWatchable(SourceOf(definition.query)->relid);
  if (superuser()) RequireSuperuserObjects(definition.query);
  ListCell *cell;
  foreach (cell, TablesOf(definition.query)) {
    MentionRowSecurity(lfirst_node(RangeTblEntry, cell)->relid);
  }
  return rewrite;
}

namespace {

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
  TieToUpstream(result, source);
  const bool retracts = options.handling.on_delete == OnDelete::kRetract;
  if (retracts) {
    BeginRetraction(source, id);
  } else if (options.has_backfill) {
    Fill({Work::kBackfill, id, source}, FillOf(rewrite, id), horizon);
  }
  if (options.handling.on_delete == OnDelete::kError) MakeGuard(source, id);
  AddQuery({.id = id,
            .result = result,
            .owner = GetUserId(),
            .statement = TickOf(rewrite, id),
            .tick_ms = 0,
            .rejects_changes = options.handling.on_delete == OnDelete::kError,
            .retracts = retracts,
            .is_paused = false,
            .on_error = options.handling.on_error},
           ContentsOf(rewrite, id), options.tick);
  StoreLanes(id, options.parallelism, rewrite);
  if (KeepsLog(*rewrite->emission) || rewrite->time != nullptr) AddStream(id, rewrite);
  if (rewrite->time != nullptr && options.has_backfill) {
    StartTime(id, horizon);
  } else if (rewrite->time != nullptr) {
    BeginTime(id);
  }
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
  const Options options{
      PG_GETARG_INTERVAL_P(2),
      PG_GETARG_BOOL(4),
      PG_GETARG_INT32(6),
      {OnDeleteOption(PG_GETARG_TEXT_PP(3)), OnErrorOption(PG_GETARG_TEXT_PP(5))}};
  RequireTick(options.tick);
  RequireParallelism(options.parallelism);
  RequireWholeTable(options.handling, options.has_backfill);
  RequireLogin();
  RequirePlace();
  // A new slot is not undone with the transaction.
  if (!ReadHold().exists) WantKeeperAtEnd();
  AcquireHold();
  char *sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
  const Emission *emission = ReadEmission(fcinfo, kRequiredArguments, CutClause(sql));
  const Rewrite *rewrite = Analyse(sql, options.handling, emission);
  if (options.parallelism > 1) RequireSplittable(rewrite);
  const Target target = TargetOf(PG_GETARG_TEXT_PP(0));
  PG_RETURN_OID(Create(target, rewrite, options));
}
