// What the window node costs, in the planner's units.
#pragma once

#include "pg/pg.hpp"
#include "stream/window/windowing.hpp"

namespace weir::stream {

void SetWindowCost(PlannerInfo *root, CustomPath *path, const Path *input,
                   const Windowing &windowing);

}  // namespace weir::stream
