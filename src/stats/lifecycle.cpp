#include "stats/lifecycle.hpp"

#include <cstring>

#include "pg/compat.hpp"
#include "pg/hook.hpp"
#include "pg/utility_hook.hpp"
#include "stats/capture/session.hpp"
#include "stats/flush/pause.hpp"
#include "stats/shared_state.hpp"
#include "worker/database_command.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_extension.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "storage/ipc.h"
#include "tcop/utility.h"
}

namespace weir::stats {

namespace {

struct LifecycleTag;
using UtilityHook = pg::UtilityHook<LifecycleTag>;
using AccessHook = pg::Hook<&object_access_hook>;

constexpr char kExtension[] = "pg_weir";

void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void *argument) {
  if (AccessHook::HasNext()) AccessHook::Next(access, class_id, object, sub_id, argument);
  if (access != OAT_DROP || class_id != ExtensionRelationId) return;
  char *name = get_extension_name(object);
  if (name != nullptr && std::strcmp(name, kExtension) == 0) DetachAtCommit();
}

bool IsCreateExtension(const Node *command) {
  return IsA(command, CreateExtensionStmt) &&
         std::strcmp(reinterpret_cast<const CreateExtensionStmt *>(command)->extname, kExtension) ==
             0;
}

// Of a transaction that may have created the extension, in another session.
bool IsCommitPrepared(const Node *command) {
  return IsA(command, TransactionStmt) &&
         reinterpret_cast<const TransactionStmt *>(command)->kind == TRANS_STMT_COMMIT_PREPARED;
}

// The worker of `database` stays away until the command is over, however it ends.
void RunWithDatabaseFree(Oid database, WEIR_UTILITY_PARAMETERS) {
  const bool is_drop = IsA(statement->utilityStmt, DropdbStmt);
  DatabaseSlot *slot = PauseWorker(database);
  PG_ENSURE_ERROR_CLEANUP(ResumeWorkerCallback, PointerGetDatum(slot));
  { UtilityHook::Next(WEIR_UTILITY_ARGUMENTS); }
  PG_END_ENSURE_ERROR_CLEANUP(ResumeWorkerCallback, PointerGetDatum(slot));
  // In this order, so that the launcher does not send a worker to a database that is gone.
  if (is_drop) DetachDatabase(database);
  ResumeWorker(slot);
}

void OnUtility(WEIR_UTILITY_PARAMETERS) {
  Node *command = statement->utilityStmt;
  const char *name =
      IsTransactionState() && shared != nullptr ? worker::DatabaseToFree(command) : nullptr;
  const Oid database = name == nullptr ? InvalidOid : get_database_oid(name, true);
  if (OidIsValid(database) && FindSlot(database) != nullptr) {
    RunWithDatabaseFree(database, WEIR_UTILITY_ARGUMENTS);
    return;
  }
  const bool creates = IsCreateExtension(command);
  const bool may_have_created = IsCommitPrepared(command);
  UtilityHook::Next(WEIR_UTILITY_ARGUMENTS);
  if (creates) AttachAtCommit();
  if (may_have_created && shared != nullptr && FindSlot(MyDatabaseId) == nullptr) LookAgain();
}

}  // namespace

void InstallLifecycle() {
  UtilityHook::Install(OnUtility);
  AccessHook::Install(OnObjectAccess);
}

}  // namespace weir::stats
