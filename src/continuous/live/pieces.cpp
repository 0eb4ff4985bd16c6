// Below the aggregation of a live view: hands up what the merge has kept.
#include "continuous/live/pieces.hpp"

#include "pg/expression_walk.hpp"

extern "C" {
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
}

namespace weir::continuous {
namespace {

PiecesScan *PiecesOf(CustomScanState *node) { return reinterpret_cast<PiecesScan *>(node); }

void BeginPieces(CustomScanState *node, EState *estate, int eflags) {
  PiecesScan *pieces = PiecesOf(node);
  const auto *plan = reinterpret_cast<const CustomScan *>(node->ss.ps.plan);
  ListCell *cell;
  foreach (cell, plan->custom_plans) {
    node->custom_ps =
        lappend(node->custom_ps, ExecInitNode(static_cast<Plan *>(lfirst(cell)), estate, eflags));
  }
  pieces->slot = ExecInitExtraTupleSlot(estate, node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
                                        &TTSOpsMinimalTuple);
}

TupleTableSlot *NextFrom(PiecesScan *pieces) {
  if (pieces->rows != nullptr && tuplestore_gettupleslot(pieces->rows, true, false, pieces->slot)) {
    return pieces->slot;
  }
  return pieces->more != nullptr ? pieces->more(pieces->argument) : nullptr;
}

// A copy, because the node has promised slots without a tuple.
TupleTableSlot *NextPiece(ScanState *node) {
  TupleTableSlot *slot = node->ss_ScanTupleSlot;
  ExecClearTuple(slot);
  TupleTableSlot *piece = NextFrom(reinterpret_cast<PiecesScan *>(node));
  if (TupIsNull(piece)) return slot;
  slot_getallattrs(piece);
  const auto columns = static_cast<Size>(slot->tts_tupleDescriptor->natts);
  memcpy(slot->tts_values, piece->tts_values, columns * sizeof(Datum));
  memcpy(slot->tts_isnull, piece->tts_isnull, columns * sizeof(bool));
  return ExecStoreVirtualTuple(slot);
}

bool RecheckPiece(ScanState *, TupleTableSlot *) { return true; }

TupleTableSlot *ExecPieces(CustomScanState *node) {
  return ExecScan(&node->ss, NextPiece, RecheckPiece);
}

void ForgetPieces(PiecesScan *pieces) {
  ExecClearTuple(pieces->slot);
  if (pieces->rows != nullptr) tuplestore_end(pieces->rows);
  pieces->rows = nullptr;
  pieces->count = 0;
  pieces->more = nullptr;
}

void EndPieces(CustomScanState *node) {
  ForgetPieces(PiecesOf(node));
  ListCell *cell;
  foreach (cell, node->custom_ps) ExecEndNode(static_cast<PlanState *>(lfirst(cell)));
}

// The merge has newer rows found again; this only starts over with what is kept.
void ReScanPieces(CustomScanState *node) {
  const PiecesScan *pieces = PiecesOf(node);
  if (pieces->rows != nullptr) tuplestore_rescan(pieces->rows);
  ExecScanReScan(&node->ss);
}

struct Search {
  PiecesScan *found;
};

bool IsPieces(PlanState *state, Search *search) {
  if (IsA(state, CustomScanState) &&
      reinterpret_cast<CustomScanState *>(state)->methods == &kPiecesExecMethods) {
    search->found = reinterpret_cast<PiecesScan *>(state);
    return true;
  }
  return pg::WalkPlanStates(state, IsPieces, search);
}

}  // namespace

Node *CreatePiecesScan(CustomScan *) {
  auto *pieces = static_cast<PiecesScan *>(palloc0(sizeof(PiecesScan)));
  NodeSetTag(pieces, T_CustomScanState);
  pieces->css.methods = &kPiecesExecMethods;
  return reinterpret_cast<Node *>(pieces);
}

PiecesScan *FindPieces(PlanState *aggregation) {
  Search search{};
  (void)IsPieces(aggregation, &search);
  if (search.found == nullptr) elog(ERROR, "the aggregation of a live view reads no pieces");
  return search.found;
}

void KeepPiece(PiecesScan *pieces, TupleTableSlot *slot) {
  if (pieces->rows == nullptr) pieces->rows = tuplestore_begin_heap(true, false, work_mem);
  tuplestore_puttupleslot(pieces->rows, slot);
  pieces->count++;
}

void ResetPieces(PiecesScan *pieces, Bitmapset *changed) {
  ForgetPieces(pieces);
  ListCell *cell;
  foreach (cell, pieces->css.custom_ps) {
    auto *newer = static_cast<PlanState *>(lfirst(cell));
    if (changed != nullptr) UpdateChangedParamSet(newer, changed);
    ExecReScan(newer);
  }
}

const CustomExecMethods kPiecesExecMethods = {
    .CustomName = kPiecesName,
    .BeginCustomScan = BeginPieces,
    .ExecCustomScan = ExecPieces,
    .EndCustomScan = EndPieces,
    .ReScanCustomScan = ReScanPieces,
};

}  // namespace weir::continuous
