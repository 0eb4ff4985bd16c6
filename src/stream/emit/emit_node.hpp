// The node that gives out running or final results of an aggregation while its input goes on.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/extensible.h"
}

namespace weir::stream {

inline constexpr char kEmitNodeName[] = "WeirEmit";

// Positions in custom_private, a list of bigint constants. Without a window the rest is not there.
enum EmitPrivate : int {
  kEmitMode,
  kEmitRevises,
  kEmitWindowKey,  // which group key; -1 without closing windows
  kEmitTimeAttribute,
  kEmitLateness,
  kEmitWidth,
  kEmitOrigin,
  kEmitLowest,
  kEmitKeepsInfinity,
};

Node *CreateEmitScan(CustomScan *plan);

extern const CustomScanMethods kEmitScanMethods;

// An input path whose rows also hold `expression`; null if they cannot.
struct Path *AddToPath(struct PlannerInfo *root, Path *input, Expr *expression);

}  // namespace weir::stream
