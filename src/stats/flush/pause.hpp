// Sends a database's worker away while a command needs the database to itself.
#pragma once

#include "stats/shared_state.hpp"

namespace weir::stats {

// Stops the worker of `database` and keeps it from coming back; returns when it has gone, or after
// ten seconds, when the server's own check will say what is in the way. Null when there is none.
// Each call wants its ResumeWorker().
DatabaseSlot *PauseWorker(Oid database);

void ResumeWorker(DatabaseSlot *slot);

// For PG_ENSURE_ERROR_CLEANUP.
void ResumeWorkerCallback(int code, Datum slot);

}  // namespace weir::stats
