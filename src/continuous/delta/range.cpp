#include "continuous/delta/range.hpp"

#include "continuous/delta/delta.hpp"
#include "pg/compat.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/xlog.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {

NewRange RangeFrom(FullTransactionId h, int32 query_id, Relation relation, Snapshot snapshot,
                   KnownFile *file) {
  SourceFile stored{};
  const bool has_row = FindFile(query_id, RelationGetRelid(relation), snapshot, &stored);
  file->is_known = has_row && stored.relfilenode == pg::RelfilenodeOf(relation);
  file->settled_at = stored.settled_at;
  const bool is_settled = file->is_known && FullTransactionIdPrecedesOrEquals(stored.settled_at, h);
  NewRange range{};
  range.h0 = h;
  range.seen = h;
  range.next = ReadNextFullTransactionId();
  // Ids come round again; below the frontier it has no say.
  if (!FullTransactionIdPrecedes(stored.rewritten_by, h)) range.rewritten_by = stored.rewritten_by;
  range.takes_frozen = !is_settled;
  // Bits that were set under the hold speak of rows below it. A standby knows of no hold.
  range.trusts_map = is_settled && !RecoveryInProgress();
  if (WEIR_SEEDED("delta.trust_map")) range.trusts_map = true;
  return range;
}

void ApplyArrival(NewRange *range, const Arrival &arrival) {
  auto *kept = static_cast<Arrival *>(palloc(sizeof(Arrival)));
  *kept = arrival;
  range->arrival = kept;
  range->trusts_map = false;
  range->lsn_low = InvalidXLogRecPtr;
}

namespace {

// A snapshot that does not see that the table has come sees none of its rows, though the catalog
// shows it to everybody. Latest means no snapshot of its own, which cannot be taken while parallel
// workers run.
void ApplyArrivalToReader(NewRange *range, int32 query_id, Relation relation, Snapshot snapshot) {
  Arrival seen;
  Arrival latest;
  const Oid table = RelationGetRelid(relation);
  (void)FindArrival(query_id, table, snapshot, &seen);
  (void)FindArrival(query_id, table, SnapshotSelf, &latest);
  const bool has_come = FullTransactionIdIsValid(latest.by);
  if (has_come && !FullTransactionIdEquals(seen.by, latest.by)) {
    range->is_absent = true;
  } else if (FullTransactionIdIsValid(seen.by) && !FullTransactionIdPrecedes(seen.by, range->h0)) {
    ApplyArrival(range, seen);
  }
}

}  // namespace

NewRange RangeOfReader(int32 query_id, Relation relation, Snapshot snapshot, KnownFile *file) {
  return RangeBeyond(InvalidFullTransactionId, query_id, relation, snapshot, file);
}

NewRange RangeBeyond(FullTransactionId seen, int32 query_id, Relation relation, Snapshot snapshot,
                     KnownFile *file) {
  Frontier frontier;
  if (!FindFrontier(query_id, snapshot, &frontier)) {
    FullTransactionId later;
    if (ReadFrontier(query_id, &later)) {
      ereport(ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
              errmsg("could not read continuous query %d: it was made after the snapshot was taken",
                     query_id),
              errhint("Run the transaction again."));
    }
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("continuous query %d has no frontier", query_id),
            errhint("Rebuild it with weir.refresh_query()."));
  }
  const FullTransactionId h = FullTransactionIdPrecedes(frontier.h, seen) ? seen : frontier.h;
  NewRange range = RangeFrom(h, query_id, relation, snapshot, file);
  range.snapshot = snapshot;
  range.lsn_low = frontier.lsn_low;
  ApplyArrivalToReader(&range, query_id, relation, snapshot);
  return range;
}

bool HasNewRows(int32 query_id, Relation relation, Whose whose, FullTransactionId seen) {
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  if (whose == Whose::kOthers) snapshot->curcid = FirstCommandId;
  KnownFile file;
  NewRowWalk walk;
  BeginNewRows(&walk, relation, RangeBeyond(seen, query_id, relation, snapshot, &file));
  const bool found = NextNewRows(&walk);
  EndNewRows(&walk);
  UnregisterSnapshot(snapshot);
  return found;
}

}  // namespace weir::continuous
