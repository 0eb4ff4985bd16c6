#include "continuous/hold/hold.hpp"

#include "continuous/frontier/frontier.hpp"
#include "continuous/frontier/positions.hpp"
#include "continuous/hold/readers.hpp"
#include "continuous/hold/slot.hpp"
#include "core/hold/hold_candidates.hpp"
#include "pg/failpoint.hpp"
#include "settings.hpp"

extern "C" {
#include "access/xact.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

// What the current transaction does to the hold, so that its end can finish or undo it.
struct Change {
  bool is_made;      // acquired or released
  bool was_unheld;   // before it
  bool is_needed;    // known just before the commit
  bool is_listened;  // for the ends of transactions
  Snapshot kept;     // until its end
};
Change change;

core::HoldCandidates candidates;

// Creating and dropping queries take turns, from here to the end of the transaction: also when it
// goes back to a savepoint, for its end looks after the hold all the same.
void LockHold() {
  const ResourceOwner owner = CurrentResourceOwner;
  CurrentResourceOwner = TopTransactionResourceOwner;
  LockDatabaseObject(FrontiersOid(), InvalidOid, 1, ExclusiveLock);
  CurrentResourceOwner = owner;
}

bool HasFrontiers() {
  if (!OidIsValid(FrontiersOid())) return false;
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  LowestFrontier lowest;
  const bool found = FindLowestFrontier(snapshot, FirstNormalFullTransactionId, &lowest);
  UnregisterSnapshot(snapshot);
  return found;
}

// Nothing here may fail after the commit: the xmin is cleared in memory, and the slot itself is
// dropped later, by whoever sweeps.
void OnTransactionEnd(XactEvent event, void *) {
  if (!change.is_made) return;
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
      change.is_needed = HasFrontiers();
      break;
    case XACT_EVENT_PRE_PREPARE:
      ereport(
          ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("cannot PREPARE a transaction that has created or dropped a continuous query"));
      break;
    case XACT_EVENT_COMMIT:
      if (!change.is_needed) SetSlotXmin(MyDatabaseId, InvalidTransactionId);
      if (change.kept != nullptr)
        UnregisterSnapshotFromOwner(change.kept, TopTransactionResourceOwner);
      change.is_made = false;
      change.kept = nullptr;
      break;
    case XACT_EVENT_ABORT:
      if (change.was_unheld) SetSlotXmin(MyDatabaseId, InvalidTransactionId);
      change.is_made = false;
      change.kept = nullptr;  // it goes with what the transaction owns
      break;
    default:
      break;
  }
}

void NoteChange(bool was_unheld) {
  if (!change.is_listened) RegisterXactCallback(OnTransactionEnd, nullptr);
  change.is_listened = true;
  change.was_unheld = was_unheld || (change.is_made && change.was_unheld);
  change.is_made = true;
}

FullTransactionId Older(FullTransactionId a, FullTransactionId b) {
  return FullTransactionIdPrecedes(a, b) ? a : b;
}

// A snapshot that does not see a frontier was taken before the transaction that wrote it had ended,
// so its xmin is not above that transaction's id. Once every snapshot's xmin is above, all readers
// start from that frontier or a later one, and what it has left behind may go.
FullTransactionId Target(FullTransactionId held) {
  // The snapshot is taken after the oldest reader is known: a query that is being created either
  // shows in the one or holds back the other.
  const FullTransactionId oldest = OldestReader();
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  LowestFrontier lowest;
  const bool found = FindLowestFrontier(snapshot, held, &lowest);
  UnregisterSnapshot(snapshot);
  if (!found) return oldest;
  if (WEIR_SEEDED("hold.hasty")) return lowest.h;
  const FullTransactionId next = ReadNextFullTransactionId();
  const uint64 writer = TransactionIdIsNormal(lowest.writer)
                            ? U64FromFullTransactionId(WidenXid(lowest.writer, next))
                            : 0;
  candidates.Add(U64FromFullTransactionId(lowest.h), writer);
  const uint64 best = candidates.Take(U64FromFullTransactionId(oldest));
  return Older(FullTransactionIdFromU64(best), lowest.h);
}

// Past its limit the hold leaves queries behind, and says so on disk as well: after a crash it must
// not seem to hold what is gone.
void ForceHold(FullTransactionId next) {
  const auto span = static_cast<uint64>(settings.max_hold_age);
  const FullTransactionId target = FullTransactionIdFromU64(U64FromFullTransactionId(next) - span);
  SetSlotXmin(MyDatabaseId, XidFromFullTransactionId(target));
  SaveSlot(MyDatabaseId);
  ereport(WARNING, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("continuous queries that have not consumed transactions older than the last %d "
                 "are stale",
                 settings.max_hold_age),
          errdetail("What was deleted before is no longer kept for them."),
          errhint("Refresh them with weir.refresh_query(), or raise weir.max_hold_age."));
}

}  // namespace

