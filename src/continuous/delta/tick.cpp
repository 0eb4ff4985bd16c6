// Opens and closes ticks: takes the horizon, and stores it with the results.
#include "continuous/delta/tick_state.hpp"
#include "continuous/frontier/arrivals.hpp"
#include "continuous/frontier/positions.hpp"
#include "continuous/hold/hold.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

// A frontier that ticks in memory only have left this far behind is stored: readers start from the
// stored one, and the hold waits for it, and with it what steps of other queries leave behind.
constexpr uint64 kFarBehind = 1000;
constexpr int64 kManyRows = 10'000;
// Raw ids compare within half of their range.
constexpr uint64 kWidestRange = 1ULL << 30;

struct OpenState {
  bool is_open;
  bool is_listened;
  Tick tick;
  List *scanned;  // ScannedFile, in the transaction's context
  TickLimit limit;
};
OpenState open_state;

void OnTransactionEnd(XactEvent event, void *) {
  if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE) return;
  AbortTick();
}

void RequireFreshTransaction() {
  if (RecoveryInProgress()) {
    ereport(ERROR, errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
            errmsg("continuous queries run on the primary only"));
  }
  if (TransactionIdIsValid(GetTopTransactionIdIfAny()) || IsolationUsesXactSnapshot()) {
    ereport(ERROR, errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
            errmsg("a tick needs a READ COMMITTED transaction that has written nothing"));
  }
}

[[noreturn]] void RaiseNoFrontier(int32 query_id) {
  ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT),
          errmsg("continuous query %d has no frontier", query_id),
          errhint("Rebuild it with weir.refresh_query()."));
  pg_unreachable();
}

// The end of the tick: what every transaction below has ended.
FullTransactionId TakeHorizon(Snapshot snapshot) {
  const FullTransactionId next = ReadNextFullTransactionId();
  if (WEIR_SEEDED("delta.next_xid")) return next;
  return WidenXid(snapshot->xmin, next);
}

void BoundSpan(Tick *tick, uint64 longest) {
  const uint64 end = U64FromFullTransactionId(tick->h0) + longest;
  if (longest > 0 && U64FromFullTransactionId(tick->h1) > end) {
    tick->h1 = FullTransactionIdFromU64(end);
  }
}

// How far steps have got that stored nothing.
FullTransactionId SeenFrom(int32 query_id, FullTransactionId h0) {
  const IdleNote *note = FindIdle(query_id, InvalidOid);
  return note != nullptr && FullTransactionIdEquals(note->h0, h0) ? note->seen : h0;
}

// The latest transaction beyond the frontier by which a table has come with rows. The step that
// consumes them must be the first one beyond it, or vacuum could remove what was deleted since.
FullTransactionId PendingArrival(const Tick &tick) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const FullTransactionId by = LatestArrival(tick.query_id, tick.h0, snapshot);
  UnregisterSnapshot(snapshot);
  return by;
}

bool IsBeyond(const Tick &tick, FullTransactionId by) {
  return FullTransactionIdIsValid(by) && !FullTransactionIdPrecedes(by, tick.h1);
}

void FillTick(int32 query_id, const Frontier &frontier, FullTransactionId h1, Tick *tick) {
  *tick = Tick{};
  tick->query_id = query_id;
  tick->h0 = frontier.h;
  tick->h1 = h1;
  tick->seen = SeenFrom(query_id, frontier.h);
  tick->lsn_low = Max(frontier.lsn_low, PositionBelow(frontier.h));
  if (WEIR_SEEDED("delta.forget_lsn") && XLogRecPtrIsInvalid(PositionBelow(frontier.h))) {
    tick->lsn_low = GetXLogInsertRecPtr();
  }
}

// The frontier behind `settled_at` of a file that it now reaches is worth storing: from then on the
// file's visibility map counts.
bool ReachesSettling(const ScannedFile &file, const Tick &tick) {
  return !file.is_known || file.has_come ||
         (FullTransactionIdPrecedes(tick.h0, file.settled_at) &&
          FullTransactionIdPrecedesOrEquals(file.settled_at, tick.h1));
}

bool IsWorthStoring(const Tick &tick) {
  if (TransactionIdIsValid(GetTopTransactionIdIfAny())) return true;
  if (tick.rows_found > kManyRows) return true;
  if (U64FromFullTransactionId(tick.h1) - U64FromFullTransactionId(tick.h0) > kFarBehind) {
    return true;
  }
  ListCell *cell;
  foreach (cell, open_state.scanned) {
    if (ReachesSettling(*static_cast<const ScannedFile *>(lfirst(cell)), tick)) return true;
  }
  return false;
}

void StoreTick(const Tick &tick) {
  Frontier frontier{};
  frontier.h = tick.h1;
  frontier.lsn_low = Max(tick.lsn_low, PositionBelow(tick.h1));
  StoreFrontier(tick.query_id, frontier);
  ListCell *cell;
  foreach (cell, open_state.scanned) {
    const auto *file = static_cast<const ScannedFile *>(lfirst(cell));
    if (file->is_known) continue;
    StoreFile(tick.query_id, {file->relation, file->relfilenode, file->next, file->rewritten_by});
  }
}

