#include "continuous/continuous.hpp"

#include "continuous/delta/delta.hpp"

namespace weir::continuous {

void Install() { InstallDelta(); }

}  // namespace weir::continuous
