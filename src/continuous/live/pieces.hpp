// Pieces of newer rows, and of those groups of the state that they change. The merge of a live view
// fills it, the aggregation above it reads it.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "nodes/extensible.h"
#include "utils/tuplestore.h"
}

namespace weir::continuous {

inline constexpr char kPiecesName[] = "WeirPieces";

extern const CustomScanMethods kPiecesScanMethods;
extern const CustomExecMethods kPiecesExecMethods;

Node *CreatePiecesScan(CustomScan *plan);

// The children that find pieces of newer rows are in css.custom_ps.
struct PiecesScan {
  CustomScanState css;
  Tuplestorestate *rows;  // null while there are none
  TupleTableSlot *slot;
  int64 count;
  // Where set, more of them follow what is kept.
  TupleTableSlot *(*more)(void *argument);
  void *argument;
};

// The one below an aggregation.
PiecesScan *FindPieces(PlanState *aggregation);

void KeepPiece(PiecesScan *pieces, TupleTableSlot *slot);

// Forgets what it keeps, and has the newer rows found again. `changed` are parameters, or null.
void ResetPieces(PiecesScan *pieces, Bitmapset *changed);

}  // namespace weir::continuous
