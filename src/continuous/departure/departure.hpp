// TRUNCATE, and partitions that come and go.
#pragma once

namespace weir::continuous {

// Called once, from Install().
void InstallDeparture();

}  // namespace weir::continuous
