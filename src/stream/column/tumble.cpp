#include "stream/column/tumble.hpp"

#include <limits>

#include "pg/sql_function.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "datatype/timestamp.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
}

namespace weir::stream {
namespace {

// Windows of weeks start on Mondays, windows of months on the first: 2000-01-03 and 2000-01-01.
constexpr Timestamp kMonday = 2 * USECS_PER_DAY;
constexpr Timestamp kFirstOfMonth = 0;

[[noreturn]] void RaiseTimeRange(const char *message) {
  ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("%s", message));
  pg_unreachable();
}

[[noreturn]] void RaiseWidth() {
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("window width must be greater than zero"));
  pg_unreachable();
}

// A width in microseconds; days have 24 hours, as in date_bin().
int64 FixedWidth(const Interval *width) {
  int64 result;
  if (pg_mul_s64_overflow(width->day, USECS_PER_DAY, &result) ||
      pg_add_s64_overflow(result, width->time, &result)) {
    RaiseTimeRange("interval out of range");
  }
  if (result <= 0) RaiseWidth();
  return result;
}

bool IsMonths(const Interval *width) {
  if (width->month == 0) return false;
  if (width->day != 0 || width->time != 0) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("window width must not mix months with days or time"));
  }
  if (width->month < 0) RaiseWidth();
  return true;
}

Timestamp AddMonths(Timestamp time, int64 months) {
  if (months > PG_INT32_MAX || months < PG_INT32_MIN) RaiseTimeRange("timestamp out of range");
  Interval step{};
  step.month = static_cast<int32>(months);
  return DatumGetTimestamp(DirectFunctionCall2(timestamp_pl_interval, TimestampGetDatum(time),
                                               IntervalPGetDatum(&step)));
}

int64 MonthOf(Timestamp time) {
  pg_tm parts;
  fsec_t fraction;
  if (timestamp2tm(time, nullptr, &parts, &fraction, nullptr, nullptr) != 0) {
    RaiseTimeRange("timestamp out of range");
  }
  return static_cast<int64>(parts.tm_year) * MONTHS_PER_YEAR + parts.tm_mon;
}

// The last origin + n * width that is not after `time`.
Timestamp StartOfMonths(Timestamp time, int32 width, Timestamp origin) {
  const int64 distance = MonthOf(time) - MonthOf(origin);
  int64 windows = distance / width - (distance % width < 0 ? 1 : 0);
  Timestamp start = AddMonths(origin, windows * width);
  if (start > time) start = AddMonths(origin, (windows - 1) * width);
  return start;
}

Timestamp StartOfWindow(Timestamp time, const core::TumblingWindow &window) {
  int64_t start = 0;
  switch (window.StartOf(time, &start)) {
    case core::WindowStatus::kIntervalRange:
      RaiseTimeRange("interval out of range");
    case core::WindowStatus::kTimestampRange:
      RaiseTimeRange("timestamp out of range");
    case core::WindowStatus::kDone:
      break;
  }
  return start;
}

// What a call is about; `has_origin` is false where the default of the width's kind holds.
struct TimeCall {
  Timestamp time;
  const Interval *width;
  Timestamp origin;
  bool has_origin;
};

Timestamp StartOfTime(const TimeCall &call) {
  if (TIMESTAMP_NOT_FINITE(call.time)) return call.time;
  if (call.has_origin && TIMESTAMP_NOT_FINITE(call.origin)) RaiseTimeRange("origin out of range");
  if (IsMonths(call.width)) {
    return StartOfMonths(call.time, call.width->month,
                         call.has_origin ? call.origin : kFirstOfMonth);
  }
  return StartOfWindow(
      call.time, {FixedWidth(call.width), call.has_origin ? call.origin : kMonday, MIN_TIMESTAMP});
}

Timestamp EndOfTime(const TimeCall &call) {
  const Timestamp start = StartOfTime(call);
  if (TIMESTAMP_NOT_FINITE(start)) return start;
  if (call.width->month != 0) return AddMonths(start, call.width->month);
  Timestamp end;
  if (pg_add_s64_overflow(start, FixedWidth(call.width), &end) || !IS_VALID_TIMESTAMP(end)) {
    RaiseTimeRange("timestamp out of range");
  }
  return end;
}

TimeCall TimeCallOf(FunctionCallInfo fcinfo) {
  const bool has_origin = PG_NARGS() > 2;
  return {PG_GETARG_TIMESTAMP(0), PG_GETARG_INTERVAL_P(1), has_origin ? PG_GETARG_TIMESTAMP(2) : 0,
          has_origin};
}

Timestamp LocalOf(TimestampTz time) {
  return DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp, TimestampTzGetDatum(time)));
}

TimestampTz ZonedOf(Timestamp time) {
  return DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz, TimestampGetDatum(time)));
}

// Windows of months follow the session's calendar; all others are the same in every time zone.
TimestampTz ZonedBound(FunctionCallInfo fcinfo, Timestamp (*bound)(const TimeCall &)) {
  TimeCall call = TimeCallOf(fcinfo);
  if (call.width->month == 0 || TIMESTAMP_NOT_FINITE(call.time)) return bound(call);
  call.time = LocalOf(call.time);
  if (call.has_origin && !TIMESTAMP_NOT_FINITE(call.origin)) call.origin = LocalOf(call.origin);
  return ZonedOf(bound(call));
}

