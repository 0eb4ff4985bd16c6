#include "continuous/delta/new_rows.hpp"

#include "continuous/delta/shares.hpp"
#include "continuous/frontier/arrivals.hpp"
#include "continuous/shared/progress.hpp"
#include "pg/compat.hpp"
#include "pg/failpoint.hpp"
#include "settings.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/parallel.h"
#include "access/visibilitymap.h"
#include "access/xact.h"
#include "storage/predicate.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

bool HasCommitted(NewRowWalk *walk, TransactionId xid) {
  if (xid != walk->known_xid) {
    walk->known_committed = TransactionIdDidCommit(xid);
    walk->known_xid = xid;
  }
  return walk->known_committed;
}

// Frozen goes by both hint bits at once, and its log entry may be gone, so it is asked first.
bool IsCommitted(NewRowWalk *walk, HeapTupleHeader header, TransactionId xmin) {
  if (HeapTupleHeaderXminFrozen(header) || HeapTupleHeaderXminCommitted(header)) return true;
  if (HeapTupleHeaderXminInvalid(header)) return false;
  return HasCommitted(walk, xmin);
}

bool IsSeen(NewRowWalk *walk, HeapTupleHeader header, TransactionId xmin) {
  Snapshot snapshot = walk->range.snapshot;
  if (TransactionIdIsCurrentTransactionId(xmin)) {
    return HeapTupleHeaderGetCmin(header) < snapshot->curcid;
  }
  if (!TransactionIdPrecedes(xmin, snapshot->xmin) && XidInMVCCSnapshot(xmin, snapshot)) {
    return false;
  }
  return IsCommitted(walk, header, xmin);
}

bool IsNew(NewRowWalk *walk, HeapTupleHeader header) {
  const NewRange &range = walk->range;
  const TransactionId xmin = HeapTupleHeaderGetRawXmin(header);
  // An insertion that ON CONFLICT took back has xmin 0.
  if (!TransactionIdIsNormal(xmin)) return false;
  const uint32 age = XidFromFullTransactionId(range.next) - xmin;
  if (age > walk->age_h0 || (range.snapshot == nullptr && age <= walk->age_h1)) return false;
  if ((header->t_infomask & HEAP_UPDATED) != 0) return false;
  if (!range.takes_frozen && HeapTupleHeaderXminFrozen(header)) return false;
  if (FullTransactionIdIsValid(range.rewritten_by) &&
      XidFromFullTransactionId(range.rewritten_by) == xmin) {
    return false;
  }
  if (range.snapshot == nullptr) return IsCommitted(walk, header, xmin);
  return IsSeen(walk, header, xmin);
}

bool IsDeletedBefore(NewRowWalk *walk, HeapTupleHeader header) {
  const uint16 infomask = header->t_infomask;
  if ((infomask & HEAP_XMAX_INVALID) != 0 || HEAP_XMAX_IS_LOCKED_ONLY(infomask)) return false;
  const TransactionId xmax = HeapTupleHeaderGetUpdateXid(header);
  if (!TransactionIdIsNormal(xmax)) return false;
  if (!ChangedBefore(*walk->range.arrival, xmax, walk->range.next)) return false;
  return (infomask & HEAP_XMAX_COMMITTED) != 0 || TransactionIdIsCurrentTransactionId(xmax) ||
         TransactionIdDidCommit(xmax);
}

// In a table that has come: versions as they were then, and first versions since.
bool HasArrived(NewRowWalk *walk, HeapTupleHeader header) {
  const NewRange &range = walk->range;
  const TransactionId xmin = HeapTupleHeaderGetRawXmin(header);
  if (!TransactionIdIsNormal(xmin)) return false;
  const uint32 age = XidFromFullTransactionId(range.next) - xmin;
  const bool is_frozen = HeapTupleHeaderXminFrozen(header);
  const bool was_away = FullTransactionIdIsValid(range.arrival->counted_below);
  if (was_away && age > walk->age_counted) return false;
  if (!is_frozen && range.snapshot == nullptr && age <= walk->age_h1) return false;
  if ((header->t_infomask & HEAP_UPDATED) != 0) {
    if (was_away) return false;
    if (!is_frozen && !ChangedBefore(*range.arrival, xmin, range.next)) return false;
  }
  const bool is_there = is_frozen || (range.snapshot == nullptr ? IsCommitted(walk, header, xmin)
                                                                : IsSeen(walk, header, xmin));
  return is_there && !IsDeletedBefore(walk, header);
}

