// weir.log_query_stat(): durations that applications measured themselves.
#include <cmath>
#include <cstring>

#include "pg/sql_function.hpp"
#include "stats/capture/recorder.hpp"
#include "stats/capture/session.hpp"
#include "stats/capture/stopwatch.hpp"
#include "stats/sql/require.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"
}

namespace weir::stats {

namespace {

enum Argument { kTenant, kTable, kField, kQueryType, kDuration, kSkipValidation };

// About 32 years. Whoever logs must not make the sums of all that others log overflow.
constexpr double kLongestMs = 1e12;
constexpr std::size_t kTenantBytes = core::StringTable::kMaxLength + 1;

[[noreturn]] void RaiseNull(const char *name) {
  ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name));
  pg_unreachable();
}

// The argument as a C string, null for NULL. `size` counts the closing zero.
const char *OptionalName(FunctionCallInfo fcinfo, Argument argument, const char *name,
                         std::size_t size) {
  if (PG_ARGISNULL(argument)) return nullptr;
  const char *value = text_to_cstring(PG_GETARG_TEXT_PP(argument));
  if (std::strlen(value) >= size) {
    ereport(ERROR, errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION), errmsg("%s is too long", name),
            errdetail("It has %zu bytes, at most %zu are allowed.", std::strlen(value), size - 1));
  }
  return value;
}

const char *RequiredName(FunctionCallInfo fcinfo, Argument argument, const char *name,
                         std::size_t size) {
  const char *text = OptionalName(fcinfo, argument, name, size);
  if (text == nullptr) RaiseNull(name);
  if (*text == '\0') {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be empty", name));
  }
  return text;
}

double RequiredDuration(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(kDuration)) RaiseNull("duration_ms");
  const double duration = PG_GETARG_FLOAT8(kDuration);
  if (!std::isfinite(duration) || duration < 0) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("duration_ms must be a finite number that is not negative"),
            errdetail("It is %g.", duration));
  }
  if (duration > kLongestMs) {
    ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("duration_ms is too large"),
            errdetail("It is %g, at most %g are allowed.", duration, kLongestMs),
            errhint("Pass the duration in milliseconds."));
  }
  return duration;
}

bool HasColumns(Oid relation) {
  switch (get_rel_relkind(relation)) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_VIEW:
    case RELKIND_MATVIEW:
    case RELKIND_FOREIGN_TABLE:
      return true;
    default:
      return false;
  }
}

// Both names as in pg_get_serial_sequence(): the table is read like an identifier in SQL, the
// column is taken as it is.
void Validate(const char *table, const char *field) {
  RangeVar *name = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(table)));
  const Oid relation = RangeVarGetRelid(name, NoLock, true);
  if (!OidIsValid(relation) || !HasColumns(relation)) {
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table \"%s\" does not exist", table),
            errhint("Correct the name, qualify it with its schema, or pass skip_validation => "
                    "true to record it as it is."));
  }
  if (field == nullptr || *field == '\0') return;
  if (get_attnum(relation, field) != InvalidAttrNumber) return;
  ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
          errmsg("column \"%s\" of table \"%s\" does not exist", field, table),
          errhint("Correct the name, or pass skip_validation => true to record it as it is."));
}

core::QueryRecord RecordFor(FunctionCallInfo fcinfo) {
  core::QueryRecord record{};
  core::LoggedNames names{};
  const char *tenant = OptionalName(fcinfo, kTenant, "tenant_id", kTenantBytes);
  const char *table = RequiredName(fcinfo, kTable, "table_name", sizeof(names.table_name));
  const char *field = OptionalName(fcinfo, kField, "field_name", sizeof(names.field_name));
  const char *type = RequiredName(fcinfo, kQueryType, "query_type", sizeof(names.query_type));
  record.exec = core::DurationSummary::Of(RequiredDuration(fcinfo));
  if (PG_ARGISNULL(kSkipValidation)) RaiseNull("skip_validation");
  if (!PG_GETARG_BOOL(kSkipValidation)) Validate(table, field);
  strlcpy(names.table_name, table, sizeof(names.table_name));
  if (field != nullptr) strlcpy(names.field_name, field, sizeof(names.field_name));
  strlcpy(names.query_type, type, sizeof(names.query_type));

  // From here to the ring nothing may take long: names are numbers of this stay in the slot.
  RequireSlot();
  Identify(record);
  if (tenant != nullptr) record.tenant = InternTenant(tenant);
  record.calls = 1;
  record.source = core::RecordSource::kLogged;
  record.logged = names;
  record.ended_at = WallClockAt(Now());
  return record;
}

}  // namespace

}  // namespace weir::stats

WEIR_FUNCTION(weir_log_query_stat) {
  using namespace weir::stats;
  RequireSharedMemory();
  const weir::core::QueryRecord record = RecordFor(fcinfo);
  PG_RETURN_BOOL(Submit(record, Route::kRing));
}
