#include "stats/sql/require.hpp"

#include "settings.hpp"
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

DatabaseSlot &RequireSlot() {
  RequireSharedMemory();
  if (!IsRecording()) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("statements of this database are not recorded"),
            errdetail("Other databases use all %d places.", settings.max_databases),
            errhint("Run ALTER SYSTEM SET weir.max_databases = %d and restart the server.",
                    settings.max_databases * 2));
  }
  return *session.slot;
}

}  // namespace weir::stats
