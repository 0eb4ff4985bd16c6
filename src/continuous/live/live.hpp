// Reading the live view of a continuous query: groups that no newer row changes pass through as
// they are kept, without being aggregated again.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/extensible.h"
}

namespace weir::continuous {

inline constexpr char kLiveName[] = "WeirLive";

// Positions in the node's private list; each is a list of its own.
enum LivePrivate {
  kLiveColumns,  // for each column of a piece, that of the state's plan
  kLiveInputs,   // for each column of the node's input, that of a piece, or 0
  kLiveKeys,
  kLiveOperators,
  kLiveCollations
};

// Positions in its list of expressions.
enum LiveExpressions { kLiveOutput, kLiveQuals };

extern const CustomScanMethods kLiveScanMethods;

// Called once, from _PG_init.
void InstallLive();

Node *CreateLiveScan(CustomScan *plan);

}  // namespace weir::continuous
