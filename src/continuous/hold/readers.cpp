#include "continuous/hold/readers.hpp"

#include "continuous/frontier/frontier.hpp"
#include "continuous/hold/slot.hpp"

extern "C" {
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

}  // namespace

// A snapshot that calls a transaction running was taken before that one ended. So whatever is below
// the oldest that runs now has ended before processes are looked at, and who does not see it shows.
FullTransactionId OldestReader() {
  const TransactionId oldest = OldestSnapshot(OldestRunning());
  return WidenXid(Older(oldest, OldestForeignXmin()), ReadNextFullTransactionId());
}

}  // namespace weir::continuous
