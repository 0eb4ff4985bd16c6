#include "continuous/failure/breaker.hpp"

#include "settings.hpp"

namespace weir::continuous {
namespace {

constexpr int kFirstRetryMs = 1000;
constexpr int kLongestRetryMs = 60'000;

}  // namespace

int64 RetryWaitMs(int failures) {
  if (failures >= settings.failures_until_broken) {
    return static_cast<int64>(settings.broken_pause_s) * 1000;
  }
  return Min(kFirstRetryMs << Min(failures - 1, 10), kLongestRetryMs);
}

void NoteIfBroken(const KeptQuery &query) {
  if (query.failures != settings.failures_until_broken) return;
  ereport(LOG,
          errmsg("continuous query %d is broken after %d failures", query.row.id, query.failures),
          errhint("Mend what SELECT * FROM weir.queries shows, then run weir.resume_query()."));
}

bool IsDataError(int sqlstate) {
  // Also a group key that is too long for the index of the state.
  if (sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED) return true;
  switch (ERRCODE_TO_CATEGORY(sqlstate)) {
    case ERRCODE_CARDINALITY_VIOLATION:
    case ERRCODE_DATA_EXCEPTION:
    case ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION:
    case ERRCODE_EXTERNAL_ROUTINE_EXCEPTION:
    case ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION:
    case ERRCODE_PLPGSQL_ERROR:
      return true;
    default:
      return false;
  }
}

}  // namespace weir::continuous