// Nothing was written, so whatever was found changes no result: pages that the tick has read or
// skipped need no second look. The stored frontier stays.
void NoteTick(const Tick &tick) {
  const XLogRecPtr lsn_low = Max(tick.lsn_low, PositionBelow(tick.h1));
  ListCell *cell;
  foreach (cell, open_state.scanned) {
    const auto *file = static_cast<const ScannedFile *>(lfirst(cell));
    NoteIdle({tick.query_id, file->relation, file->relfilenode, tick.h0, tick.h1, lsn_low});
  }
  NoteIdle({tick.query_id, InvalidOid, InvalidOid, tick.h0, tick.h1, lsn_low});
}

void RequireHold(const Tick &tick) {
  if (WEIR_SEEDED("hold.none") || HoldCovers(tick.h0)) return;
  ereport(
      ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
      errmsg("continuous query %d is stale: rows it had not consumed may be gone", tick.query_id),
      errhint("Rebuild it with weir.refresh_query()."));
}

// Standbys have to know, too: a promoted one has a hold of its own, which knows nothing of this.
void StoreStale(int32 query_id, const Frontier &frontier) {
  Frontier lost = frontier;
  lost.h = FullTransactionIdFromU64(FirstNormalTransactionId);
  lost.lsn_low = InvalidXLogRecPtr;
  if (!FullTransactionIdEquals(frontier.h, lost.h)) StoreFrontier(query_id, lost);
}

}  // namespace

void MakeStale(int32 query_id) {
  LockQuery(query_id);
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Frontier frontier;
  const bool found = FindFrontier(query_id, snapshot, &frontier);
  UnregisterSnapshot(snapshot);
  if (found) StoreStale(query_id, frontier);
}

TickStart OpenTick(int32 query_id, Tick *tick, uint64 longest) {
  RequireFreshTransaction();
  LockQuery(query_id);
  NotePosition();
  if (!open_state.is_listened) RegisterXactCallback(OnTransactionEnd, nullptr);
  open_state.is_listened = true;
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Frontier frontier;
  if (!FindFrontier(query_id, snapshot, &frontier)) RaiseNoFrontier(query_id);
  FillTick(query_id, frontier, TakeHorizon(snapshot), tick);
  UnregisterSnapshot(snapshot);
  if (!WEIR_SEEDED("hold.none") && !HoldCovers(tick->h0)) {
    StoreStale(query_id, frontier);
    return TickStart::kStale;
  }
  const FullTransactionId arrival = PendingArrival(*tick);
  if (IsBeyond(*tick, arrival)) {
    tick->h1 = tick->h0;
    return TickStart::kIdle;
  }
  const uint64 h0 = U64FromFullTransactionId(tick->h0);
  if (U64FromFullTransactionId(tick->h1) - h0 > kWidestRange) BoundSpan(tick, kWidestRange);
  BoundSpan(tick, longest);
  if (IsBeyond(*tick, arrival)) {
    tick->h1 = arrival;
    FullTransactionIdAdvance(&tick->h1);
  }
  if (FullTransactionIdPrecedesOrEquals(tick->h1, tick->seen)) {
    return TickStart::kIdle;
  }
  open_state.tick = *tick;
  open_state.scanned = NIL;
  open_state.is_open = true;
  return TickStart::kOpen;
}

void CloseTick(Tick *tick) {
  if (OpenTickOf(tick->query_id) == nullptr) elog(ERROR, "no tick is open for this query");
  *tick = open_state.tick;
  RequireHold(*tick);
  tick->is_saved = IsWorthStoring(*tick);
  if (tick->is_saved) {
    StoreTick(*tick);
  } else {
    NoteTick(*tick);
  }
  AbortTick();
}

void AdoptTick(const Tick &tick) {
  if (!open_state.is_listened) RegisterXactCallback(OnTransactionEnd, nullptr);
  open_state.is_listened = true;
  open_state.tick = tick;
  open_state.tick.rows_found = 0;
  open_state.tick.rows_again = 0;
  open_state.tick.pages_read = 0;
  open_state.tick.pages_skipped = 0;
  open_state.scanned = NIL;
  open_state.is_open = true;
}

void AbortTick() {
  open_state.is_open = false;
  open_state.scanned = NIL;
  open_state.limit = TickLimit{};
}

TickLimit *LimitOfTick() { return &open_state.limit; }

Tick *OpenTickOf(int32 query_id) {
  if (!open_state.is_open || open_state.tick.query_id != query_id) return nullptr;
  return &open_state.tick;
}

void NoteScanned(const ScannedFile &file) {
  MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
  auto *copy = static_cast<ScannedFile *>(palloc(sizeof(ScannedFile)));
  *copy = file;
  open_state.scanned = lappend(open_state.scanned, copy);
  MemoryContextSwitchTo(old);
}

}  // namespace weir::continuous
