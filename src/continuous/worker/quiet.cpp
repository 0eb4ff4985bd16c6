#include "continuous/worker/quiet.hpp"

#include "continuous/changes/time.hpp"

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

void CloseWhenQuiet(KeptQuery *query, uint64 groups, bool is_blocked) {
  const TimestampTz now = GetCurrentTimestamp();
  if (groups > 0) {
    query->last_rows = now;
    query->is_quiet = false;
    return;
  }
  if (!Waits(*query) || is_blocked || now < query->last_rows + query->stream->idle_us) return;
  CloseIdle(query->row.id, *query->stream);
  query->is_quiet = true;
}

}  // namespace weir::continuous
