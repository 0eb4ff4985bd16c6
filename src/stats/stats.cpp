#include "stats/stats.hpp"

#include "pg/compat.hpp"
#include "pg/failpoint.hpp"
#include "pg/pg.hpp"
#include "settings.hpp"
#include "stats/capture/capture.hpp"
#include "stats/capture/session.hpp"
#include "stats/capture/target.hpp"
#include "stats/flush/launcher.hpp"
#include "stats/lifecycle.hpp"
#include "stats/shared_state.hpp"

namespace weir::stats {

void Install() {
#ifdef WEIR_FAILPOINTS
  pg::UseFailpoints(&settings.failpoint);
#endif
  // pg_upgrade runs a server of its own on the user's files: nothing of ours belongs there.
  if (IsBinaryUpgrade) return;
  EnableQueryId();
  RequestSharedState();
  InstallSession();
  InstallTargetCache();
  InstallPlannerHook();
  InstallExecutorHooks();
  InstallUtilityHook();
  InstallLifecycle();
  TendFlushWorkers();
}

}  // namespace weir::stats
