#include "continuous/lifecycle.hpp"

#include <csignal>

#include "continuous/shared/commit.hpp"
#include "continuous/shared/places.hpp"
#include "continuous/sql/restore.hpp"
#include "pg/compat.hpp"
#include "pg/hook.hpp"
#include "pg/utility_hook.hpp"
#include "worker/database_command.hpp"
#include "worker/launcher.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "commands/dbcommands.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/lsyscache.h"
}

namespace weir::continuous {
namespace {

constexpr int kPollMs = 10;
constexpr int kMostPolls = 1000;

struct LifecycleTag;
using UtilityHook = pg::UtilityHook<LifecycleTag>;
using AccessHook = pg::Hook<&object_access_hook, nullptr, LifecycleTag>;

// Any view may have shown a query, and the keeper finds out.
void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void *argument) {
  if (AccessHook::HasNext()) AccessHook::Next(access, class_id, object, sub_id, argument);
  if (access != OAT_DROP || shared->worker_count.load(std::memory_order_relaxed) == 0) return;
  const bool is_view =
      class_id == RelationRelationId && sub_id == 0 && get_rel_relkind(object) == RELKIND_VIEW;
  if (is_view || class_id == ExtensionRelationId) WantKeeperAtCommit();
}

// Workers in the middle of a step are interrupted; what they were doing is done again.
int InterruptWorkers(Oid database) {
  int present = 0;
  for (int i = 0; i < WorkerPlaceCount(); i++) {
    const WorkerPlace &place = WorkerPlaceAt(i);
    const std::int32_t pid = place.pid.load();
    if (place.database.load() != database || pid == 0) continue;
    present++;
    worker::WakeProcess(place.process.load());
    if (pid > 0) kill(pid, SIGINT);
  }
  return present;
}

void ResumeCallback(int, Datum database) { PauseWorkers(DatumGetObjectId(database), -1); }

// Returns when they have gone, or after ten seconds, when the server's own check says what is in
// the way.
void SendWorkersAway(Oid database) {
  for (int polls = 0; InterruptWorkers(database) > 0 && polls < kMostPolls; polls++) {
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kPollMs, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
}

void RunWithDatabaseFree(Oid database, WEIR_UTILITY_PARAMETERS) {
  const bool is_drop = IsA(statement->utilityStmt, DropdbStmt);
  const Datum argument = ObjectIdGetDatum(database);
  PauseWorkers(database, 1);
  PG_ENSURE_ERROR_CLEANUP(ResumeCallback, argument);
  {
    SendWorkersAway(database);
    UtilityHook::Next(WEIR_UTILITY_ARGUMENTS);
  }
  PG_END_ENSURE_ERROR_CLEANUP(ResumeCallback, argument);
  // Workers of a database that is gone stay away until they are forgotten.
  if (is_drop) {
    ForgetAtCommit(database);
  } else {
    PauseWorkers(database, -1);
  }
}

bool IsOfRoles(const Node *command) {
  return IsA(command, AlterRoleStmt) || IsA(command, GrantRoleStmt);
}

void OnUtility(WEIR_UTILITY_PARAMETERS) {
  Node *command = statement->utilityStmt;
  const bool is_ready = IsTransactionState() && shared != nullptr;
  const char *name = is_ready ? worker::DatabaseToFree(command) : nullptr;
  const Oid database = name == nullptr ? InvalidOid : get_database_oid(name, true);
  if (OidIsValid(database)) {
    RunWithDatabaseFree(database, WEIR_UTILITY_ARGUMENTS);
    return;
  }
  const bool concerns_roles = IsOfRoles(command);
  const int32 copied = is_ready ? QueryToCopy(command) : 0;
  const int32 restored = is_ready ? QueryToAnchor(command) : 0;
  if (copied != 0) {
    statement = CopyOfContents(statement, copied);
    const OwnerRights before = TakeOwnerRights(copied);
    UtilityHook::Next(WEIR_UTILITY_ARGUMENTS);
    GiveOwnerRightsBack(before);
    return;
  }
  UtilityHook::Next(WEIR_UTILITY_ARGUMENTS);
  if (restored != 0) AnchorRestored(restored);
  if (is_ready && concerns_roles && IsTransactionState()) WantKeeperAtCommit();
}

}  // namespace

void InstallLifecycle() {
  UtilityHook::Install(OnUtility);
  AccessHook::Install(OnObjectAccess);
}

}  // namespace weir::continuous
