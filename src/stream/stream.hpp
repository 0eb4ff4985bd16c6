// The streaming executor: a faster plan node for GROUP BY and aggregates.
#pragma once

namespace weir::stream {

// Called once, from _PG_init, after the settings are defined.
void Install();

}  // namespace weir::stream
