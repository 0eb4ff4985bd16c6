// One step of a continuous query: the rows of the transactions that have ended since the last one
// are added to its state.
#pragma once

#include "continuous/catalog/catalog.hpp"
#include "continuous/lanes/lanes.hpp"
#include "continuous/worker/shared.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace weir::continuous {

// A query in the hands of its worker.
struct KeptQuery {
  QueryRow row;
  SPIPlanPtr plan;
  Lanes lanes;
  QueryPlace *place;
  TimestampTz last_step;
  TimestampTz retry_at;  // after a failure
  int failures;          // in a row
  bool is_dirty;         // transactions have ended since the last step
  bool is_blocked;       // a running transaction holds newer ones back
  bool is_stale;         // the hold was lost; only a rebuild helps
};

enum class StepResult : uint8 { kDone, kFailed, kGone };

// Runs one step in a transaction of its own. A failure is noted and does not get out.
StepResult RunStep(KeptQuery *query);

// Locks the extension against being dropped; false when it is gone.
bool LockExtensionAgainstDrop();

}  // namespace weir::continuous
