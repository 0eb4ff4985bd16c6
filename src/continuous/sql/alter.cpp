// weir.alter_query()
#include <initializer_list>

#include "continuous/catalog/catalog.hpp"
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/changes/streams.hpp"
#include "continuous/changes/time.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/failure/dead_letters.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/lanes/lane_store.hpp"
#include "continuous/objects/query_objects.hpp"
#include "continuous/operation/fill.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/sql/create.hpp"
#include "continuous/sql/require.hpp"
#include "continuous/sql/upstream.hpp"
#include "pg/failpoint.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace weir::continuous {
namespace {

enum Argument : int { kQuery, kDefinition, kTick, kOnDelete, kBackfill, kOnError, kParallelism };

// What is made belongs to the query's owner, and is analysed with the owner's rights.
void RequireOwner(const QueryRow &row) {
  if (GetUserId() == row.owner) return;
  const char *owner = quote_identifier(GetUserNameFromId(row.owner, false));
  ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
          errmsg("only its owner can change the definition of continuous query \"%s\"",
                 get_rel_name(row.result)),
          errhint("Run SET ROLE %s, then the same again.", owner));
}

// Readers of the view know its columns, which therefore stay; others may come behind them.
void RequireSameColumns(Oid result, Oid definition) {
  Relation old_view = table_open(result, AccessShareLock);
  Relation new_view = table_open(definition, AccessShareLock);
  TupleDesc before = RelationGetDescr(old_view);
  TupleDesc after = RelationGetDescr(new_view);
  for (int i = 0; i < before->natts; i++) {
    const Form_pg_attribute old_column = TupleDescAttr(before, i);
    const Form_pg_attribute column = i < after->natts ? TupleDescAttr(after, i) : nullptr;
    const bool is_same =
        column != nullptr && strcmp(NameStr(column->attname), NameStr(old_column->attname)) == 0 &&
        column->atttypid == old_column->atttypid && column->atttypmod == old_column->atttypmod &&
        column->attcollation == old_column->attcollation;
    if (is_same) continue;
    ereport(ERROR, errcode(ERRCODE_INVALID_TABLE_DEFINITION),
            errmsg("the new definition has no column \"%s\" of type %s in place %d",
                   NameStr(old_column->attname), format_type_be(old_column->atttypid), i + 1),
            errhint("Begin with the columns that \"%s\" has, and add others behind them; or create "
                    "a query under another name.",
                    RelationGetRelationName(old_view)));
  }
  table_close(new_view, AccessShareLock);
  table_close(old_view, AccessShareLock);
}

// Closes windows and tells nobody.
char *SilentClosingOf(const Rewrite *rewrite, int32 id) {
  Rewrite silent = *rewrite;
  Emission emission = *rewrite->emission;
  emission.mode = pg::EmitMode::kNone;
  silent.emission = &emission;
  return ClosingOf(&silent, id, false);
}

// A query beside the other one, complete but for its view.
void BuildBeside(const Rewrite *rewrite, int32 id, Oid result, bool has_backfill) {
  const Oid source = SourceOf(rewrite->definition)->relid;
  const FullTransactionId horizon = CurrentHorizon();
  InitFrontier(id, horizon, source);
  MakeStateObjects(rewrite, id, get_rel_namespace(result));
  RequireSameColumns(result, get_relname_relid(StateName(id, "_definition"),
                                               get_namespace_oid("weir_state", false)));
  if (rewrite->retracts) {
    BeginRetraction(source, id);
  } else if (has_backfill) {
    Fill({Work::kAlter, id, source}, FillOf(rewrite, id), horizon);
  }
  if (rewrite->time != nullptr && has_backfill) {
    StartTimeSilently(id, SilentClosingOf(rewrite, id), horizon);
  } else if (rewrite->time != nullptr) {
    BeginTime(id);
  }
  WEIR_FAILPOINT("alter.filled");
}

// What is filled in shows in the log when it takes its place.
void BuildSilently(const Rewrite *rewrite, int32 id, Oid result, bool has_backfill) {
  ForgetSilently(true);
  PG_TRY();
  { BuildBeside(rewrite, id, result, has_backfill); }
  PG_FINALLY();
  { ForgetSilently(false); }
  PG_END_TRY();
}

// Its followers go on, and are told how the old result becomes the new one.
void SwapStreams(int32 before, const Rewrite *rewrite, int32 id) {
  if (FindStream(before) == nullptr) return;
  const char *shown = ShowingOf(before);
  ReplaceStream(before, id, rewrite);
  if (shown != nullptr) LogDifference({shown, ShowingOf(id)}, id);
}

// The old query's step ends first. Whoever has read the view is waited for, and whoever comes now
// waits for the commit.
void Swap(const QueryRow &row, const Rewrite *rewrite, int32 id) {
  DropFrontier(row.id);
  ReplaceResult(rewrite, id, row.result);
  UntieFromUpstream(row.result, SourceOfQuery(row.id));
  TieToUpstream(row.result, SourceOf(rewrite->definition)->relid);
  QueryRow by = row;
  by.id = id;
  by.statement = TickOf(rewrite, id);
  ReplaceQuery(row.id, by, ContentsOf(rewrite, id));
  SwapStreams(row.id, rewrite, id);
  DropStateObjects(row.id);
  if (row.rejects_changes) MakeGuard(SourceOf(rewrite->definition)->relid, id);
  WEIR_FAILPOINT("alter.swapped");
}

struct NewDefinition {
  char *text;  // without EMIT once it was looked at
  bool has_backfill;
  int parallelism;
};