void AcquireHold() {
  NotePosition();
  RequireSlots();
  LockHold();
  const bool was_unheld = !ReadHold().exists;
  // From here on this transaction's own xmin holds what the slot is to hold.
  if (!TransactionIdIsValid(MyProc->xmin)) (void)GetTransactionSnapshot();
  NoteChange(was_unheld);
  // To its end, also when further statements follow: nobody else knows of its frontier before.
  if (change.kept == nullptr) {
    change.kept = RegisterSnapshotOnOwner(GetLatestSnapshot(), TopTransactionResourceOwner);
  }
  const TransactionId xmin = MyProc->xmin;
  if (was_unheld) {
    MakeSlot(MyDatabaseId, xmin);
    return;
  }
  const FullTransactionId next = ReadNextFullTransactionId();
  if (!HoldCovers(WidenXid(xmin, next))) SetSlotXmin(MyDatabaseId, xmin);
}

void KeepQueries() {
  if (ConditionalLockDatabaseObject(FrontiersOid(), InvalidOid, 1, ShareLock)) return;
  ereport(NOTICE, errmsg("waiting for a continuous query that is being created or dropped"),
          errhint("SELECT * FROM weir.progress shows how far it is; with lock_timeout the command "
                  "gives up."));
  LockDatabaseObject(FrontiersOid(), InvalidOid, 1, ShareLock);
}

void AdvanceHold() {
  const HoldStatus hold = ReadHold();
  if (!hold.exists) return;
  if (WEIR_SEEDED("hold.none")) {
    SetSlotXmin(MyDatabaseId, InvalidTransactionId);
    return;
  }
  FullTransactionId target = Target(hold.xmin);
  if (FullTransactionIdPrecedes(hold.xmin, target)) {
    SetSlotXmin(MyDatabaseId, XidFromFullTransactionId(target));
  } else {
    target = hold.xmin;
  }
  const FullTransactionId next = ReadNextFullTransactionId();
  const uint64 age = U64FromFullTransactionId(next) - U64FromFullTransactionId(target);
  if (age > static_cast<uint64>(settings.max_hold_age)) ForceHold(next);
}

void ReleaseHold() {
  LockHold();
  NoteChange(false);
}

HoldStatus ReadHold() {
  HoldStatus status{};
  TransactionId xmin;
  if (!ReadSlotXmin(MyDatabaseId, &xmin) || !TransactionIdIsValid(xmin)) return status;
  const FullTransactionId next = ReadNextFullTransactionId();
  status.exists = true;
  status.xmin = WidenXid(xmin, next);
  status.age = U64FromFullTransactionId(next) - U64FromFullTransactionId(status.xmin);
  return status;
}

int DatabasesWithHold(Oid *databases, int limit) { return DatabasesWithSlot(databases, limit); }

bool HoldCovers(FullTransactionId h) {
  const HoldStatus hold = ReadHold();
  return hold.exists && FullTransactionIdPrecedesOrEquals(hold.xmin, h);
}

void DropUnusedHold() {
  TransactionId xmin;
  if (!ReadSlotXmin(MyDatabaseId, &xmin)) return;
  if (OidIsValid(FrontiersOid())) LockHold();
  if (!HasFrontiers()) DropSlot(MyDatabaseId);
}

// Frontiers that are older than any hold may be are stale already.
void FollowHold() {
  TransactionId held;
  const bool is_held = ReadSlotXmin(MyDatabaseId, &held);
  bool is_needed = false;
  LowestFrontier lowest;
  if (OidIsValid(FrontiersOid())) {
    const uint64 next = U64FromFullTransactionId(ReadNextFullTransactionId());
    const auto span = static_cast<uint64>(settings.max_hold_age);
    const uint64 floor = next > span + FirstNormalTransactionId ? next - span : 0;
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    is_needed = FindLowestFrontier(
        snapshot, FullTransactionIdFromU64(Max(floor, uint64{FirstNormalTransactionId} + 1)),
        &lowest);
    UnregisterSnapshot(snapshot);
  }
  if (is_needed && is_held) {
    SetSlotXmin(MyDatabaseId, XidFromFullTransactionId(lowest.h));
  } else if (is_needed && HasFreeSlot()) {
    MakeSlot(MyDatabaseId, XidFromFullTransactionId(lowest.h));
  } else if (!is_needed && is_held) {
    DropSlot(MyDatabaseId);
  }
}

void SweepHolds() { DropSlotsOfGoneDatabases(); }

}  // namespace weir::continuous