bool WasFound(const NewRowWalk *walk, HeapTupleHeader header) {
  const TransactionId xmin = HeapTupleHeaderGetRawXmin(header);
  return XidFromFullTransactionId(walk->range.next) - xmin > walk->age_seen;
}

// A serializable reader has to know of writers that it does not see.
void CheckConflict(NewRowWalk *walk, HeapTupleHeader header, OffsetNumber line, bool is_new) {
  HeapTupleData tuple;
  tuple.t_data = header;
  tuple.t_len = ItemIdGetLength(PageGetItemId(BufferGetPage(walk->buffer), line));
  tuple.t_tableOid = RelationGetRelid(walk->relation);
  ItemPointerSet(&tuple.t_self, walk->block, line);
  HeapCheckForSerializableConflictOut(is_new, walk->relation, &tuple, walk->buffer,
                                      walk->range.snapshot);
}

void CollectLines(NewRowWalk *walk, Page page) {
  const OffsetNumber last = Min(PageGetMaxOffsetNumber(page), walk->last_line);
  for (OffsetNumber line = walk->first_line; line <= last; ++line) {
    const ItemId item = PageGetItemId(page, line);
    if (!ItemIdIsNormal(item)) continue;
    auto *header = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
    const bool is_new =
        walk->range.arrival != nullptr ? HasArrived(walk, header) : IsNew(walk, header);
    if (is_new) {
      walk->lines[walk->count++] = line;
      walk->counts.rows_again += WasFound(walk, header) ? 1 : 0;
    }
    if (walk->checks_conflicts) CheckConflict(walk, header, line, is_new);
  }
}

// Rows are collected under the lock; the pin keeps them in their place afterwards.
void ReadPage(NewRowWalk *walk) {
  walk->count = 0;
  LockBuffer(walk->buffer, BUFFER_LOCK_SHARE);
  Page page = BufferGetPage(walk->buffer);
  if (!PageIsNew(page)) CollectLines(walk, page);
  LockBuffer(walk->buffer, BUFFER_LOCK_UNLOCK);
}

enum class Skip : uint8 { kNot, kByMap, kByLsn, kByTail };

bool IsChecking() {
#ifdef WEIR_FAILPOINTS
  return settings.check_skipped;
#else
  return false;
#endif
}

[[noreturn]] void RaiseMissed(const NewRowWalk *walk, Skip skip) {
  ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED),
          errmsg("%d new rows are on block %u of \"%s\", which was to be skipped by its %s",
                 walk->count, walk->block, RelationGetRelationName(walk->relation),
                 skip == Skip::kByMap ? "visibility map" : "log position"));
  pg_unreachable();
}

// The map is asked after the horizon was taken: whoever ended below it has cleared its bits before.
Skip SkipsUnread(NewRowWalk *walk, BlockNumber block) {
  if (WEIR_SEEDED("delta.block_tail") && block + 1 < walk->blocks) return Skip::kByTail;
  if (!walk->range.trusts_map) return Skip::kNot;
  const uint8 bits = visibilitymap_get_status(walk->relation, block, &walk->map);
  return (bits & VISIBILITYMAP_ALL_VISIBLE) != 0 ? Skip::kByMap : Skip::kNot;
}

// Reads the page unless it can hold nothing new. What the log position says of transactions that
// have ended is final: they set it before they ended.
Skip LoadPage(NewRowWalk *walk) {
  Skip skip = SkipsUnread(walk, walk->block);
  if (skip != Skip::kNot && !IsChecking()) return skip;
  walk->buffer =
      ReadBufferExtended(walk->relation, MAIN_FORKNUM, walk->block, RBM_NORMAL, walk->strategy);
  if (skip == Skip::kNot && BufferGetLSNAtomic(walk->buffer) <= walk->range.lsn_low) {
    skip = Skip::kByLsn;
  }
  if (skip == Skip::kNot || IsChecking()) ReadPage(walk);
  return skip;
}

