// The worker of continuous queries: one for each owner in each database, connected as that owner;
// and the keeper, which comes for a moment to see whose workers are wanted.
#include "continuous/hold/hold.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/shared/places.hpp"
#include "continuous/worker/keeper.hpp"
#include "continuous/worker/own_settings.hpp"
#include "continuous/worker/quiet.hpp"
#include "continuous/worker/retention.hpp"
#include "continuous/worker/step.hpp"
#include "pg/compat.hpp"
#include "pg/pg.hpp"
#include "worker/launcher.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PGDLLEXPORT void weir_query_worker_main(Datum argument);
}

namespace weir::continuous {
namespace {

constexpr int64 kPollMs = 10'000;  // for what no commit tells
constexpr int64 kHoldMs = 1000;    // between two looks at the hold
constexpr int64 kRestMs = 1000;    // a sleep of this length is a good moment to tell what was done

WorkerPlace *place = nullptr;
MemoryContext worker_context = nullptr;
List *queries = NIL;  // of KeptQuery *
TimestampTz next_hold = 0;

void LeavePlace(int, Datum) {
  for (int i = 0; i < QueryPlaceCount(); i++) {
    std::int32_t mine = MyProcPid;
    QueryPlaceAt(i).worker_pid.compare_exchange_strong(mine, 0);
  }
  place->process.store(-1);
  place->pid.store(0);
  GivePlaceAway();
  worker::WakeLauncher();
}

// False when the place is another's, or somebody needs the database without us.
bool ClaimPlace() {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  const bool wanted =
      OidIsValid(place->database.load()) && place->pauses.load() == 0 && place->pid.load() <= 0;
  if (wanted) {
    place->pid.store(MyProcPid);
    place->process.store(pg::MyProcessNumber());
    // Whoever comes after one that has died knows of no query yet.
    place->reload.store(1);
  } else if (place->pid.load() < 0) {
    place->pid.store(0);
  }
  LWLockRelease(shared->lock);
  return wanted;
}

void Connect() {
  BackgroundWorkerInitializeConnectionByOid(place->database.load(), place->owner.load(), 0);
  UseOwnSettings();
  NeverWake();
  pgstat_report_appname(OidIsValid(place->owner.load()) ? "pg_weir query worker"
                                                        : "pg_weir keeper");
}

bool WantsToStop() { return place->pauses.load() != 0; }

KeptQuery *FindKept(int32 id) {
  ListCell *cell;
  foreach (cell, queries) {
    auto *query = static_cast<KeptQuery *>(lfirst(cell));
    if (query->row.id == id) return query;
  }
  return nullptr;
}

void Drop(KeptQuery *query) {
  if (query->plan != nullptr) SPI_freeplan(query->plan);
  FreeLanes(&query->lanes);
  FreeQueryPlace(MyDatabaseId, query->row.id);
  pfree(query->row.statement);
  FreeStream(query->stream);
  pfree(query);
}

// Numbers begin anew when the extension is created again.
bool IsSame(const KeptQuery &query, const QueryRow &row) {
  return query.row.result == row.result && strcmp(query.row.statement, row.statement) == 0;
}

KeptQuery *Keep(QueryRow *row, Stream *stream) {
  KeptQuery *query = FindKept(row->id);
  if (query != nullptr && !IsSame(*query, *row)) {
    queries = list_delete_ptr(queries, query);
    Drop(query);
    query = nullptr;
  }
  if (query == nullptr) {
    query = static_cast<KeptQuery *>(palloc0(sizeof(KeptQuery)));
    query->place = TakeQueryPlace(MyDatabaseId, row->id);
    if (query->place != nullptr) {
      query->place->owner.store(row->owner);
      query->place->worker_pid.store(MyProcPid);
    }
  } else {
    pfree(query->row.statement);
    FreeLanes(&query->lanes);
    FreeStream(query->stream);
  }
  query->row = *row;
  query->stream = stream;
  NoteRows(query);
  query->failures = row->failures;
  query->retry_at = row->next_retry;
  query->isolates = false;
  query->is_dirty = true;
  return query;
}

void DropOthers(List *rows) {
  ListCell *cell;
  foreach (cell, queries) {
    auto *query = static_cast<KeptQuery *>(lfirst(cell));
    bool remains = false;
    ListCell *other;
    foreach (other, rows) remains |= static_cast<QueryRow *>(lfirst(other))->id == query->row.id;
    if (remains) continue;
    queries = foreach_delete_current(queries, cell);
    Drop(query);
  }
}

// One for each row, null for most.
List *StreamsOf(List *rows) {
  List *streams = NIL;
  ListCell *cell;
  foreach (cell, rows) {
    streams = lappend(streams, FindStream(static_cast<QueryRow *>(lfirst(cell))->id));
  }
  return streams;
}

// False when the extension is gone.
bool LoadQueries() {
  StartTransactionCommand();
  List *rows = NIL;
  List *streams = NIL;
  const bool is_there = LockExtensionAgainstDrop();
  if (is_there) {
    PushActiveSnapshot(GetTransactionSnapshot());
    MemoryContext old = MemoryContextSwitchTo(worker_context);
    rows = QueriesOfOwner(place->owner.load());
    streams = StreamsOf(rows);
    MemoryContextSwitchTo(old);
    PopActiveSnapshot();
  }
  CommitTransactionCommand();
  MemoryContextSwitchTo(worker_context);
  DropOthers(rows);
  List *kept = NIL;
  ListCell *cell;
  foreach (cell, rows) {
    auto *row = static_cast<QueryRow *>(lfirst(cell));
    auto *stream = static_cast<Stream *>(list_nth(streams, foreach_current_index(cell)));
    kept = lappend(kept, Keep(row, stream));
    pfree(row);
  }
  list_free(queries);
  list_free(rows);
  list_free(streams);
  queries = kept;
  return is_there;
}

TimestampTz NextDue(const KeptQuery &query) {
  return TimestampTzPlusMilliseconds(query.due_at, query.row.tick_ms);
}

// When the query's next step is due, in milliseconds from `now`; not before something has happened,
// or for the poll.
int64 WaitOf(const KeptQuery &query, TimestampTz now, bool hurry) {
  if (query.row.is_paused) return kPollMs;
  const int64 since = (now - query.due_at) / 1000;
  int64 wait = Max(kPollMs, query.row.tick_ms) - since;
  wait = Min(wait, QuietIn(query, now));
  if (query.is_dirty) wait = Min(wait, hurry ? 0 : query.row.tick_ms - since);
  return Max(wait, (query.retry_at - now + 999) / 1000);
}

// Of the queries whose step is due, the one that has waited longest; null: there is none.
KeptQuery *MostOverdue(TimestampTz now, bool hurry) {
  KeptQuery *found = nullptr;
  ListCell *cell;
  foreach (cell, queries) {
    auto *query = static_cast<KeptQuery *>(lfirst(cell));
    if (WaitOf(*query, now, hurry) > 0) continue;
    if (found == nullptr || NextDue(*query) < NextDue(*found)) found = query;
  }
  return found;
}

// A step that begins a little late does not make the next one late as well.
void KeepPace(KeptQuery *query, TimestampTz now) {
  const TimestampTz due = NextDue(*query);
  const bool is_late = now >= due && now - due < query->row.tick_ms * INT64CONST(500);
  query->due_at = is_late ? due : now;
}

void MarkDirty() {
  ListCell *cell;
  foreach (cell, queries) static_cast<KeptQuery *>(lfirst(cell))->is_dirty = true;
}

void KeepHold(TimestampTz now) {
  if (now < next_hold) return;
  next_hold = TimestampTzPlusMilliseconds(now, kHoldMs);
  StartTransactionCommand();
  if (LockExtensionAgainstDrop()) AdvanceHold();
  CommitTransactionCommand();
  MemoryContextSwitchTo(worker_context);
}

// Steps that are due, one for each query at most if they take turns; false when the extension is
// gone.
bool RunSteps(bool hurry) {
  for (int left = list_length(queries); left > 0 && !WantsToStop(); --left) {
    const TimestampTz now = GetCurrentTimestamp();
    KeptQuery *query = MostOverdue(now, hurry);
    if (query == nullptr) break;
    KeepPace(query, now);
    query->is_dirty = false;
    if (RunStep(query) == StepResult::kGone) return false;
  }
  return true;
}

bool KeepRetentions() {
  ListCell *cell;
  foreach (cell, queries) {
    if (WantsToStop()) break;
    if (!KeepRetention(static_cast<KeptQuery *>(lfirst(cell)))) return false;
  }
  return true;
}

void NoteBlocked() {
  bool is_blocked = false;
  ListCell *cell;
  foreach (cell, queries) is_blocked |= static_cast<KeptQuery *>(lfirst(cell))->is_blocked;
  place->blocked.store(is_blocked ? 1 : 0);
}

// Runs what is due; false when the extension is gone.
bool RunRound() {
  if (place->reload.exchange(0) != 0 && !LoadQueries()) return false;
  const bool hurry = place->hurry.exchange(0) != 0;
  if (place->changed.exchange(0) != 0 || hurry) MarkDirty();
  if (!RunSteps(hurry) || !KeepRetentions()) return false;
  if (WantsToStop()) return true;
  NoteBlocked();
  KeepHold(GetCurrentTimestamp());
  place->rounds.fetch_add(1);
  return true;
}

void Sleep(int64 ms) {
  pgstat_report_activity(STATE_IDLE, nullptr);
  // Without it autovacuum would not know that there is anything to do in the states.
  pgstat_report_stat(ms >= kRestMs);
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, static_cast<long>(ms),
            PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  // A request to cancel is for a statement, and there is none here.
  QueryCancelPending = false;
  CHECK_FOR_INTERRUPTS();
  if (ConfigReloadPending) {
    ConfigReloadPending = false;
    ProcessConfigFile(PGC_SIGHUP);
  }
}

int64 ShortestWait() {
  int64 wait = kPollMs;
  ListCell *cell;
  foreach (cell, queries) {
    wait = Min(wait, WaitOf(*static_cast<KeptQuery *>(lfirst(cell)), GetCurrentTimestamp(), false));
  }
  return wait;
}

// Until something is due or somebody wants something.
void WaitForWork() {
  while (!WantsToStop() && place->reload.load() == 0 && place->hurry.load() == 0) {
    // It stays set until the next round, so that no further transaction wakes us before.
    if (place->changed.load() != 0) MarkDirty();
    const int64 left = ShortestWait();
    if (left <= 0) return;
    Sleep(left);
  }
}

bool FreePlaceUnlessWanted() {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  const bool is_free = place->reload.load() == 0;
  if (is_free) {
    if (OidIsValid(place->database.load())) shared->worker_count.fetch_sub(1);
    place->database.store(InvalidOid);
    place->blocked.store(0);
  }
  LWLockRelease(shared->lock);
  return is_free;
}

void RunWorker() {
  while (!WantsToStop()) {
    const bool is_there = RunRound();
    if (!WantsToStop() && (!is_there || queries == NIL) && FreePlaceUnlessWanted()) {
      DropOthers(NIL);
      WantWorker(MyDatabaseId, InvalidOid);
      return;
    }
    if (is_there) WaitForWork();
  }
}

// On a standby it stays for a while: a query that was just created has to be found by a promotion.
void RunKeeper() {
  do {
    const TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kFollowMs);
    place->reload.store(0);
    place->rounds.fetch_add(1);
    while (KeepDatabase() && GetCurrentTimestamp() < until && !WantsToStop()) Sleep(kHoldMs);
  } while (!FreePlaceUnlessWanted());
}

}  // namespace
}  // namespace weir::continuous

void weir_query_worker_main(Datum argument) {
  using namespace weir::continuous;
  pqsignal(SIGTERM, die);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  place = &WorkerPlaceAt(DatumGetInt32(argument));
  if (!ClaimPlace()) proc_exit(0);
  on_shmem_exit(LeavePlace, Datum{0});
  const bool is_keeper = !OidIsValid(place->owner.load());
  Connect();
  worker_context =
      AllocSetContextCreate(TopMemoryContext, "weir query worker", ALLOCSET_DEFAULT_SIZES);
  CurrentMemoryContext = worker_context;
  if (is_keeper) {
    RunKeeper();
  } else {
    RunWorker();
  }
  proc_exit(0);
}