OnDelete OnDeleteOf(const QueryRow &row) {
  if (row.retracts) return OnDelete::kRetract;
  return row.rejects_changes ? OnDelete::kError : OnDelete::kIgnore;
}

// Whether changes of the table were followed so far cannot be made up for.
bool RejectsChanges(const QueryRow &row, OnDelete on_delete) {
  if (row.retracts != (on_delete == OnDelete::kRetract)) {
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("on_delete => 'retract' is for the whole life of a continuous query"),
            errhint("Create another query, and drop this one."));
  }
  return on_delete == OnDelete::kError;
}

// What it gives out beside its view; null: nothing.
const Emission *EmissionOf(const QueryRow &row, char *text) {
  const Emission *emission = FindStream(row.id) == nullptr ? nullptr : StoredEmission(row.id);
  const pg::EmitMode mode = emission == nullptr ? pg::EmitMode::kNone : emission->mode;
  const pg::EmitMode clause = CutClause(text);
  if (clause == pg::EmitMode::kNone || clause == mode) return emission;
  ereport(
      ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
      errmsg("what continuous query \"%s\" emits is for its whole life", get_rel_name(row.result)),
      errhint("Leave EMIT out, or create another query and drop this one."));
  pg_unreachable();
}

// The query once it is our turn to change it; meanwhile somebody else may have.
QueryRow *InTurn(const QueryRow &row) {
  RequireReadCommitted("weir.alter_query()");
  RequireOwner(row);
  AcquireHold();
  return RequireOwnQuery(row.result);
}

void ChangeDefinition(const QueryRow &row, const NewDefinition &given) {
  RequireReplaceable(row);
  const Handling handling{OnDeleteOf(row), row.on_error};
  RequireWholeTable(handling, given.has_backfill);
  const Emission *emission = EmissionOf(row, given.text);
  const Rewrite *rewrite = Analyse(given.text, handling, emission);
  if (given.parallelism > 1) RequireSplittable(rewrite);
  const int32 id = NextQueryId();
  const int level = PinSearchPath();
  BuildSilently(rewrite, id, row.result, given.has_backfill);
  // A result that is filled anew has counted the rows that were put aside, or has failed on them.
  if (given.has_backfill) {
    ForgetDeadLetters(row.id);
  } else {
    MoveDeadLetters(row.id, id);
  }
  Swap(row, rewrite, id);
  StoreLanes(id, given.parallelism, rewrite);
  UnpinSearchPath(level);
}

void ChangeGuard(const QueryRow &row, bool rejects_changes) {
  if (row.rejects_changes == rejects_changes) return;
  const int level = PinSearchPath();
  if (rejects_changes) {
    MakeGuard(SourceOfQuery(row.id), row.id);
  } else {
    DropGuards(row.id);
  }
  UnpinSearchPath(level);
}

// With another handling of errors a query that failed is tried again at once.
void ChangeOnError(QueryRow *row, OnError on_error) {
  row->on_error = on_error;
  RequireWholeTable({OnDeleteOf(*row), on_error}, true);
  if (on_error != OnError::kStop && HasTail(row->id)) {
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("a continuous query with window functions cannot leave out rows"),
            errhint("Use on_error => 'stop': each row depends on those before it."));
  }
  ForgetFailure(row->id);
}

void RequireChange(FunctionCallInfo fcinfo) {
  for (int option : {kDefinition, kTick, kOnDelete, kOnError, kParallelism}) {
    if (!PG_ARGISNULL(option)) return;
  }
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("nothing is to be changed"),
          errhint("Name an option, as in weir.alter_query('name', tick => '1 second')."));
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_alter_query) {
  using namespace weir::continuous;
  if (PG_ARGISNULL(kQuery)) PG_RETURN_NULL();
  RequireActive();
  RequireChange(fcinfo);
  QueryRow *row = RequireOwnQuery(PG_GETARG_OID(kQuery));
  if (!PG_ARGISNULL(kDefinition)) row = InTurn(*row);
  OptionChanges changes{};
  if (!PG_ARGISNULL(kTick)) changes.tick = PG_GETARG_INTERVAL_P(kTick);
  if (changes.tick != nullptr) RequireTick(changes.tick);
  bool rejects_changes = row->rejects_changes;
  if (!PG_ARGISNULL(kOnDelete)) {
    rejects_changes = RejectsChanges(*row, OnDeleteOption(PG_GETARG_TEXT_PP(kOnDelete)));
    if (!row->retracts) changes.rejects_changes = &rejects_changes;
    ChangeGuard(*row, rejects_changes);
  }
  if (!PG_ARGISNULL(kOnError)) {
    ChangeOnError(row, OnErrorOption(PG_GETARG_TEXT_PP(kOnError)));
    changes.on_error = &row->on_error;
  }
  ChangeOptions(row->result, changes);
  row->rejects_changes = rejects_changes;
  const int before = LanesOf(row->id).parallelism;
  const int parallelism = PG_ARGISNULL(kParallelism) ? before : PG_GETARG_INT32(kParallelism);
  RequireParallelism(parallelism);
  if (!PG_ARGISNULL(kDefinition)) {
    const bool has_backfill = PG_ARGISNULL(kBackfill) || PG_GETARG_BOOL(kBackfill);
    ChangeDefinition(*row,
                     {text_to_cstring(PG_GETARG_TEXT_PP(kDefinition)), has_backfill, parallelism});
  } else if (parallelism != before) {
    if (parallelism > 1) RequireSplittable(row->id);
    ChangeParallelism(row->id, parallelism);
  }
  WantWorkerAtCommit(row->owner);
  ReloadAtCommit();
  PG_RETURN_OID(row->result);
}
