// What becomes of workers when databases, views and roles come and go.
#pragma once

namespace weir::continuous {

// Called once, from Install().
void InstallLifecycle();

}  // namespace weir::continuous
