// The statistics: capture in every backend, flush workers, and what SQL sees of them.
#pragma once

namespace weir::stats {

// Called once, from _PG_init, after the settings are defined.
void Install();

}  // namespace weir::stats