Timestamp DateAsTimestamp(DateADT date) {
  return DatumGetTimestamp(DirectFunctionCall1(date_timestamp, DateADTGetDatum(date)));
}

TimeCall DateCallOf(FunctionCallInfo fcinfo) {
  const bool has_origin = PG_NARGS() > 2;
  return {DateAsTimestamp(PG_GETARG_DATEADT(0)), PG_GETARG_INTERVAL_P(1),
          has_origin ? DateAsTimestamp(PG_GETARG_DATEADT(2)) : 0, has_origin};
}

int64 StartOfNumber(FunctionCallInfo fcinfo) {
  const int64 width = PG_GETARG_INT64(1);
  if (width <= 0) RaiseWidth();
  const core::TumblingWindow window{width, PG_NARGS() > 2 ? PG_GETARG_INT64(2) : 0,
                                    std::numeric_limits<int64>::min()};
  int64_t start = 0;
  if (window.StartOf(PG_GETARG_INT64(0), &start) != core::WindowStatus::kDone) {
    ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("bigint out of range"));
  }
  return start;
}

const Const *ConstantAt(const FuncExpr *call, int position) {
  auto *node = static_cast<Node *>(list_nth(call->args, position));
  if (!IsA(node, Const) || castNode(Const, node)->constisnull) return nullptr;
  return castNode(Const, node);
}

// A width that the core can use as it is; any other goes through the function, row by row.
bool FormOfWidth(const Const *width, WindowForm *form) {
  const Interval *interval = DatumGetIntervalP(width->constvalue);
  int64 days;
  return interval->month == 0 && !pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &days) &&
         !pg_add_s64_overflow(days, interval->time, &form->window.width) && form->window.width > 0;
}

}  // namespace

bool IsTumble(Oid function) {
  if (function < FirstGenbkiObjectId) return false;
  const char *name = get_func_name(function);
  if (name == nullptr || strcmp(name, "tumble") != 0) return false;
  const char *schema = get_namespace_name(get_func_namespace(function));
  return schema != nullptr && strcmp(schema, "weir") == 0;
}

bool TumbleForm(const FuncExpr *call, WindowForm *form) {
  if (!IsTumble(call->funcid)) return false;
  const Const *width = ConstantAt(call, 1);
  const bool has_origin = list_length(call->args) > 2;
  const Const *origin = has_origin ? ConstantAt(call, 2) : nullptr;
  if (width == nullptr || (has_origin && origin == nullptr)) return false;
  form->argument = static_cast<Expr *>(linitial(call->args));
  const Oid type = exprType(reinterpret_cast<Node *>(form->argument));
  if (type == INT8OID) {
    form->window = {DatumGetInt64(width->constvalue),
                    has_origin ? DatumGetInt64(origin->constvalue) : 0,
                    std::numeric_limits<int64>::min()};
    return form->window.width > 0;
  }
  if (type != TIMESTAMPOID && type != TIMESTAMPTZOID) return false;
  if (!FormOfWidth(width, form)) return false;
  form->window.origin = has_origin ? DatumGetTimestamp(origin->constvalue) : kMonday;
  form->window.lowest = MIN_TIMESTAMP;
  form->keeps_infinity = true;
  return !TIMESTAMP_NOT_FINITE(form->window.origin);
}

}  // namespace weir::stream

WEIR_FUNCTION(weir_tumble_timestamp) {
  PG_RETURN_TIMESTAMP(weir::stream::StartOfTime(weir::stream::TimeCallOf(fcinfo)));
}

WEIR_FUNCTION(weir_tumble_end_timestamp) {
  PG_RETURN_TIMESTAMP(weir::stream::EndOfTime(weir::stream::TimeCallOf(fcinfo)));
}

WEIR_FUNCTION(weir_tumble_timestamptz) {
  PG_RETURN_TIMESTAMPTZ(weir::stream::ZonedBound(fcinfo, weir::stream::StartOfTime));
}

WEIR_FUNCTION(weir_tumble_end_timestamptz) {
  PG_RETURN_TIMESTAMPTZ(weir::stream::ZonedBound(fcinfo, weir::stream::EndOfTime));
}

WEIR_FUNCTION(weir_tumble_date) {
  PG_RETURN_TIMESTAMP(weir::stream::StartOfTime(weir::stream::DateCallOf(fcinfo)));
}

WEIR_FUNCTION(weir_tumble_end_date) {
  PG_RETURN_TIMESTAMP(weir::stream::EndOfTime(weir::stream::DateCallOf(fcinfo)));
}

WEIR_FUNCTION(weir_tumble_bigint) { PG_RETURN_INT64(weir::stream::StartOfNumber(fcinfo)); }

WEIR_FUNCTION(weir_tumble_end_bigint) {
  int64 end;
  if (pg_add_s64_overflow(weir::stream::StartOfNumber(fcinfo), PG_GETARG_INT64(1), &end)) {
    ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("bigint out of range"));
  }
  PG_RETURN_INT64(end);
}
