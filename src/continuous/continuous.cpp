#include "continuous/continuous.hpp"

#include "continuous/delta/delta.hpp"
#include "continuous/departure/departure.hpp"
#include "continuous/lifecycle.hpp"
#include "continuous/live/live.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/shared/places.hpp"
#include "continuous/shared/progress.hpp"
#include "continuous/worker/tender.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

void Install() {
  InstallDelta();
  InstallLive();
  // pg_upgrade runs a server of its own on the user's files: nothing of ours works there.
  if (IsBinaryUpgrade) return;
  RequestShared();
  RequestProgress();
  InstallCommitCallback();
  InstallLifecycle();
  InstallDeparture();
  TendQueryWorkers();
}

}  // namespace weir::continuous
