#include "continuous/rewrite/emission.hpp"

#include <initializer_list>

extern "C" {
#include "utils/builtins.h"
}

namespace weir::continuous {
namespace {

constexpr char kAsGiven[] = "%s";

enum Argument { kNotify, kRetention, kLateness, kLate, kIdleTimeout, kMaxFuture };

// What a number of microseconds may be, and what is said of others.
struct Bound {
  const char *option;
  int64 least;
  const char *detail;
  const char *example;
};

const Interval *ReadInterval(FunctionCallInfo fcinfo, int argument, const Bound &bound) {
  if (PG_ARGISNULL(argument)) return nullptr;
  const Interval *interval = PG_GETARG_INTERVAL_P(argument);
  if (MicrosecondsOf(*interval) >= bound.least) return interval;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"%s\"", bound.option),
          errdetail(kAsGiven, bound.detail), errhint("Use for example %s.", bound.example));
  pg_unreachable();
}

Late ReadLate(FunctionCallInfo fcinfo, int argument) {
  if (PG_ARGISNULL(argument)) return Late::kUpdate;
  const char *value = text_to_cstring(PG_GETARG_TEXT_PP(argument));
  Late late;
  if (FindLate(value, &late)) return late;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"late\": \"%s\"", value),
          errhint("Use 'update', 'drop' or 'dead_letter'."));
  pg_unreachable();
}

}  // namespace

const char *NameOf(Late late) {
  switch (late) {
    case Late::kUpdate:
      return "update";
    case Late::kDrop:
      return "drop";
    case Late::kDeadLetter:
      return "dead_letter";
  }
  pg_unreachable();
}

bool FindLate(const char *name, Late *late) {
  for (const Late one : {Late::kUpdate, Late::kDrop, Late::kDeadLetter}) {
    if (strcmp(name, NameOf(one)) != 0) continue;
    *late = one;
    return true;
  }
  return false;
}

Emission *ReadEmission(FunctionCallInfo fcinfo, int first, pg::EmitMode clause) {
  auto *emission = static_cast<Emission *>(palloc0(sizeof(Emission)));
  emission->mode = clause;
  emission->notifies = !PG_ARGISNULL(first + kNotify) && PG_GETARG_BOOL(first + kNotify);
  emission->retention =
      ReadInterval(fcinfo, first + kRetention,
                   {"retention", USECS_PER_SEC, "It must be at least one second.", "'7 days'"});
  emission->lateness = ReadInterval(fcinfo, first + kLateness,
                                    {"lateness", 0, "It must not be negative.", "'30 seconds'"});
  emission->late = ReadLate(fcinfo, first + kLate);
  emission->idle_timeout = ReadInterval(
      fcinfo, first + kIdleTimeout,
      {"idle_timeout", USECS_PER_SEC / 10, "It must be at least 100 ms.", "'1 minute'"});
  emission->max_future = ReadInterval(fcinfo, first + kMaxFuture,
                                      {"max_future", 0, "It must not be negative.", "'1 day'"});
  if (emission->notifies && !KeepsLog(*emission)) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("parameter \"notify\" needs a log of changes"),
            errhint("End the query in EMIT CHANGES."));
  }
  return emission;
}

}  // namespace weir::continuous
