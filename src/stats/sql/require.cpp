#include "stats/sql/require.hpp"

#include "stats/capture/session.hpp"

namespace weir::stats {

void RequireSharedMemory() {
  if (shared != nullptr) return;
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("pg_weir has no shared memory"),
          errdetail("The library was not loaded when the server started."),
          errhint("Set shared_preload_libraries = 'pg_weir' in postgresql.conf and restart the "
                  "server."));
}

namespace {

int PlacesTaken() {
  int taken = 0;
  for (int i = 0; i < SlotCount(); i++) taken += SlotAt(i).active.load() != 0 ? 1 : 0;
  return taken;
}

[[noreturn]] void RaiseNotRecorded() {
  if (PlacesTaken() == SlotCount()) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("statements of this database are not recorded"),
            errdetail("Other databases use all %d places.", SlotCount()),
            errhint("Run ALTER SYSTEM SET weir.max_databases = %d and restart the server.",
                    SlotCount() * 2));
  }
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("statements of this database are not recorded yet"),
          errdetail("The extension was created in this transaction, or sessions of a database that "
                    "gave its place up still hold it."),
          errhint("Run COMMIT if a transaction is open, then try again in a new session."));
  pg_unreachable();
}

}  // namespace

DatabaseSlot &RequireSlot() {
  RequireSharedMemory();
  if (!IsRecording()) RaiseNotRecorded();
  return *session.slot;
}

}  // namespace weir::stats
