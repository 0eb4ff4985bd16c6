// Has the launcher start the workers that are wanted.
#pragma once

namespace weir::continuous {

// Called once, from Install().
void TendQueryWorkers();

}  // namespace weir::continuous
