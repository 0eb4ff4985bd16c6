// Begin, Exec, ReScan and End of the delta scan, for ticks and for readers.
#include "continuous/delta/fill_state.hpp"
#include "continuous/delta/node.hpp"
#include "continuous/delta/range.hpp"
#include "continuous/delta/row_range.hpp"
#include "continuous/delta/scan_state.hpp"
#include "continuous/delta/shares.hpp"
#include "continuous/delta/tick_state.hpp"
#include "continuous/frontier/positions.hpp"
#include "continuous/hold/hold.hpp"
#include "continuous/shared/progress.hpp"
#include "pg/compat.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xlog.h"
#include "executor/executor.h"
#include "nodes/plannodes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

DeltaScan *ScanOf(CustomScanState *node) { return reinterpret_cast<DeltaScan *>(node); }

NewRange TickRange(DeltaScan *scan, const Tick &tick) {
  Relation relation = scan->css.ss.ss_currentRelation;
  // In lanes the active one was taken when the tables were locked, and there can be no other.
  Snapshot snapshot = RegisterSnapshot(IsInLanes() ? GetActiveSnapshot() : GetLatestSnapshot());
  NewRange range = RangeFrom(tick.h0, scan->query_id, relation, snapshot, &scan->file);
  Arrival arrival;
  (void)FindArrival(scan->query_id, RelationGetRelid(relation), snapshot, &arrival);
  UnregisterSnapshot(snapshot);
  range.h1 = tick.h1;
  range.seen = tick.seen;
  range.lsn_low = tick.lsn_low;
  const IdleNote *note = FindIdle(scan->query_id, RelationGetRelid(relation));
  if (note != nullptr && note->relfilenode == pg::RelfilenodeOf(relation) &&
      FullTransactionIdEquals(note->h0, tick.h0)) {
    range.lsn_low = Max(range.lsn_low, note->lsn_low);
  }
  if (FullTransactionIdIsValid(arrival.by)) {
    range.is_absent = !FullTransactionIdPrecedes(arrival.by, tick.h1);
    if (!FullTransactionIdPrecedes(arrival.by, tick.h0)) ApplyArrival(&range, arrival);
  }
  return range;
}

NewRange ReaderRange(DeltaScan *scan) {
  Snapshot snapshot = scan->css.ss.ps.state->es_snapshot;
  const NewRange range =
      RangeOfReader(scan->query_id, scan->css.ss.ss_currentRelation, snapshot, &scan->file);
  scan->h = range.h0;
  return range;
}

// What the range points to stays for as long as the walk.
void StartWalk(DeltaScan *scan) {
  MemoryContext old = MemoryContextSwitchTo(scan->css.ss.ps.state->es_query_cxt);
  Tick *tick = OpenTickOf(scan->query_id);
  scan->is_tick = tick != nullptr;
  const NewRange range = scan->is_tick ? TickRange(scan, *tick) : ReaderRange(scan);
  MemoryContextSwitchTo(old);
  BeginNewRows(&scan->walk, scan->css.ss.ss_currentRelation, range);
  if (scan->is_tick) LimitWalk(&scan->walk);
  scan->is_walking = true;
  scan->is_over = false;
  scan->row = 0;
}

void StopWalk(DeltaScan *scan) {
  if (scan->fill != nullptr) {
    table_endscan(scan->fill);
    scan->fill = nullptr;
  }
  if (!scan->is_walking) return;
  ExecClearTuple(scan->css.ss.ss_ScanTupleSlot);
  EndNewRows(&scan->walk);
  scan->is_walking = false;
  scan->totals.pages_read += scan->walk.counts.pages_read;
  scan->totals.skipped_by_map += scan->walk.counts.skipped_by_map;
  scan->totals.skipped_by_lsn += scan->walk.counts.skipped_by_lsn;
  scan->totals.rows += scan->walk.counts.rows;
}

// Not by a snapshot of its own, which cannot be taken while parallel workers run. A frontier that
// is just being replaced may go unseen, and then counts as another.
bool ReadLatest(int32 query_id, FullTransactionId *h) {
  Frontier latest;
  if (!FindFrontier(query_id, SnapshotSelf, &latest)) return false;
  *h = latest.h;
  return true;
}

// Whether all that the reader's snapshot needs was there until now. A standby removes rows only
// after it has replayed the frontier that let go of them.
bool WasHeld(FullTransactionId h, int32 query_id) {
  if (WEIR_SEEDED("delta.no_recheck")) return true;
  if (!RecoveryInProgress()) return HoldCovers(h);
  FullTransactionId latest;
  return ReadLatest(query_id, &latest) && FullTransactionIdEquals(latest, h);
}

[[noreturn]] void RaiseNotHeld(const DeltaScan *scan) {
  FullTransactionId latest;
  const bool is_behind = ReadLatest(scan->query_id, &latest) &&
                         !FullTransactionIdEquals(latest, scan->h) &&
                         WasHeld(latest, scan->query_id);
  if (is_behind) {
    ereport(ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
            errmsg("could not read continuous query %d: rows that the snapshot needs may be gone",
                   scan->query_id),
            errhint("Run the transaction again."));
  }
  ereport(
      ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
      errmsg("continuous query %d is stale: rows it had not consumed may be gone", scan->query_id),
      errhint("Rebuild it with weir.refresh_query()."));
  pg_unreachable();
}

