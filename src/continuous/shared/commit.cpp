#include "continuous/shared/commit.hpp"

#include "continuous/shared/places.hpp"
#include "worker/launcher.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
}

namespace weir::continuous {
namespace {

// What the current transaction asks for.
struct Pending {
  Oid owner;
  bool keeper;
  bool keeper_anyway;  // also when it fails
  bool reload;
  Oid gone;        // a database
  int32 followed;  // a query; -1: several
};
Pending pending;
bool is_quiet = false;
bool database_seen = false;  // by this process

// One load when no query is kept anywhere.
void WakeWorkers() {
  if (likely(shared->worker_count.load(std::memory_order_relaxed) == 0)) return;
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    WorkerPlace &place = WorkerPlaceAt(i);
    const bool concerns =
        place.database.load(std::memory_order_relaxed) == MyDatabaseId || place.blocked.load() != 0;
    if (!concerns || place.changed.load() != 0) continue;
    place.changed.store(1);
    worker::WakeProcess(place.process.load());
  }
}

// After a start or a promotion nobody knows which databases have queries: the first transaction in
// each that writes has it looked into.
void HaveDatabaseSeen() {
  if (likely(database_seen)) return;
  database_seen = true;
  if (OidIsValid(MyDatabaseId) && !SeeDatabase(MyDatabaseId)) WantWorker(MyDatabaseId, InvalidOid);
}

void ServePending() {
  // The last place may be that of a keeper, who gives it to whom it finds without one.
  if (OidIsValid(pending.owner) && !WantWorker(MyDatabaseId, pending.owner)) pending.keeper = true;
  if (pending.keeper) WantWorker(MyDatabaseId, InvalidOid);
  if (pending.reload) ReloadQueries(MyDatabaseId);
  if (OidIsValid(pending.gone)) ForgetDatabase(pending.gone);
  if (pending.followed != 0) WakeFollowers(MyDatabaseId, pending.followed);
}

// Nothing may be raised here.
void OnTransactionEnd(XactEvent event, void *) {
  const bool committed = event == XACT_EVENT_COMMIT;
  const bool ended = committed || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE;
  if (!ended || shared == nullptr) return;
  if (pending.keeper_anyway) WantWorker(MyDatabaseId, InvalidOid);
  if (committed) {
    ServePending();
  } else if (OidIsValid(pending.gone)) {
    PauseWorkers(pending.gone, -1);
  }
  pending = {};
  if (is_quiet || !TransactionIdIsValid(GetTopTransactionIdIfAny())) return;
  HaveDatabaseSeen();
  WakeWorkers();
}

}  // namespace

void InstallCommitCallback() { RegisterXactCallback(OnTransactionEnd, nullptr); }

void WantWorkerAtCommit(Oid owner) {
  // Queries of several owners: the keeper finds out whose.
  if (OidIsValid(pending.owner) && pending.owner != owner) pending.keeper = true;
  pending.owner = owner;
}
void WantKeeperAtCommit() { pending.keeper = true; }
void WantKeeperAtEnd() { pending.keeper_anyway = true; }
void ReloadAtCommit() { pending.reload = true; }
void WakeFollowersAtCommit(int32 query_id) {
  const bool is_first = pending.followed == 0 || pending.followed == query_id;
  pending.followed = is_first ? query_id : -1;
}
void ForgetAtCommit(Oid database) { pending.gone = database; }
void NeverWake() { is_quiet = true; }
void WakeReaders() { WakeWorkers(); }

}  // namespace weir::continuous
