#include "worker/launcher.hpp"

#include <atomic>
#include <new>

#include "pg/compat.hpp"
#include "pg/hook.hpp"

extern "C" {
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

PGDLLEXPORT void weir_launcher_main(Datum argument);
}

namespace weir::worker {
namespace {

constexpr int kMostCharges = 4;
Charge charges[kMostCharges];
int charge_count = 0;

struct LauncherState {
  std::atomic<std::int32_t> process;  // number of the launcher, or -1; it alone writes it
};
LauncherState *launcher = nullptr;

struct LauncherTag;
using RequestHook = pg::Hook<&shmem_request_hook, nullptr, LauncherTag>;
using StartupHook = pg::Hook<&shmem_startup_hook, nullptr, LauncherTag>;

void OnShmemRequest() {
  if (RequestHook::HasNext()) RequestHook::Next();
  RequestAddinShmemSpace(sizeof(LauncherState));
}

void OnShmemStartup() {
  if (StartupHook::HasNext()) StartupHook::Next();
  bool found = false;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  void *memory = ShmemInitStruct("pg_weir launcher", sizeof(LauncherState), &found);
  launcher = static_cast<LauncherState *>(memory);
  if (!found) new (launcher) LauncherState{-1};
  LWLockRelease(AddinShmemInitLock);
}

void LeaveLauncher(int, Datum) { launcher->process.store(-1); }

void TendAll() {
  long wait = kIdleMs;
  for (int i = 0; i < charge_count; i++) wait = Min(wait, charges[i].tend());
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, wait, PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  CHECK_FOR_INTERRUPTS();
  if (ConfigReloadPending) {
    ConfigReloadPending = false;
    ProcessConfigFile(PGC_SIGHUP);
  }
}

void RunLauncher() {
  pqsignal(SIGTERM, die);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  // To no database: enough to be seen in pg_stat_activity and to hear of workers that stop.
  BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
  before_shmem_exit(LeaveLauncher, Datum{0});
  for (int i = 0; i < charge_count; i++) charges[i].begin();
  launcher->process.store(pg::MyProcessNumber());
  for (;;) TendAll();
}

void RegisterLauncher() {
  BackgroundWorker worker{};
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_ConsistentState;
  worker.bgw_restart_time = 1;
  strlcpy(worker.bgw_library_name, "pg_weir", sizeof(worker.bgw_library_name));
  strlcpy(worker.bgw_function_name, "weir_launcher_main", sizeof(worker.bgw_function_name));
  strlcpy(worker.bgw_name, "pg_weir launcher", sizeof(worker.bgw_name));
  strlcpy(worker.bgw_type, "pg_weir launcher", sizeof(worker.bgw_type));
  RegisterBackgroundWorker(&worker);
}

}  // namespace

void AddCharge(const Charge &charge) {
  Assert(charge_count < kMostCharges);
  charges[charge_count++] = charge;
}

void Install() {
  // pg_upgrade runs a server of its own on the user's files: nothing of ours belongs there.
  if (IsBinaryUpgrade) return;
  RequestHook::Install(OnShmemRequest);
  StartupHook::Install(OnShmemStartup);
  RegisterLauncher();
}

void WakeLauncher() { WakeProcess(launcher->process.load()); }

bool LauncherIsUp() { return launcher->process.load() >= 0; }

void WakeProcess(std::int32_t process_number) {
  if (process_number >= 0) SetLatch(&ProcGlobal->allProcs[process_number].procLatch);
}

}  // namespace weir::worker

void weir_launcher_main(Datum) { weir::worker::RunLauncher(); }
