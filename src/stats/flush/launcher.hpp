// The launcher: keeps one flush worker running for each database that is recorded.
#pragma once

namespace weir::stats {

// Called once, from _PG_init.
void RegisterLauncher();

}  // namespace weir::stats
