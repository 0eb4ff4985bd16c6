// Installs the hooks that turn statements into records.
#pragma once

namespace weir::stats {

void InstallExecutorHooks();
void InstallPlannerHook();
void InstallUtilityHook();

}  // namespace weir::stats
