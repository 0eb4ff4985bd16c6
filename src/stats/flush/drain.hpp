// One pass over what waits in a database's rings: batch by batch into the tables.
#pragma once

#include "stats/shared_state.hpp"

namespace weir::stats {

enum class DrainResult {
  kDone,     // all that waited when it was called is committed
  kBlocked,  // a session holds a place in the ring and has not filled it yet
  kFailed,   // an error was reported and noted in the slot; nothing is lost
  kGone,     // the extension is not in this database any more
};

// Runs transactions of its own; the caller is in none. The records of a failed batch stay in the
// ring. `closing` marks the state on disk as complete, for a server that stops.
DrainResult DrainSlot(DatabaseSlot &slot, bool closing);

// After a start or a failure the position on disk is read again, so that records that were
// committed are not written twice.
void DistrustPosition();

}  // namespace weir::stats
