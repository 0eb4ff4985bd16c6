#include "stream/emit/request.hpp"

extern "C" {
#include "common/int.h"
#include "nodes/plannodes.h"
#include "optimizer/cost.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace weir::stream {
namespace {

EmitRequest *current;

char *TextArgument(const QueryArguments &arguments, int i) {
  return arguments.is_null[i] ? nullptr : TextDatumGetCString(arguments.value[i]);
}

EmitMode ReadMode(const char *emit, EmitMode clause) {
  if (emit == nullptr) return clause;
  EmitMode mode = EmitMode::kNone;
  if (pg_strcasecmp(emit, "changes") == 0) mode = EmitMode::kChanges;
  if (pg_strcasecmp(emit, "final") == 0) mode = EmitMode::kFinal;
  if (mode == EmitMode::kNone) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("unrecognized value for argument emit: \"%s\"", emit),
            errhint("Give 'changes' or 'final', or leave it out."));
  }
  if (clause != EmitMode::kNone && clause != mode) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("argument emit contradicts the query's EMIT clause"));
  }
  return mode;
}

int64 ReadLateness(const Interval *lateness) {
  int64 result;
  if (lateness->month != 0 || pg_mul_s64_overflow(lateness->day, USECS_PER_DAY, &result) ||
      pg_add_s64_overflow(result, lateness->time, &result) || result < 0 ||
      result > END_TIMESTAMP / 2) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("lateness must be a span of time of days and less, not negative"));
  }
  return result;
}

bool ReadRevises(const char *late) {
  if (late == nullptr || pg_strcasecmp(late, "drop") == 0) return false;
  if (pg_strcasecmp(late, "update") == 0) return true;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("unrecognized value for argument late: \"%s\"", late),
          errhint("Give 'drop' or 'update'."));
}

}  // namespace

void ReadRequest(const QueryArguments &arguments, EmitMode clause, EmitRequest *request) {
  *request = EmitRequest{};
  request->mode = ReadMode(TextArgument(arguments, 1), clause);
  request->has_lateness = !arguments.is_null[2];
  if (request->has_lateness) {
    request->lateness = ReadLateness(DatumGetIntervalP(arguments.value[2]));
  }
  request->revises = ReadRevises(TextArgument(arguments, 3));
  if (request->mode == EmitMode::kNone && request->has_lateness) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("lateness needs EMIT CHANGES or EMIT FINAL"));
  }
}

PlannedStmt *PlanRequest(EmitRequest *request, Query *query, const char *text) {
  EmitRequest *outer = current;
  PlannedStmt *volatile plan = nullptr;
  const bool merges = enable_mergejoin;
  request->query = query;
  current = request;
  // A merge join sorts: the first row would come after the last, and in another order.
  if (request->mode != EmitMode::kNone) enable_mergejoin = false;
  PG_TRY();
  { plan = pg_plan_query(query, text, 0, nullptr); }
  PG_FINALLY();
  {
    current = outer;
    enable_mergejoin = merges;
  }
  PG_END_TRY();
  return plan;
}

EmitRequest *RequestFor(const Query *query) {
  return current != nullptr && current->query == query ? current : nullptr;
}

}  // namespace weir::stream
