#include "continuous/changes/emission.hpp"

namespace weir::continuous {
namespace {

constexpr char kAsGiven[] = "%s";

enum Argument { kNotify, kRetention };

[[noreturn]] void RaiseInvalid(const char *option, const char *detail, const char *example) {
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"%s\"", option), errdetail(kAsGiven, detail),
          errhint("Use for example %s.", example));
  pg_unreachable();
}

const Interval *OptionalInterval(FunctionCallInfo fcinfo, int argument) {
  return PG_ARGISNULL(argument) ? nullptr : PG_GETARG_INTERVAL_P(argument);
}

const Interval *ReadRetention(FunctionCallInfo fcinfo, int argument) {
  const Interval *retention = OptionalInterval(fcinfo, argument);
  if (retention != nullptr && MicrosecondsOf(*retention) < USECS_PER_SEC) {
    RaiseInvalid("retention", "It must be at least one second.", "'7 days'");
  }
  return retention;
}

// An option that would do nothing is a mistake.
void RequireUse(const Emission &emission) {
  if (KeepsLog(emission)) return;
  const char *option = emission.notifies               ? "notify"
                       : emission.retention != nullptr ? "retention"
                                                       : nullptr;
  if (option == nullptr) return;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("parameter \"%s\" needs a log of changes", option),
          errhint("End the query in EMIT CHANGES."));
}

}  // namespace

Emission *ReadEmission(FunctionCallInfo fcinfo, int first, pg::EmitMode clause) {
  if (clause == pg::EmitMode::kFinal) {
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("a continuous query cannot end in EMIT FINAL"), errhint("Use EMIT CHANGES."));
  }
  auto *emission = static_cast<Emission *>(palloc0(sizeof(Emission)));
  emission->mode = clause;
  emission->notifies = !PG_ARGISNULL(first + kNotify) && PG_GETARG_BOOL(first + kNotify);
  emission->retention = ReadRetention(fcinfo, first + kRetention);
  RequireUse(*emission);
  return emission;
}

}  // namespace weir::continuous
