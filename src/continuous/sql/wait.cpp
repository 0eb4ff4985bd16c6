// weir.wait()
#include "continuous/catalog/catalog.hpp"
#include "continuous/rewrite/objects.hpp"
#include "continuous/shared/places.hpp"
#include "continuous/sql/require.hpp"
#include "continuous/sql/upstream.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xact.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {
namespace {

constexpr int kPollMs = 20;

// What has committed before the call is below this: the next id after the last that has ended.
std::uint64_t Goal() {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const FullTransactionId next = ReadNextFullTransactionId();
  const auto age = static_cast<uint32>(XidFromFullTransactionId(next) - snapshot->xmax);
  UnregisterSnapshot(snapshot);
  return U64FromFullTransactionId(next) - age;
}

bool IsReached(int32 query_id, std::uint64_t goal) {
  const QueryPlace *place = FindQueryPlace(MyDatabaseId, query_id);
  return place != nullptr && place->frontier.load() >= goal;
}

void RequireRunning(const QueryRow &row) {
  if (!row.is_paused) return;
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("continuous query \"%s\" is paused", get_rel_name(row.result)),
          errhint("Run SELECT weir.resume_query('%s').", get_rel_name(row.result)));
}

// Steps go as far as the oldest running transaction, which would be this one.
void RequireNothingWritten() {
  if (!TransactionIdIsValid(GetTopTransactionIdIfAny())) return;
  ereport(ERROR, errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
          errmsg("weir.wait() cannot run in a transaction that has written something"),
          errhint("Run COMMIT first."));
}

bool AwaitGoal(const QueryRow &row, std::uint64_t goal, TimestampTz end) {
  while (!IsReached(row.id, goal)) {
    const TimestampTz now = GetCurrentTimestamp();
    if (now >= end) return false;
    HurryWorker(MyDatabaseId, row.owner);
    const long left = static_cast<long>((end - now + 999) / 1000);
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
              left < kPollMs ? left : kPollMs, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
  return true;
}

// What another query adds to its result reaches this one a step later.
bool AwaitAll(const QueryRow &row, TimestampTz end) {
  RequireRunning(row);
  const QueryRow *upstream = QueryBehind(SourceOfQuery(row.id));
  if (upstream != nullptr && !AwaitAll(*upstream, end)) return false;
  return AwaitGoal(row, Goal(), end);
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_wait) {
  using namespace weir::continuous;
  RequireActive();
  const QueryRow *row = RequireOwnQuery(PG_GETARG_OID(0));
  RequireNothingWritten();
  const Interval *timeout = PG_GETARG_INTERVAL_P(1);
  const TimestampTz end = GetCurrentTimestamp() + timeout->time +
                          (static_cast<int64>(timeout->month) * 30 + timeout->day) * USECS_PER_DAY;
  PG_RETURN_BOOL(AwaitAll(*row, end));
}
