// One step of a continuous query: the rows of the transactions that have ended since the last one
// are added to its state.
#pragma once

#include "continuous/step/kept_query.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

enum class StepResult : uint8 { kDone, kFailed, kGone };

// Runs one step in a transaction of its own. A failure is noted and does not get out.
StepResult RunStep(KeptQuery *query);

// Locks the extension against being dropped; false when it is gone.
bool LockExtensionAgainstDrop();

}  // namespace weir::continuous
