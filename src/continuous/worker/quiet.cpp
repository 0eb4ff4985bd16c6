#include "continuous/worker/quiet.hpp"

namespace weir::continuous {
namespace {

constexpr int64 kAgainUs = USECS_PER_SEC;  // when something was in the way

bool Waits(const KeptQuery &query) {
  return query.stream != nullptr && query.stream->idle_us > 0 && !query.is_quiet;
}

}  // namespace

int64 QuietIn(const KeptQuery &query, TimestampTz now) {
  if (!Waits(query)) return PG_INT32_MAX;
  const TimestampTz due = Max(query.last_rows + query.stream->idle_us, query.last_step + kAgainUs);
  return (due - now + 999) / 1000;
}

bool IsQuiet(const KeptQuery &query) {
  return Waits(query) && GetCurrentTimestamp() >= query.last_rows + query.stream->idle_us;
}

void NoteRows(KeptQuery *query) {
  query->last_rows = GetCurrentTimestamp();
  query->is_quiet = false;
  query->quiet_from = InvalidFullTransactionId;
}

}  // namespace weir::continuous
