// Keeps slots and workers in step with extensions and databases that come and go.
#pragma once

namespace weir::stats {

// Called once, from _PG_init.
void InstallLifecycle();

}  // namespace weir::stats
