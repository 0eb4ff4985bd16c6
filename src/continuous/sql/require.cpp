#include "continuous/sql/require.hpp"

#include "continuous/shared/places.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
}

namespace weir::continuous {

void RequireActive() {
  if (shared == nullptr) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("pg_weir has no shared memory"),
            errdetail("The library was not loaded when the server started."),
            errhint("Set shared_preload_libraries = 'pg_weir' in postgresql.conf and restart the "
                    "server."));
  }
  if (!RecoveryInProgress()) return;
  ereport(ERROR, errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
          errmsg("continuous queries are changed on the primary only"),
          errhint("Run the command on the primary; this server follows."));
}

void RequireReadCommitted(const char *function) {
  if (!IsolationUsesXactSnapshot()) return;
  ereport(ERROR, errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
          errmsg("%s must run under READ COMMITTED", function),
          errhint("Run BEGIN ISOLATION LEVEL READ COMMITTED, or no BEGIN at all."));
}

}  // namespace weir::continuous
