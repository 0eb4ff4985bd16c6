// Brings back group keys that the planner has left out because others are a primary key, which new
// rows can have in common.
#pragma once

namespace weir::continuous {

// Called once, from InstallDelta().
void InstallGroupKeys();

}  // namespace weir::continuous
