#include "continuous/hold/readers.hpp"

#include "continuous/frontier/frontier.hpp"
#include "continuous/hold/slot.hpp"

extern "C" {
#include "access/twophase.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

TransactionId Older(TransactionId a, TransactionId b) {
  if (!TransactionIdIsValid(b)) return a;
  return TransactionIdPrecedes(b, a) ? b : a;
}

// Every transaction below has ended.
TransactionId OldestRunning() {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  const TransactionId xmin = snapshot->xmin;
  UnregisterSnapshot(snapshot);
  return xmin;
}

// The server's own horizons all begin with the slots, ours among them. Vacuum reads no results.
TransactionId OldestSnapshot(TransactionId oldest) {
  LWLockAcquire(ProcArrayLock, LW_SHARED);
  for (uint32 i = 0; i < ProcGlobal->allProcCount; i++) {
    const volatile PGPROC *process = &ProcGlobal->allProcs[i];
    if ((process->statusFlags & PROC_IN_VACUUM) != 0) continue;
    oldest = Older(oldest, process->xmin);
  }
  LWLockRelease(ProcArrayLock);
  return oldest;
}

// What runs in other databases, or has run there: ids are looked up that run. Of TransactionId.
struct Strangers {
  TransactionId *ids;
  int count;
};

void AddStranger(Strangers *strangers, const PGPROC *process) {
  const TransactionId id = *const_cast<const volatile TransactionId *>(&process->xid);
  const bool is_here = process->databaseId == MyDatabaseId || !OidIsValid(process->databaseId);
  if (TransactionIdIsNormal(id) && !is_here) strangers->ids[strangers->count++] = id;
}

// Before the snapshot: an id that has been given since is above what vacuum may have gone by.
Strangers FindStrangers() {
  const int most = static_cast<int>(ProcGlobal->allProcCount) + max_prepared_xacts;
  Strangers strangers{static_cast<TransactionId *>(palloc(sizeof(TransactionId) * most)), 0};
  LWLockAcquire(ProcArrayLock, LW_SHARED);
  for (uint32 i = 0; i < ProcGlobal->allProcCount; i++) {
    AddStranger(&strangers, &ProcGlobal->allProcs[i]);
  }
  for (int i = 0; i < max_prepared_xacts; i++) AddStranger(&strangers, &PreparedXactProcs[i]);
  LWLockRelease(ProcArrayLock);
  return strangers;
}

bool Contains(const Strangers &strangers, TransactionId id) {
  for (int i = 0; i < strangers.count; i++) {
    if (strangers.ids[i] == id) return true;
  }
  return false;
}

}  // namespace

FullTransactionId OldestWriter() {
  const Strangers strangers = FindStrangers();
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  TransactionId oldest = Older(snapshot->xmax, GetTopTransactionIdIfAny());
  for (uint32 i = 0; i < snapshot->xcnt; i++) {
    if (!Contains(strangers, snapshot->xip[i])) oldest = Older(oldest, snapshot->xip[i]);
  }
  const FullTransactionId h = WidenXid(oldest, ReadNextFullTransactionId());
  UnregisterSnapshot(snapshot);
  pfree(strangers.ids);
  return h;
}

// A snapshot that calls a transaction running was taken before that one ended. So whatever is below
// the oldest that runs now has ended before processes are looked at, and who does not see it shows.
FullTransactionId OldestReader() {
  const TransactionId oldest = OldestSnapshot(OldestRunning());
  return WidenXid(Older(oldest, OldestForeignXmin()), ReadNextFullTransactionId());
}

}  // namespace weir::continuous
