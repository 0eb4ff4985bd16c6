#include "stats/flush/extension_lock.hpp"

#include "pg/pg.hpp"
#include "stats/flush/drain.hpp"
#include "stats/flush/partitions.hpp"
#include "stats/flush/rollup.hpp"

extern "C" {
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "storage/lmgr.h"
}

namespace weir::stats {

bool LockExtension() {
  static Oid known = InvalidOid;
  const Oid extension = get_extension_oid("pg_weir", true);
  if (!OidIsValid(extension)) return false;
  // As strong as ALTER EXTENSION ADD wants it later, so that it need not be raised then.
  LockDatabaseObject(ExtensionRelationId, extension, 0, ShareUpdateExclusiveLock);
  // While the lock was waited for, the extension may have gone.
  if (get_extension_oid("pg_weir", true) != extension) return false;
  if (extension != known) {
    ForgetPartitions();
    ForgetRollups();
    DistrustPosition();
    known = extension;
  }
  return true;
}

}  // namespace weir::stats
