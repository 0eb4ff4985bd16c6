// The delta scan's state.
#pragma once

#include "continuous/delta/new_rows.hpp"
#include "continuous/delta/range.hpp"
#include "continuous/frontier/frontier.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "access/relscan.h"
#include "nodes/execnodes.h"
}

namespace weir::continuous {

struct DeltaScan {
  CustomScanState css;
  int32 query_id;
  bool is_tick;
  bool is_walking;
  bool is_over;
  int row;              // within the walk's page
  HeapTupleData tuple;  // the row given out last
  KnownFile file;
  FullTransactionId h;  // where a reader starts
  NewRowWalk walk;
  TableScanDesc fill;  // in the walk's place while the query is filled; else null
  WalkCounts totals;   // of earlier walks, when the scan is repeated
};

void ExplainDelta(CustomScanState *node, List *ancestors, ExplainState *es);

}  // namespace weir::continuous
