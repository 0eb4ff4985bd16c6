#include "continuous/delta/fill_state.hpp"

namespace weir::continuous {
namespace {

Snapshot fill_snapshot = nullptr;

}  // namespace

void SetFillSnapshot(Snapshot at_horizon) { fill_snapshot = at_horizon; }

Snapshot FillSnapshot() { return fill_snapshot; }

}  // namespace weir::continuous
