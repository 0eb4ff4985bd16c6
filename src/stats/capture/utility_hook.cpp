// Utility commands.
#include <cstring>

#include "pg/compat.hpp"
#include "pg/hook.hpp"
#include "pg/utility_hook.hpp"
#include "stats/capture/capture.hpp"
#include "stats/capture/nesting.hpp"
#include "stats/capture/query_text.hpp"
#include "stats/capture/recorder.hpp"
#include "stats/capture/session.hpp"
#include "stats/capture/stopwatch.hpp"
#include "stats/capture/target.hpp"
#include "stats/capture/usage.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/dbcommands.h"
#include "tcop/utility.h"
#include "utils/backend_status.h"
#include "utils/lsyscache.h"
}

namespace weir::stats {

namespace {

struct CaptureTag;
using UtilityHook = pg::UtilityHook<CaptureTag>;

// The statement that EXECUTE runs is recorded as itself, and PREPARE as the planning it may do.
bool IsTransparent(const Node *command) {
  return IsA(command, ExecuteStmt) || IsA(command, PrepareStmt);
}

bool IsRecorded(const Node *command) {
  return settings.capture_utility && CapturesThisLevel() && !IsTransparent(command) &&
         !IsA(command, DeallocateStmt);
}

// Raises nothing: whether the user may look into the schema is for the command to find out, whose
// failure is recorded.
Oid RelationOf(const RangeVar *name) {
  if (name->catalogname != nullptr &&
      std::strcmp(name->catalogname, get_database_name(MyDatabaseId)) != 0) {
    return InvalidOid;
  }
  if (name->schemaname == nullptr) return RelnameGetRelid(name->relname);
  const Oid schema = LookupNamespaceNoError(name->schemaname);
  return OidIsValid(schema) ? get_relname_relid(name->relname, schema) : InvalidOid;
}

core::NameId TableOf(const Node *command) {
  if (!IsA(command, CopyStmt) || !IsTransactionState() || IsAbortedTransactionBlockState()) {
    return 0;
  }
  const auto *copy = reinterpret_cast<const CopyStmt *>(command);
  if (copy->relation == nullptr) return 0;
  const Oid relation = RelationOf(copy->relation);
  return OidIsValid(relation) ? TableName(relation) : 0;
}

// An extension outside of us may have taken the id away to keep the inner statement of a command
// from counting twice; what parse analysis reported is still there.
std::uint64_t QueryIdOf(const PlannedStmt *statement) {
  if (statement->queryId != 0 || nesting_level > 0) {
    return static_cast<std::uint64_t>(statement->queryId);
  }
  return static_cast<std::uint64_t>(pgstat_get_my_query_id());
}

void Describe(core::QueryRecord &record, const PlannedStmt *statement, const char *text) {
  record.calls = 1;
  record.query_id = QueryIdOf(statement);
  record.command_tag = static_cast<std::uint16_t>(CreateCommandTag(statement->utilityStmt));
  record.source = core::RecordSource::kStatement;
  record.toplevel = nesting_level == 0;
  Identify(record);
  record.table = TableOf(statement->utilityStmt);
  SendText(record.query_id, {text, statement->stmt_location, statement->stmt_len},
           statement->utilityStmt);
}

// Commands that move rows say how many.
std::int64_t RowsOf(const QueryCompletion *completion) {
  if (completion == nullptr) return 0;
  switch (completion->commandTag) {
    case CMDTAG_COPY:
    case CMDTAG_FETCH:
    case CMDTAG_SELECT:
    case CMDTAG_REFRESH_MATERIALIZED_VIEW:
      return static_cast<std::int64_t>(completion->nprocessed);
    default:
      return 0;
  }
}

void Finish(core::QueryRecord &record, instr_time start, const UsageMark &usage) {
  const instr_time end = Now();
  record.exec = core::DurationSummary::Of(MillisecondsBetween(start, end));
  record.ended_at = WallClockAt(end);
  AddUsageSince(usage, record.counters);
}

// The command itself may have ended the stay.
void SubmitFor(std::uint32_t stay, const core::QueryRecord &record) {
  if (IsStay(stay)) Submit(record, ChooseRoute(record));
}

void RunRecorded(WEIR_UTILITY_PARAMETERS) {
  core::QueryRecord record{};
  const UsageMark usage = UsageMark::Now();
  // Afterwards the statement may be gone, as after ROLLBACK.
  Describe(record, statement, text);
  const std::uint32_t stay = CurrentStay();
  const instr_time start = Now();
  nesting_level++;
  PG_TRY();
  { UtilityHook::Next(WEIR_UTILITY_ARGUMENTS); }
  PG_CATCH();
  {
    nesting_level--;
    Finish(record, start, usage);
    record.sqlstate = geterrcode();
    SubmitFor(stay, record);
    PG_RE_THROW();
  }
  PG_END_TRY();
  nesting_level--;
  Finish(record, start, usage);
  record.counters.rows = RowsOf(completion);
  SubmitFor(stay, record);
}

void RunNested(WEIR_UTILITY_PARAMETERS) {
  nesting_level++;
  PG_TRY();
  { UtilityHook::Next(WEIR_UTILITY_ARGUMENTS); }
  PG_FINALLY();
  { nesting_level--; }
  PG_END_TRY();
}

void OnUtility(WEIR_UTILITY_PARAMETERS) {
  const Node *command = statement->utilityStmt;
  if (IsTransparent(command) || !IsRecording() || IsParallelWorker()) {
    UtilityHook::Next(WEIR_UTILITY_ARGUMENTS);
  } else if (IsRecorded(command)) {
    RunRecorded(WEIR_UTILITY_ARGUMENTS);
  } else {
    RunNested(WEIR_UTILITY_ARGUMENTS);
  }
}

}  // namespace

void InstallUtilityHook() { UtilityHook::Install(OnUtility); }

}  // namespace weir::stats
