// A step spread over several processes. docs/operation.md tells why it is one transaction.
#pragma once

#include "continuous/lanes/lane_store.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace weir::continuous {

// What a worker knows of the lanes of one query.
struct Lanes {
  bool is_loaded;
  int parallelism;
  char *statement;
  SPIPlanPtr plan;
  bool is_safe;
  bool is_split;            // the present or last step
  uint64 pages_before;      // of the source, at the last step
  int64 pages_read_before;  // by the last step
};

// What is known may have changed, or is not needed any more.
void FreeLanes(Lanes *lanes);

// Whether the step that begins has so much to read that other processes are worth starting.
bool TakesLanes(Lanes *lanes, int32 query_id);

// Runs the open step; returns how many groups it has changed. Raises like any statement: nothing is
// kept then.
uint64 RunInLanes(Lanes *lanes, int32 query_id);

// The step is over, in lanes or not.
void NoteLanes(Lanes *lanes, int64 pages_read);

}  // namespace weir::continuous