void ReleasePage(NewRowWalk *walk) {
  if (BufferIsValid(walk->buffer)) ReleaseBuffer(walk->buffer);
  walk->buffer = InvalidBuffer;
  walk->count = 0;
}

void CountPage(NewRowWalk *walk, Skip skip) {
  if (skip == Skip::kNot) ++walk->counts.pages_read;
  if (skip == Skip::kByMap) ++walk->counts.skipped_by_map;
  if (skip == Skip::kByLsn) ++walk->counts.skipped_by_lsn;
  if (walk->progress != nullptr) CountBlock(walk->progress, walk->count);
}

// A run of pages beyond the last is beyond it for everybody who has rows to find: what comes behind
// was written by transactions that had not ended when the horizon was taken.
bool TakeBlock(NewRowWalk *walk) {
  if (walk->stripes != nullptr && walk->next_block == walk->stripe_end) {
    const std::uint32_t step = WEIR_SEEDED("lanes.lose_run") ? 2 : 1;
    const uint64 first = static_cast<uint64>(walk->stripes->fetch_add(step)) * kStripeBlocks;
    walk->next_block = static_cast<BlockNumber>(Min(first, walk->blocks));
    walk->stripe_end = static_cast<BlockNumber>(Min(first + kStripeBlocks, walk->blocks));
  }
  if (walk->next_block >= walk->blocks) return false;
  walk->block = walk->next_block++;
  return true;
}

}  // namespace

void BeginNewRows(NewRowWalk *walk, Relation relation, const NewRange &range) {
  *walk = NewRowWalk{};
  walk->relation = relation;
  walk->range = range;
  // Rows of ended transactions are on pages that are there by now.
  walk->blocks = RelationGetNumberOfBlocks(relation);
  if (range.is_absent) walk->blocks = 0;
  walk->first_line = FirstOffsetNumber;
  walk->last_line = MaxOffsetNumber;
  if (range.snapshot == nullptr && IsInLanes()) {
    walk->stripes = StripesOf(RelationGetRelid(relation));
    // A partition that has come since the lanes began is the leader's.
    if (walk->stripes == nullptr && IsParallelWorker()) walk->blocks = 0;
  }
  walk->progress = range.snapshot == nullptr ? CurrentWork() : nullptr;
  walk->map = InvalidBuffer;
  walk->buffer = InvalidBuffer;
  const uint64 next = U64FromFullTransactionId(range.next);
  walk->age_h0 = static_cast<uint32>(next - U64FromFullTransactionId(range.h0));
  walk->age_h1 = static_cast<uint32>(next - U64FromFullTransactionId(range.h1));
  walk->age_seen = static_cast<uint32>(next - U64FromFullTransactionId(range.seen));
  if (range.arrival != nullptr) {
    walk->age_seen = PG_UINT32_MAX;
    walk->age_counted =
        static_cast<uint32>(next - U64FromFullTransactionId(range.arrival->counted_below));
  }
  if (walk->blocks > static_cast<BlockNumber>(NBuffers) / 4) {
    walk->strategy = GetAccessStrategy(BAS_BULKREAD);
  }
  walk->checks_conflicts = range.snapshot != nullptr && IsolationIsSerializable();
  if (walk->checks_conflicts) PredicateLockRelation(relation, range.snapshot);
}

bool NextNewRows(NewRowWalk *walk) {
  ReleasePage(walk);
  while (TakeBlock(walk)) {
    CHECK_FOR_INTERRUPTS();
    const Skip skip = LoadPage(walk);
    CountPage(walk, skip);
    if (skip != Skip::kNot && skip != Skip::kByTail && walk->count > 0) RaiseMissed(walk, skip);
    if (skip == Skip::kNot && walk->count > 0) {
      walk->counts.rows += walk->count;
      return true;
    }
    ReleasePage(walk);
  }
  return false;
}

void EndNewRows(NewRowWalk *walk) {
  ReleasePage(walk);
  if (BufferIsValid(walk->map)) ReleaseBuffer(walk->map);
  walk->map = InvalidBuffer;
  if (walk->strategy != nullptr) FreeAccessStrategy(walk->strategy);
  walk->strategy = nullptr;
}

}  // namespace weir::continuous