void FinishTickScan(DeltaScan *scan, Tick *tick) {
  Relation relation = scan->css.ss.ss_currentRelation;
  const WalkCounts &counts = scan->walk.counts;
  tick->rows_found += counts.rows;
  tick->rows_again += counts.rows_again;
  tick->pages_read += counts.pages_read;
  tick->pages_skipped += counts.skipped_by_map + counts.skipped_by_lsn;
  NoteScanned({RelationGetRelid(relation), pg::RelfilenodeOf(relation), scan->walk.range.next,
               scan->file.is_known, scan->walk.range.arrival != nullptr, scan->file.settled_at,
               scan->walk.range.rewritten_by});
}

void FinishWalk(DeltaScan *scan) {
  pg::CountRowsRead(scan->css.ss.ss_currentRelation, scan->walk.counts.rows);
  if (scan->is_tick) {
    Tick *tick = OpenTickOf(scan->query_id);
    if (tick == nullptr) elog(ERROR, "the tick ended before its scan");
    FinishTickScan(scan, tick);
  } else if (!WasHeld(scan->h, scan->query_id)) {
    RaiseNotHeld(scan);
  }
  StopWalk(scan);
  scan->is_over = true;
}

TupleTableSlot *StoreRow(DeltaScan *scan, TupleTableSlot *slot) {
  NewRowWalk *walk = &scan->walk;
  const OffsetNumber line = walk->lines[scan->row++];
  Page page = BufferGetPage(walk->buffer);
  const ItemId item = PageGetItemId(page, line);
  scan->tuple.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
  scan->tuple.t_len = ItemIdGetLength(item);
  scan->tuple.t_tableOid = RelationGetRelid(walk->relation);
  ItemPointerSet(&scan->tuple.t_self, walk->block, line);
  return ExecStoreBufferHeapTuple(&scan->tuple, slot, walk->buffer);
}

TupleTableSlot *NextFilledRow(DeltaScan *scan, TupleTableSlot *slot) {
  if (scan->fill == nullptr) {
    scan->fill = table_beginscan(scan->css.ss.ss_currentRelation, FillSnapshot(), 0, nullptr);
  }
  if (table_scan_getnextslot(scan->fill, ForwardScanDirection, slot)) return slot;
  StopWalk(scan);
  scan->is_over = true;
  return nullptr;
}

TupleTableSlot *NextRow(ScanState *node) {
  auto *scan = reinterpret_cast<DeltaScan *>(node);
  if (scan->is_over) return nullptr;
  if (FillSnapshot() != nullptr) return NextFilledRow(scan, node->ss_ScanTupleSlot);
  if (!scan->is_walking) StartWalk(scan);
  if (scan->row < scan->walk.count) return StoreRow(scan, node->ss_ScanTupleSlot);
  ExecClearTuple(node->ss_ScanTupleSlot);
  scan->row = 0;
  if (NextNewRows(&scan->walk)) return StoreRow(scan, node->ss_ScanTupleSlot);
  FinishWalk(scan);
  return nullptr;
}

// Rows are never locked, so there is nothing to look at again.
bool RecheckRow(ScanState *, TupleTableSlot *) { return true; }

TupleTableSlot *ExecDelta(CustomScanState *node) {
  return ExecScan(&node->ss, NextRow, RecheckRow);
}

// The server has set the node up for virtual rows; ours are in buffers, so what was compiled for
// their form is compiled again.
void BeginDelta(CustomScanState *node, EState *estate, int) {
  DeltaScan *scan = ScanOf(node);
  auto *plan = reinterpret_cast<CustomScan *>(node->ss.ps.plan);
  scan->query_id = linitial_int(plan->custom_private);
  node->ss.ps.subPlan = NIL;
  ExecInitScanTupleSlot(estate, &node->ss, RelationGetDescr(node->ss.ss_currentRelation),
                        &TTSOpsBufferHeapTuple);
  ExecAssignScanProjectionInfo(&node->ss);
  node->ss.ps.qual = ExecInitQual(plan->scan.plan.qual, &node->ss.ps);
  if (OpenTickOf(scan->query_id) != nullptr) {
    ExpectBlocks(RelationGetNumberOfBlocks(node->ss.ss_currentRelation));
  }
}

void EndDelta(CustomScanState *node) { StopWalk(ScanOf(node)); }

void ReScanDelta(CustomScanState *node) {
  DeltaScan *scan = ScanOf(node);
  if (IsInLanes()) elog(ERROR, "a scan in lanes cannot be repeated");
  StopWalk(scan);
  scan->is_over = false;
  ExecScanReScan(&node->ss);
}

}  // namespace

Node *CreateDeltaScan(CustomScan *) {
  auto *scan = static_cast<DeltaScan *>(palloc0(sizeof(DeltaScan)));
  NodeSetTag(scan, T_CustomScanState);
  scan->css.methods = &kDeltaExecMethods;
  return reinterpret_cast<Node *>(scan);
}

const CustomExecMethods kDeltaExecMethods = {
    .CustomName = kDeltaName,
    .BeginCustomScan = BeginDelta,
    .ExecCustomScan = ExecDelta,
    .EndCustomScan = EndDelta,
    .ReScanCustomScan = ReScanDelta,
    .ExplainCustomScan = ExplainDelta,
};

}  // namespace weir::continuous
